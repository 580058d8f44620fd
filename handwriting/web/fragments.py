"""Streamlit fragments that respect a change of tab."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

TAB = "tab"
"""Key of the chosen tab in the session state."""

P = ParamSpec("P")


def fragment(part: Callable[P, None]) -> Callable[P, None]:
    """`st.fragment` that reruns the whole page if another tab was chosen.

    The browser sends simultaneous changes together, as those of one fragment. A tab chosen while
    the canvas sends a stroke would otherwise stay empty.
    """

    @wraps(part)
    def draw(*args: P.args, **kwargs: P.kwargs) -> None:
        tab = st.session_state.get(TAB)

        @st.fragment
        @wraps(part)
        def run() -> None:
            if st.session_state.get(TAB) != tab:
                st.rerun()
            part(*args, **kwargs)

        run()

    return draw
