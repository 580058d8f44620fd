"""What the page needs and Streamlit lacks: a chart, a widget for the clipboard, a quick pen.

Their JavaScript, CSS and HTML are the files in static/.
"""

import base64
import binascii
import io
from pathlib import Path

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


def pasted_picture() -> io.BytesIO | None:
    """A widget that takes a picture from the clipboard, by Ctrl+V anywhere or by its button.

    Returns:
        The pasted picture's file, kept in memory, or ``None``.
    """
    data = _paste(key="paste", on_picture_change=lambda: None).picture
    return decode(data) if data else None


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
