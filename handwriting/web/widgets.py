"""What the page needs and Streamlit lacks: an answer to be corrected, and a quick pen.

Their JavaScript, CSS and HTML are the files in static/.
"""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

_STATIC = Path(__file__).parent / "static"


def _static(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def component(name: str, *kinds: str, **options: Any) -> Callable[..., Any]:
    """A component of files in static/, called like the component.

    Args:
        name: of the files.
        kinds: of the files: ``html``, ``css``, ``js``.
        options: of Streamlit's function.
    """
    parts = {kind: _static(f"{name}.{kind}") for kind in kinds}
    return st.components.v2.component(f"handwriting.{name}", **parts, **options)


_CANVAS_CSS = _static("canvas.css")
_pen = component("pen", "js", isolate_styles=False)
_answer = component("answer", "html", "css", "js", isolate_styles=False)


def dress_page() -> None:
    """The style sheet for the whole page."""
    st.html(_STATIC / "page.css")


def prepare_canvas() -> Any:
    """Make the page's canvas quick and fit for hands; once on a page, and before the canvas.

    streamlit-drawable-canvas waits 200 ms after each stroke in case another one follows. Its
    toolbar has a button that does not wait; this shows nothing and presses it whenever a stroke
    ends. Where the button is not found, the canvas's own update still comes. One finger draws, two
    move the page.

    Returns:
        The width that there is for a canvas and the height of the window, in pixels, as the browser
        tells them: see `handwriting.web.incoming`. ``None`` as long as it has not.
    """
    return _pen(key="pen", data={"css": _CANVAS_CSS}, height=0, on_room_change=lambda: None).room


@dataclass(frozen=True)
class Shown:
    """An answer as the page shows it.

    Attributes:
        lines: of each line its characters, each as the likeliest ones with their probabilities, the
            read one first.
        note: who read it, and how sure that is.
        pictures: what the network saw, uint8 (height, width) each.
        why: why it was read so, or nothing.
        name: of the model where several stand side by side.
    """

    lines: list[list[list[tuple[str, float]]]]
    note: str
    pictures: list[np.ndarray]
    why: str = ""
    name: str = ""


def show_answers(answers: list[Shown], hint: str) -> None:
    """Answers side by side, each with a heading that is its text, whose characters can be replaced
    by the next likely ones; without answers the hint."""
    # One element and not many: each costs the browser time before the answer is seen.
    shown = [vars(answer) | {"pictures": list(map(_as_url, answer.pictures))} for answer in answers]
    _answer(key="answer", data={"answers": shown, "hint": "" if answers else hint})


def _as_url(picture: np.ndarray) -> str:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
