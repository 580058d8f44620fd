"""The page: draw a character on ruled lines, have photographs read, compare runs.

streamlit run app.py
"""

from pathlib import Path

import streamlit as st
import torch

from handwriting.errors import HandwritingError
from handwriting.runs import available_runs
from handwriting.web.components import choose_recognizers, find_sizes
from handwriting.web.draw_tab import draw_and_read
from handwriting.web.files_tab import read_files
from handwriting.web.memory import collect_often
from handwriting.web.runs_tab import show_runs

ABOUT = Path(__file__).parent / "handwriting" / "web" / "about.md"

st.set_page_config(page_title="Handwritten characters", page_icon="✏️", layout="wide")
st.header("Handwritten characters")
# One picture is read fastest by one core, and ten people need the others.
torch.set_num_threads(1)
runs = available_runs()
# The tables of runs take a second to come; the first answer need not wait for them.
draw_tab, pages_tab, runs_tab, about_tab = st.tabs(
    ["Draw", "Read photographs", "Compare runs", "About"], on_change="rerun"
)
if pages_tab.open:
    with pages_tab:
        # Its libraries take a second to come; the first answer need not wait for them.
        from handwriting.web.pages_tab import read_photographs

        read_photographs()
if runs_tab.open:
    with runs_tab:
        show_runs([run for run, accuracy in runs.items() if accuracy is not None])
with about_tab:
    st.markdown(ABOUT.read_text(encoding="utf-8"))
with draw_tab:
    if not runs:
        st.error("There are no weights in models/. Run 'python model_training.py' first (stage 3).")
        st.stop()
    try:
        recognizers = choose_recognizers(runs)
    except HandwritingError as error:
        st.error(str(error))
        st.stop()
    # What comes and goes stays in here: a new element before the canvas would blank the drawing.
    with st.container():
        if any(recognizer.content.get("synthetic") for recognizer in recognizers.values()):
            st.warning("Trained on synthetic characters: it does not read handwriting well.")
    draw_and_read(recognizers, find_sizes())
    with st.expander("Read picture files"):
        name, recognizer = next(iter(recognizers.items()))
        read_files(name, recognizer)
collect_often()
