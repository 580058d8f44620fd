"""The page: its heading and its tabs, as far as they are open."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from handwriting.web.face import NAME, show_face
from handwriting.web.fragments import TAB
from handwriting.web.memory import collect_often
from handwriting.web.uploads import limit_uploads
from handwriting.web.widgets import dress_page
from handwriting.web.write_tab import write_and_read

if TYPE_CHECKING:
    from handwriting.runs import RunFiles

ABOUT = Path(__file__).with_name("about.md")


def find_runs() -> "dict[RunFiles, float | None]":
    """The character models and their accuracy, best first."""
    # PyTorch takes a second to import; the browser shows the page and builds its canvas meanwhile.
    import torch

    from handwriting.runs import available_runs

    # One core reads an image fastest; the other cores serve other people.
    torch.set_num_threads(1)
    return available_runs()


def show_page() -> None:
    """Show the page in one browser."""
    runs = cache(find_runs)
    st.set_page_config(page_title=NAME, page_icon="✏️", layout="wide")
    dress_page()
    show_face()
    limit_uploads()
    write_tab, pictures_tab, hand_tab, runs_tab, about_tab = st.tabs(
        ["Write", "Read an image", "Teach it your hand", "Compare runs", "About"],
        key=TAB,
        on_change="rerun",
    )
    # The first prediction need not wait for the libraries of the other tabs.
    if pictures_tab.open:
        with pictures_tab:
            from handwriting.web.pictures_tab import read_pictures

            read_pictures(list(runs()))
    if hand_tab.open:
        with hand_tab:
            from handwriting.web.hand_tab import teach_hand

            teach_hand(runs())
    if runs_tab.open:
        with runs_tab:
            from handwriting.web.runs_tab import show_runs

            show_runs([run for run, accuracy in runs().items() if accuracy is not None])
    with about_tab, st.container(key="about"):
        st.markdown(ABOUT.read_text(encoding="utf-8"))
    with write_tab:
        write_and_read(runs)
    collect_often()
