"""The web app: write on ruled lines, read images, adapt to a writer's hand, compare runs.

streamlit run app.py
"""

from pathlib import Path

import streamlit as st
import torch

from handwriting.runs import available_runs
from handwriting.web.face import NAME, show_face
from handwriting.web.fragments import TAB
from handwriting.web.hand_tab import teach_hand
from handwriting.web.memory import collect_often
from handwriting.web.runs_tab import show_runs
from handwriting.web.uploads import limit_uploads
from handwriting.web.widgets import dress_page
from handwriting.web.write_tab import write_and_read

ABOUT = Path(__file__).parent / "handwriting" / "web" / "about.md"

st.set_page_config(page_title=NAME, page_icon="✏️", layout="wide")
dress_page()
show_face()
limit_uploads()
# One core reads an image fastest; the other cores serve other people.
torch.set_num_threads(1)
runs = available_runs()
write_tab, pictures_tab, hand_tab, runs_tab, about_tab = st.tabs(
    ["Write", "Read an image", "Teach it your hand", "Compare runs", "About"],
    key=TAB,
    on_change="rerun",
)
if pictures_tab.open:
    with pictures_tab:
        # Its libraries take a second to import; the first prediction need not wait for them.
        from handwriting.web.pictures_tab import read_pictures

        read_pictures(list(runs))
if hand_tab.open:
    with hand_tab:
        teach_hand(runs)
if runs_tab.open:
    with runs_tab:
        # The tables of runs take a second to load; the first prediction need not wait for them.
        show_runs([run for run, accuracy in runs.items() if accuracy is not None])
with about_tab, st.container(key="about"):
    st.markdown(ABOUT.read_text(encoding="utf-8"))
with write_tab:
    if not runs:
        st.error("There are no weights in models/. Run 'python model_training.py' first (stage 3).")
        st.stop()
    write_and_read(runs)
collect_often()
