"""What the page needs and Streamlit lacks: a chart, a quick pen.

Their JavaScript, CSS and HTML are the files in static/.
"""

from pathlib import Path

import streamlit as st

_STATIC = Path(__file__).parent / "static"


def _static(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


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


def send_at_pen_up() -> None:
    """Hand a drawing over as soon as the pen is lifted; once on a page with a canvas.

    streamlit-drawable-canvas waits 200 ms after each stroke in case another one follows. Its
    toolbar has a button that does not wait; this shows nothing and presses it whenever a stroke
    ends. Where the button is not found, the canvas's own update still comes.
    """
    _pen(key="pen", height=0)
