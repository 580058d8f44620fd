"""Custom Streamlit widgets of the tab Write: predictions with alternatives, and a fast pen.

Their JavaScript, CSS and HTML are in static/.
"""

import base64
import io
from collections.abc import Callable, Mapping
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
    """A Streamlit component from files in static/ with its name.

    Args:
        name: of the component and its files.
        kinds: endings of the files: ``html``, ``css``, ``js``.
        options: of ``st.components.v2.component``.
    """
    parts = {kind: _static(f"{name}.{kind}") for kind in kinds}
    return st.components.v2.component(f"handwriting.{name}", **parts, **options)


_CANVAS_CSS = _static("canvas.css")
_pen = component("pen", "css", "js", isolate_styles=False)
_answer = component("answer", "html", "css", "js", isolate_styles=False)


def dress_page() -> None:
    """Apply the style sheet of the whole page."""
    st.html(_STATIC / "page.css")


def told_room() -> Any:
    """Available width for a canvas and height of the window in pixels, unchecked (see
    `handwriting.web.incoming`); ``None`` until the browser sends them to :func:`prepare_canvas`."""
    told = st.session_state.get("pen")
    return told.get("room") if isinstance(told, Mapping) else None


def prepare_canvas(ghost: dict[str, Any]) -> None:
    """Make the canvas fast and usable by touch; call it once on a page, before the canvas.

    streamlit-drawable-canvas waits 200 ms after each stroke for another one. Its toolbar has a
    button that does not wait, which this invisible component presses after each stroke. Without the
    button, the canvas's own update still arrives. One finger draws, two fingers scroll. While the
    canvas is blank, a word to trace writes itself on it.

    Args:
        ghost: the word, of `handwriting.web.face.ghost`.
    """
    data = {"css": _CANVAS_CSS, "ghost": ghost}
    _pen(key="pen", data=data, height=0, on_room_change=lambda: None)


@dataclass(frozen=True)
class Shown:
    """A prediction for display.

    Attributes:
        lines: for each line its characters, each as alternatives with their probabilities, the
            predicted one first.
        note: model and confidence.
        sure: confidence, in 0..1.
        pictures: model inputs, uint8 (height, width) each.
        why: explanation, or empty.
        name: of the model, if several are compared.
    """

    lines: list[list[list[tuple[str, float]]]]
    note: str
    sure: float
    pictures: list[np.ndarray]
    why: str = ""
    name: str = ""


def show_answers(answers: list[Shown], hint: str) -> None:
    """Show predictions side by side, whose characters can be replaced by alternatives; without
    predictions show the hint."""
    # A single element, because each one delays the display in the browser.
    shown = [vars(answer) | {"pictures": list(map(_as_url, answer.pictures))} for answer in answers]
    _answer(key="answer", data={"answers": shown, "hint": "" if answers else hint})


def _as_url(picture: np.ndarray) -> str:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
