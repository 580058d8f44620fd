"""The tab to draw in: the canvas and, beside it, the answer after each stroke."""

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from handwriting.recognition.recognizer import Recognizer
from handwriting.recognition.sizes import Sizes
from handwriting.web.answer import answer_strokes
from handwriting.web.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, ruled_paper, strokes_of
from handwriting.web.components import MULTIPLE, chosen_options, show_image, show_reading
from handwriting.web.hand_tab import hand_badge
from handwriting.web.widgets import send_at_pen_up


@st.fragment
def draw_and_read(recognizers: dict[str, Recognizer], sizes: Sizes | None) -> None:
    """The canvas and the answer; runs again after each stroke."""
    left, right = st.columns([1, 1.3], gap="large")
    with left:
        pen = st.slider("Pen width", min_value=4, max_value=36, value=14)
        canvas = st_canvas(
            stroke_width=pen,
            stroke_color="#1a1a1a",
            background_image=ruled_paper(sizes.x_height) if sizes else None,
            background_color="#ffffff",
            width=CANVAS_WIDTH,
            height=CANVAS_HEIGHT,
            key="canvas",
        )
        send_at_pen_up()
        hand_badge()
        st.caption("Capitals and digits between the thick line and the top one.")
    hand = st.session_state.get("hand")
    strokes = strokes_of(canvas.json_data)
    answer = answer_strokes(strokes, recognizers, sizes, chosen_options(), hand)
    with right, st.container(height=600, border=False):
        if not answer.readings:
            st.info("Draw one digit or letter on the lines.")
            return
        if answer.character.is_multiple:
            st.warning(MULTIPLE)
        columns = st.columns(len(answer.readings))
        for column, (name, reading) in zip(columns, answer.readings.items(), strict=True):
            with column:
                show_reading(name, reading)
        show_image(answer.character)
