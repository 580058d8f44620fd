"""The tab "Write": a ruled canvas and the prediction, side by side where the window is wide.

What reads strokes takes a second to import; it is imported after the canvas was sent.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from handwriting.errors import HandwritingError
from handwriting.web.canvas import PAPER, Paper, paper_for, ruled_paper, strokes_of
from handwriting.web.drawing import draw, drawn, find_sizes, paper_colours
from handwriting.web.face import ghost
from handwriting.web.fragments import fragment
from handwriting.web.incoming import window_size
from handwriting.web.widgets import prepare_canvas, show_answers, told_room

if TYPE_CHECKING:
    from handwriting.runs import RunFiles

    FindRuns = Callable[[], dict[RunFiles, float | None]]

HINT = "Draw one digit or letter, a word or a line. Its text stands here as you write."
PEN = 6
"""Width of drawn strokes in pixels; it has no effect on predictions."""

_CANVAS = "canvas"


def write_and_read(find_runs: "FindRuns") -> None:
    """Show the canvas, the prediction, and the settings, which run the whole page again.

    Args:
        find_runs: returns the character models and their accuracy, best first.
    """
    with st.container(key="desk"):
        left, right = st.columns([3, 2], gap="medium")
    beside = right.container(gap="small")
    place = beside.container(gap="small")
    with left:
        _write_and_answer(find_runs, place)
    with beside:
        _choose_settings(find_runs())


@fragment
def _write_and_answer(find_runs: "FindRuns", place: DeltaGenerator) -> None:
    """Show the canvas, and the prediction in its place; runs again after each stroke.

    The browser draws the page again for each element that comes alone. So there are few, and after
    a stroke they come together.
    """
    fault, strokes = "", []
    try:
        strokes = strokes_of(drawn(_CANVAS))
    except HandwritingError as problem:
        fault = str(problem)
    st.session_state["is_blank"] = not strokes
    canvas = st.container(gap=None)
    if not strokes:
        # PyTorch takes a second to import; the browser builds the canvas at the same time.
        _show_canvas(canvas)
    _show_answer(strokes, fault, find_runs, place)
    if strokes:
        _show_canvas(canvas)


def _show_answer(
    strokes: list[np.ndarray],
    fault: str,
    find_runs: "FindRuns",
    place: DeltaGenerator,
) -> None:
    """Show the prediction, or what is wrong with the drawing or the models."""
    from handwriting.web.components import NO_WEIGHTS, plain
    from handwriting.web.stroke_reading import read_strokes

    answers, warnings = [], []
    runs = find_runs()
    if runs and not fault:
        try:
            paper = st.session_state.get("paper", PAPER)
            answers, warnings = read_strokes(strokes, paper, find_sizes(), runs)
        except HandwritingError as problem:
            fault = str(problem)
    with place:
        if not runs:
            st.error(NO_WEIGHTS)
            return
        show_answers(answers, "" if fault else HINT)
        if fault:
            st.error(plain(fault))
        for warning in warnings:
            st.warning(plain(warning))


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


def _show_canvas(place: DeltaGenerator) -> None:
    sizes = find_sizes()
    paper = _paper(told_room())
    colours = paper_colours()
    # The prediction tells that a drawing is damaged.
    with place, suppress(HandwritingError):
        prepare_canvas(ghost(paper))
        draw(
            stroke_width=PEN,
            stroke_color=colours.ink,
            background_image=ruled_paper(sizes.x_height, paper, colours) if sizes else None,
            background_color=colours.paper,
            width=paper.width,
            height=paper.height,
            key=_CANVAS,
        )


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
