"""Sections of "Compare runs" for text-line models: error rates of training and of the study."""

import json
from pathlib import Path
from typing import Any

import streamlit as st

from handwriting.errors import HandwritingError
from handwriting.runs import METRICS_FOLDER, RunFiles
from handwriting.web import charts
from handwriting.web.run_figures import Row, history_rows

STUDY = METRICS_FOLDER / "studies" / "line_reading.json"
SETS = {
    "words": "words",
    "text": "lines and short texts",
    "numbers": "form fields",
    "words_photographed": "photographed words",
    "pages": "photographed pages",
}
"""Data sets of the error rates: keys in the metrics files, and titles on the page."""

DECODERS = {"greedy": "greedy decoding", "language": "with the language model"}
MEASURES = {"cer": "Character error rate (CER)", "exact": "Exact match"}


def show_error_rates(runs: list[RunFiles]) -> None:
    """Chart of error rates over the epochs, on held-out writers of each data set."""
    st.subheader("Training")
    measure = st.segmented_control(
        "Measure", list(MEASURES), default="cer", required=True, format_func=MEASURES.get
    )
    names = [run.name for run in runs]
    columns = {f"{name}_{measure}": title for name, title in SETS.items()}
    rates = [row for run in runs for row in history_rows(run, columns)]
    losses = [row for run in runs for row in history_rows(run, {"train_loss": "training"})]
    sets = [title for title in SETS.values() if any(row["series"] == title for row in rates)]
    title = MEASURES[measure]
    left, right = st.columns([2, 1])
    chart = charts.series_over_epochs(title, names, sets)
    left.vega_lite_chart(rates, chart, alt=f"{MEASURES[measure]} over the epochs")
    chart = charts.two_runs_over_epochs("training loss", names, ["training"])
    right.vega_lite_chart(losses, chart, alt="Training loss over the epochs")


def show_decoders(runs: list[RunFiles]) -> None:
    """Chart of the study's error rates, with and without the language model.

    Raises:
        HandwritingError: there is no study of these runs, or its file is damaged.
    """
    st.subheader("Greedy decoding and language model")
    study = read_study(STUDY)
    if study.get("run") not in [run.name for run in runs]:
        raise HandwritingError(
            "These runs were not evaluated with the language model: 'python -m "
            "studies.line_reading' evaluates one."
        )
    st.caption(f"{study['run']}, on held-out writers")
    pairs = zip(charts.BADGES, DECODERS.values(), strict=True)
    st.markdown(" &nbsp; ".join(f"{badge} {words}" for badge, words in pairs))
    rows = decoder_rows(study)
    sets = list(dict.fromkeys(row["set"] for row in rows))
    chart = charts.decoders_chart(sets, list(DECODERS.values()))
    st.vega_lite_chart(rows, chart, alt="Error rates of greedy decoding and language model")


def read_study(path: Path) -> dict[str, Any]:
    """Results of the study; empty if its file is missing.

    Raises:
        HandwritingError: the file is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise HandwritingError(f"{path} is damaged. Make the study again.") from error


def decoder_rows(study: dict[str, Any]) -> list[Row]:
    """A row by data set and decoder: ``set``, ``decoder``, ``cer``, ``exact``, ``samples``."""
    return [
        {"set": title, "decoder": words}
        | {name: study["sets"][key][decoder].get(name) for name in ("cer", "exact", "samples")}
        for key, title in SETS.items()
        if key in study["sets"]
        for decoder, words in DECODERS.items()
    ]


SECTIONS = (show_error_rates, show_decoders)
