"""The canvas as a widget: what a browser draws on it, or a sentence."""

from typing import Any

from streamlit_drawable_canvas import st_canvas

from handwriting.errors import HandwritingError
from handwriting.web.canvas import DAMAGED


def draw(**options: Any) -> dict[str, Any] | None:
    """A canvas on the page, and its JSON (Fabric.js); ``None`` before the first stroke.

    Args:
        options: of ``st_canvas``.

    Raises:
        HandwritingError: the browser told something else; the canvas stands on the page anyway.
    """
    try:
        return st_canvas(**options).json_data
    except (AttributeError, KeyError, TypeError) as error:
        raise HandwritingError(DAMAGED) from error
