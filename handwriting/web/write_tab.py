"""The tab "Write": a ruled canvas and the prediction, side by side where the window is wide.

What reads strokes takes a second to import, and is imported after the canvas is sent.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from handwriting.errors import HandwritingError
from handwriting.recognition.sizes import Sizes
from handwriting.web.canvas import PAPER, Paper, paper_for, ruled_paper, strokes_of
from handwriting.web.drawing import draw, find_sizes, paper_colours
from handwriting.web.face import ghost
from handwriting.web.fragments import fragment
from handwriting.web.incoming import window_size
from handwriting.web.widgets import prepare_canvas, show_answers

if TYPE_CHECKING:
    from handwriting.runs import RunFiles

HINT = "Draw one digit or letter, a word or a line. Its text stands here as you write."
PEN = 6
"""Width of drawn strokes in pixels; it has no effect on predictions."""


def write_and_read(find_runs: "Callable[[], dict[RunFiles, float | None]]") -> None:
    """Show the canvas, the prediction, and the settings, which run the whole page again.

    Args:
        find_runs: returns the character models and their accuracy, best first.
    """
    with st.container(key="desk"):
        left, right = st.columns([3, 2], gap="medium")
    beside = right.container(gap="small")
    place = beside.container(gap="small")
    with left:
        _write(find_runs, place)
    with beside:
        _choose_settings(find_runs())


@fragment
def _write(find_runs: "Callable[[], dict[RunFiles, float | None]]", place: DeltaGenerator) -> None:
    """Show the canvas, and the prediction in its place; runs again after each stroke.

    Each element that is sent again delays the prediction in the browser, so there are few.
    """
    sizes = find_sizes()
    error, answers, warnings = "", [], []
    try:
        with st.container(gap=None):
            strokes, paper = _drawn(sizes)
        from handwriting.web.stroke_reading import read_strokes

        answers, warnings = read_strokes(strokes, paper, sizes, find_runs())
    except HandwritingError as problem:
        error = str(problem)
    from handwriting.web.components import plain
    from handwriting.web.stroke_reading import get_ready

    with place:
        show_answers(answers, "" if error else HINT)
        if error:
            st.error(plain(error))
        for warning in warnings:
            st.warning(plain(warning))
    if "paper" in st.session_state:
        # The browser builds the canvas at the same time.
        get_ready()


def _choose_settings(runs: "dict[RunFiles, float | None]") -> None:
    """Show the settings below the prediction."""
    from handwriting.web.components import show_options
    from handwriting.web.hand_tab import hand_badge
    from handwriting.web.settings import choose_setting, show_fault

    show_fault()
    choose_setting("write")
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(runs) > 1:
            st.toggle("Compare models", key="compare")
        with st.popover("Options"):
            show_options(runs)
    hand_badge()


def _drawn(sizes: Sizes | None) -> tuple[list[np.ndarray], Paper]:
    """Show the canvas; the strokes on it, and its size.

    Raises:
        HandwritingError: the browser sent an invalid drawing.
    """
    state = st.session_state
    before = state.get("paper", PAPER)
    paper = _paper(prepare_canvas(ghost(before)))
    colours = paper_colours()
    drawing = draw(
        stroke_width=PEN,
        stroke_color=colours.ink,
        background_image=ruled_paper(sizes.x_height, paper, colours) if sizes else None,
        background_color=colours.paper,
        width=paper.width,
        height=paper.height,
        key="canvas",
    )
    strokes = strokes_of(drawing)
    state["is_blank"] = not strokes
    return strokes, paper


def _paper(told: Any) -> Paper:
    """The paper for the window; while it has strokes it can only become wider."""
    state = st.session_state
    before = state.get("paper", PAPER)
    window = window_size(told)
    if window is None:
        return before
    paper = paper_for(window)
    if not state.get("is_blank", True):
        paper = Paper(max(paper.width, before.width), before.height)
    state["paper"] = paper
    return paper
