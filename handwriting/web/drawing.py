"""The canvas as a Streamlit widget, with checked results, and what its paper needs."""

from typing import Any

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from handwriting.errors import HandwritingError
from handwriting.recognition.sizes import Sizes, load_sizes
from handwriting.web.canvas import DAMAGED, DAY, NIGHT, Colours


def draw(**options: Any) -> dict[str, Any] | None:
    """Show a canvas and return its JSON (Fabric.js); ``None`` before the first stroke.

    Args:
        options: of ``st_canvas``.

    Raises:
        HandwritingError: the browser sent something else; the canvas is shown anyway.
    """
    try:
        return st_canvas(**options).json_data
    except (AttributeError, KeyError, TypeError) as error:
        raise HandwritingError(DAMAGED) from error


def drawn(key: str) -> dict[str, Any] | None:
    """The JSON of the canvas with a key, without showing it; ``None`` before it was shown.

    Raises:
        HandwritingError: the browser sent something else.
    """
    told = st.session_state.get(key)
    try:
        return told and told["drawing"]["raw"]
    except (AttributeError, KeyError, TypeError) as error:
        raise HandwritingError(DAMAGED) from error


def paper_colours() -> Colours:
    """Colours of the paper in the browser's theme."""
    return NIGHT if st.context.theme.type == "dark" else DAY


@st.cache_resource(show_spinner=False)
def find_sizes() -> Sizes | None:
    """The model of sizes; ``None`` without its file, so that the shape alone counts."""
    try:
        return load_sizes()
    except HandwritingError:
        return None
