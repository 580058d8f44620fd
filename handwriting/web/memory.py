"""Garbage collection for a server with many visitors."""

import gc

import streamlit as st


@st.cache_resource(show_spinner=False)
def collect_often() -> None:
    """Exclude all objects that are loaded by now from garbage collection; once per process.

    The state of a closed window, with its images, has reference cycles that only a full collection
    frees. Python delays it until a quarter of all objects are new, which takes dozens of visitors
    beside the 250,000 objects of PyTorch, pandas and Streamlit. It then stops predictions for
    200 ms. Without these objects, collections are frequent and take a millisecond.
    """
    gc.collect()
    gc.freeze()
    # Updates the collector's count of the remaining objects.
    gc.collect()
