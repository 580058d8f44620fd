"""What the page needs and Streamlit lacks: a chart, widgets for pictures, a quick pen.

Their JavaScript, CSS and HTML are the files in static/.
"""

import base64
import binascii
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_STATIC = Path(__file__).parent / "static"


def _static(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


_paste = st.components.v2.component(
    "handwriting.paste",
    html=_static("paste.html"),
    css=_static("paste.css"),
    js=_static("paste.js"),
)
_camera = st.components.v2.component(
    "handwriting.camera",
    html=_static("camera.html"),
    css=_static("camera.css"),
    js=_static("camera.js"),
)
_words = st.components.v2.component(
    "handwriting.words",
    html=_static("words.html"),
    css=_static("words.css"),
    js=_static("words.js"),
)
_pen = st.components.v2.component("handwriting.pen", js=_static("pen.js"))


def probability_bars(ranked: list[tuple[str, float]]) -> None:
    """The likeliest characters as bars from 0 to 100%."""
    st.vega_lite_chart(
        [{"character": c, "probability": p} for c, p in ranked],
        {
            "height": 150,
            "mark": "bar",
            "encoding": {
                "x": {
                    "field": "probability",
                    "type": "quantitative",
                    "title": None,
                    "scale": {"domain": [0, 1]},
                    "axis": {"format": "%"},
                },
                "y": {
                    "field": "character",
                    "type": "nominal",
                    "title": None,
                    "sort": "-x",
                    "axis": {"labelFontSize": 15},
                },
            },
        },
    )


def paste_picture(key: str, on_picture: Callable[[], None]) -> None:
    """A widget that takes a picture from the clipboard, by Ctrl+V anywhere or by its button.

    Args:
        key: of the widget; in the session's state its ``picture`` is a base64 ``data:`` address.
        on_picture: called when a picture came.
    """
    limit = {"megabytes": st.get_option("server.maxUploadSize")}
    _paste(key=key, data=limit, on_picture_change=on_picture)


def has_camera(key: str) -> bool:
    """Ask for the camera; where there is none, or it is refused, a sentence says so."""
    return bool(_camera(key=key, on_ready_change=lambda: None).ready)


def picture_with_words(key: str, data: dict[str, Any], on_chosen: Callable[[], None]) -> None:
    """A picture with its words outlined, its text beside it, and other readings of each word.

    Args:
        key: of the widget; in the session's state its ``chosen`` is a list of line, place and
            character, each a character taken instead of the one read.
        data: ``id``, another one for another answer; ``name``; ``picture``, its address; ``width``
            and ``height``; ``lines`` with ``text``, ``indent`` and ``words``, which have ``place``,
            ``polygon``, ``ranked`` and ``unsure`` each; ``chosen`` before.
        on_chosen: called when another reading was taken.
    """
    _words(key=key, data=data, on_chosen_change=on_chosen)


def decode(data: str) -> io.BytesIO | None:
    """The content of a base64 ``data:`` address; ``None`` where it is not one."""
    try:
        content = io.BytesIO(base64.b64decode(data.partition(",")[2], validate=True))
    except binascii.Error:
        return None
    content.name = "pasted picture"
    return content


def send_at_pen_up() -> None:
    """Hand a drawing over as soon as the pen is lifted; once on a page with a canvas.

    streamlit-drawable-canvas waits 200 ms after each stroke in case another one follows. Its
    toolbar has a button that does not wait; this shows nothing and presses it whenever a stroke
    ends. Where the button is not found, the canvas's own update still comes.
    """
    _pen(key="pen", height=0)
