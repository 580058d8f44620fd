"""Parts of a tab that run alone, as after a stroke."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

TAB = "tab"
"""Where the session's state has the name of the chosen tab."""

P = ParamSpec("P")


def fragment(part: Callable[P, None]) -> Callable[P, None]:
    """`st.fragment`, but the whole page is drawn where another tab was chosen meanwhile.

    What changes at one moment the browser sends at once, and as that of one fragment if there is
    any: a tab chosen while the canvas tells something would stay empty.
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
