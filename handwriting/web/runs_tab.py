"""The tab "Compare runs", for character models and text-line models."""

from collections.abc import Callable, Sequence
from operator import attrgetter

import streamlit as st

from handwriting.errors import HandwritingError
from handwriting.runs import METRICS_FOLDER, RunFiles, list_runs
from handwriting.web.components import plain
from handwriting.web.fragments import fragment

Section = Callable[[list[RunFiles]], None]
KINDS = ("Character models", "Text-line models")


@fragment
def show_runs(measured: list[RunFiles]) -> None:
    """Show two runs side by side.

    Args:
        measured: character models with metrics on the test set.
    """
    kind = st.segmented_control("Model type", KINDS, default=KINDS[0], required=True)
    if kind == KINDS[0]:
        from handwriting.web.character_runs import SECTIONS, show_all_runs

        runs, remedy = measured, "model_evaluation.py' (stage 4)"
        sections = (*SECTIONS, lambda _: show_all_runs(runs))
    else:
        from handwriting.web.line_runs import SECTIONS

        runs, sections, remedy = trained_line_readers(), SECTIONS, "text_training.py'"
    if not runs:
        st.info(f"No run has been evaluated yet. Run 'python {remedy}.")
        return
    show_sections(sections, choose_two(runs))


def trained_line_readers() -> list[RunFiles]:
    """Text-line models with a training history, newest first."""
    from handwriting.lines.reader import LINES_FOLDER

    runs = list_runs(LINES_FOLDER, METRICS_FOLDER)
    present = [run for run in runs if run.metric("history.csv").is_file()]
    return sorted(present, key=attrgetter("start"), reverse=True)


def choose_two(runs: list[RunFiles]) -> list[RunFiles]:
    """Show the widgets to choose two runs; the result has one run if both are equal."""
    titles = ("First run (blue)", "Second run (orange)")[: len(runs)]
    with st.container(horizontal=True):
        chosen = [
            st.selectbox(title, runs, index=place, format_func=attrgetter("name"), width=360)
            for place, title in enumerate(titles)
        ]
    # A browser can send a run that was not offered.
    return list(dict.fromkeys(run for run in chosen if run in runs)) or runs[:1]


def show_sections(sections: Sequence[Section], runs: list[RunFiles]) -> None:
    """Show the sections; the error of a section with missing files is shown in its place."""
    for show in sections:
        try:
            show(runs)
        except HandwritingError as error:
            st.info(plain(str(error)))
