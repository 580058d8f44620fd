"""What keeps the memory of a page that many people visit from growing."""

import gc

import streamlit as st


@st.cache_resource(show_spinner=False)
def collect_often() -> None:
    """Spare the garbage collector what is loaded by now; once per process.

    The state of a closed window, its pictures too, lies in circles of objects that only a whole
    collection frees. Python puts one off until a quarter of all objects are new: beside the quarter
    of a million of PyTorch, pandas and Streamlit, for dozens of visitors; and it would hold answers
    up for 200 ms. Without them it comes often and takes a millisecond. What the first visitor's
    window holds by now is spared as well.
    """
    gc.collect()
    gc.freeze()
    # Only now does the collector know how few objects are left to it.
    gc.collect()
