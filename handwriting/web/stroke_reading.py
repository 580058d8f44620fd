"""Predictions for the strokes of the tab Write.

It is separate from `write_tab`, because PyTorch takes a second to import.
"""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import streamlit as st

from handwriting.errors import HandwritingError
from handwriting.lines.decoding import Decoder
from handwriting.recognition.recognizer import SURE, join_words
from handwriting.recognition.sizes import Sizes
from handwriting.runs import RunFiles, available_runs
from handwriting.web.answer import Answer, answer_strokes
from handwriting.web.canvas import Paper
from handwriting.web.components import (
    MULTIPLE,
    chosen_options,
    chosen_recognizers,
    find_line_reader,
    load_recognizer,
    modified,
    short_names,
)
from handwriting.web.settings import Setting, current_setting, decoder_for, pattern_for
from handwriting.web.widgets import Shown

MOST_COMPARED = 3
"""Character models side by side; more find no room."""

ONE_AT_A_TIME = "A word or a line is read by the text-line model. Draw one character to compare."


def read_strokes(
    strokes: list[np.ndarray],
    paper: Paper,
    sizes: Sizes | None,
    runs: dict[RunFiles, float | None],
) -> tuple[list[Shown], list[str]]:
    """Predictions and warnings, with the chosen settings.

    Args:
        strokes: float (points, 2) of x, y each, in pixels of the canvas.
        paper: the canvas.
        sizes: model of sizes, if there is one.
        runs: character models and their accuracy, best first.

    Raises:
        HandwritingError: weights are missing or damaged, or the pattern is invalid.
    """
    is_compared = bool(st.session_state.get("compare"))
    recognizers = chosen_recognizers(runs, MOST_COMPARED if is_compared else 1)
    warnings = []
    if any(recognizer.content.get("synthetic") for recognizer in recognizers.values()):
        warnings.append("Trained on synthetic characters: it does not read handwriting well.")
    setting = current_setting()
    options = chosen_options(setting.expression)
    if not strokes:
        return [], warnings
    may_be_one = bool(options.allowed)
    pattern = pattern_for(setting, options.expression)
    try:
        several = _several(strokes, setting, pattern, may_be_one)
    except HandwritingError as error:
        if not may_be_one:
            raise
        several = []
        warnings.append(f"Only single characters can be read. {error}")
    if several:
        return several, [*warnings, ONE_AT_A_TIME] if is_compared else warnings
    answer = answer_strokes(
        strokes, recognizers, sizes, options, paper.lines, st.session_state.get("hand")
    )
    if answer.character.is_multiple:
        warnings.append(MULTIPLE)
    return _compared(answer, runs) if is_compared else _alone(answer), warnings


def _alone(answer: Answer) -> list[Shown]:
    if not answer.readings:
        return []
    (reading,) = answer.readings.values()
    ranked = reading.ranked()
    sure = ranked[0][1]
    picture = answer.character.image
    return [Shown([[ranked]], _who_read_one(ranked), sure, [picture], reading.sentence())]


def _compared(answer: Answer, runs: dict[RunFiles, float | None]) -> list[Shown]:
    """Predictions of several models; they saw the same image."""
    names = short_names(list(runs))
    pictures = [answer.character.image]
    shown = []
    for name, reading in answer.readings.items():
        ranked = reading.ranked()
        note = f"{_percent(ranked[0][1])} confident"
        why = reading.sentence()
        shown.append(Shown([[ranked]], note, ranked[0][1], pictures, why, names[name]))
        pictures = []
    return shown


def _several(
    strokes: list[np.ndarray], setting: Setting, pattern: Decoder | None, may_be_one: bool
) -> list[Shown]:
    """Predictions of the text-line model for several characters; empty for one."""
    from handwriting.web.writing import read_several

    reader = find_line_reader().for_language(setting.spoken)
    found = read_several(strokes, reader, pattern or decoder_for(setting), may_be_one)
    if not found:
        return []
    pictures, lines = zip(*found, strict=True)
    sure = float(np.prod([line.confidence for line in lines]))
    return [
        Shown(
            [[character.ranked for character in line.characters] for line in lines],
            _said(sure, "text-line model"),
            sure,
            list(pictures),
        )
    ]


def _who_read_one(ranked: Sequence[tuple[str, float]]) -> str:
    sure = ranked[0][1]
    if sure >= SURE:
        return _said(sure, "character model")
    close = [character for character, share in ranked if share > sure / 4]
    return f"{_said(sure, 'character model')} · {join_words(close)}"


def _said(sure: float, model: str) -> str:
    return f"{_percent(sure)} confident · {model}"


def _percent(sure: float) -> str:
    return "over 99%" if sure > 0.99 else f"{sure:.0%}"


def get_ready() -> None:
    """Load the models of the first prediction, before there is a browser."""
    with suppress(HandwritingError):
        for run in list(available_runs())[:1]:
            load_recognizer(run, modified(run.weights))
        _several([np.zeros((2, 2))], Setting(), None, may_be_one=True)
