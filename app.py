"""The page: draw a character, see what a trained network reads.

streamlit run app.py
"""

import pandas as pd
import streamlit as st
import torch
from PIL import Image
from streamlit_drawable_canvas import st_canvas

from characters.errors import CharactersError
from characters.glyphs import emnist_picture, ink_of
from characters.recognizer import Recognizer
from characters.runs import RunFiles, available_runs

CANVAS_SIDE = 320


@st.cache_resource(show_spinner="Loading the model")
def load_recognizer(run: RunFiles, modified: float) -> Recognizer:
    """One recognizer per weights file, loaded again when the file changes."""
    return Recognizer(run.weights)


def run_label(run: RunFiles) -> str:
    """The run's name with its accuracy on the test set."""
    accuracy = runs[run]
    measured = "not measured" if accuracy is None else f"{accuracy:.1%} on the test set"
    return f"{run.name} ({measured})"


st.set_page_config(page_title="Handwritten characters", page_icon="✏️", layout="wide")
st.title("Handwritten characters")
st.write("Draw one digit or letter; the network reads 0-9, A-Z and a-z.")

runs = available_runs()
if not runs:
    st.error("There are no weights in models/. Run 'python model_training.py' first (stage 3).")
    st.stop()

run = st.selectbox("Model", list(runs), format_func=run_label)
try:
    recognizer = load_recognizer(run, run.weights.stat().st_mtime)
except CharactersError as error:
    st.error(str(error))
    st.stop()
if recognizer.content.get("synthetic"):
    st.warning("This model was trained on synthetic characters; it does not read handwriting well.")

left, right = st.columns(2)
with left:
    pen = st.slider("Pen width", min_value=8, max_value=40, value=22)
    canvas = st_canvas(
        stroke_width=pen,
        stroke_color="#000000",
        background_color="#ffffff",
        width=CANVAS_SIDE,
        height=CANVAS_SIDE,
        return_image_data=True,
        key="canvas",
    )

with right:
    drawn = canvas.image_data
    picture = None if drawn is None else emnist_picture(ink_of(Image.fromarray(drawn)))
    if picture is None or not picture.any():
        st.info("Draw a character on the canvas.")
        st.stop()
    ranked = recognizer.read(torch.from_numpy(picture))
    character, probability = ranked[0]
    st.metric("Read as", character, f"{probability:.0%} sure", delta_color="off", delta_arrow="off")
    table = pd.DataFrame(ranked, columns=["character", "probability"])
    st.bar_chart(
        table, x="character", y="probability", horizontal=True, sort="-probability", height=220
    )
    st.image(picture, caption="What the network sees (28x28)", width=112)
