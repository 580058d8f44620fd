"""The tab "Write": a ruled canvas as wide as the window, with the prediction below."""

from contextlib import suppress
from typing import Any

import numpy as np
import streamlit as st

from handwriting.errors import HandwritingError
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.languages import ENGLISH
from handwriting.lines.options import checked
from handwriting.lines.pattern import Pattern
from handwriting.recognition.recognizer import SURE, Reading, join_words
from handwriting.recognition.sizes import Sizes
from handwriting.runs import RunFiles
from handwriting.web.answer import Options, answer_strokes
from handwriting.web.canvas import PAPER, Paper, paper_for, ruled_paper, strokes_of
from handwriting.web.components import (
    MULTIPLE,
    chosen_options,
    chosen_recognizers,
    find_line_reader,
    find_sizes,
    load_language,
    plain,
)
from handwriting.web.drawing import draw
from handwriting.web.fragments import fragment
from handwriting.web.incoming import window_size
from handwriting.web.widgets import Shown, prepare_canvas, show_answers

HINT = "Draw one digit or letter, a word or a line."
PEN = 6
"""Width of drawn strokes in pixels; it has no effect on predictions."""


@fragment
def write_and_read(runs: dict[RunFiles, float | None]) -> None:
    """Show the canvas and the prediction; runs again after each stroke."""
    with st.container(gap=None):
        sizes = find_sizes()
        paper = _paper(prepare_canvas())
        answers: list[Shown] = []
        warnings: list[str] = []
        error = ""
        try:
            drawing = draw(
                stroke_width=PEN,
                stroke_color="#1a1a1a",
                background_image=ruled_paper(sizes.x_height, paper) if sizes else None,
                background_color="#ffffff",
                width=paper.width,
                height=paper.height,
                key="canvas",
            )
            strokes = strokes_of(drawing)
            st.session_state["is_blank"] = not strokes
            answers, warnings = _read(strokes, paper, sizes, runs)
        except HandwritingError as problem:
            error = str(problem)
        show_answers(answers, "" if error else HINT)
        if error:
            st.error(plain(error))
        for warning in warnings:
            st.warning(plain(warning))
        if "paper" in st.session_state:
            # The browser builds the canvas at the same time.
            get_ready()


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


def _read(
    strokes: list[np.ndarray],
    paper: Paper,
    sizes: Sizes | None,
    runs: dict[RunFiles, float | None],
) -> tuple[list[Shown], list[str]]:
    """Predictions and warnings.

    Raises:
        HandwritingError: weights are missing or damaged, or the pattern is invalid.
    """
    recognizers = chosen_recognizers(runs)
    warnings = []
    if any(recognizer.content.get("synthetic") for recognizer in recognizers.values()):
        warnings.append("Trained on synthetic characters: it does not read handwriting well.")
    options = chosen_options()
    if not strokes:
        return [], warnings
    pattern = Pattern(options.expression) if options.expression else None
    if pattern:
        checked(pattern, ENGLISH)
    try:
        several = _several(strokes, options, pattern)
    except HandwritingError as error:
        if not options.allowed:
            raise
        several = []
        warnings.append(f"Only single characters can be read. {error}")
    if several:
        return several, warnings
    answer = answer_strokes(
        strokes, recognizers, sizes, options, paper.lines, st.session_state.get("hand")
    )
    if answer.character.is_multiple:
        warnings.append(MULTIPLE)
    names = list(answer.readings) if len(answer.readings) > 1 else [""]
    return [
        Shown(
            [[reading.ranked()]],
            _who_read_one(reading),
            [answer.character.image],
            reading.sentence(),
            name,
        )
        for name, reading in zip(names, answer.readings.values(), strict=True)
    ], warnings


def _several(
    strokes: list[np.ndarray], options: Options, pattern: Pattern | None = None
) -> list[Shown]:
    """Predictions of the text-line model for several characters; empty for one."""
    from handwriting.lines.beam import BeamDecoder
    from handwriting.web.writing import read_several

    decoder: Decoder = GREEDY
    if pattern:
        decoder = pattern
    elif options.use_language:
        decoder = BeamDecoder(load_language())
    found = read_several(strokes, find_line_reader(), decoder, may_be_one=bool(options.allowed))
    if not found:
        return []
    pictures, lines = zip(*found, strict=True)
    sure = float(np.prod([line.confidence for line in lines]))
    return [
        Shown(
            [[character.ranked for character in line.characters] for line in lines],
            _said(sure, "text-line model"),
            list(pictures),
        )
    ]


def _who_read_one(reading: Reading) -> str:
    ranked = reading.ranked()
    sure = ranked[0][1]
    if sure >= SURE:
        return _said(sure, "character model")
    close = [character for character, share in ranked if share > sure / 4]
    return f"{_said(sure, 'character model')} · {join_words(close)}"


def _said(sure: float, model: str) -> str:
    confidence = "over 99%" if sure > 0.99 else f"{sure:.0%}"
    return f"{confidence} confident · {model}"


@st.cache_resource(show_spinner=False)
def get_ready() -> None:
    """Load the models of the first word, once per process."""
    nothing = [np.zeros((2, 2))]
    with suppress(HandwritingError):
        _several(nothing, Options())
