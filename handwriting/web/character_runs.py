"""Sections of "Compare runs" for character models: training, per-class metrics, errors."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from handwriting.labels import CLASSES
from handwriting.runs import RunFiles
from handwriting.web import charts
from handwriting.web.components import plain, short_names
from handwriting.web.mistakes import show_examples
from handwriting.web.run_figures import (
    FIGURES_OF_CLASSES,
    Confusion,
    Row,
    by_difference,
    class_rows,
    confusion_rows,
    frequent,
    headline_rows,
    history_rows,
    mistakes_of,
    most_mistaken,
    read_confusion,
    side_by_side,
)

HISTORY = {
    "loss": {"val_loss": "validation", "train_loss": "training"},
    "accuracy": {"val_accuracy": "validation", "held_out_accuracy": "held-out writers"},
}
"""Charts over the epochs: columns of a history and their titles."""

_MAIN_METRICS = ("loss", "accuracy", "precision_weighted", "recall_weighted", "f1_weighted")
_MOST = 10
_CHOSEN = "mistaken_character"


def show_headlines(runs: Sequence[RunFiles]) -> None:
    """Table of the main metrics of the chosen runs: a row for each, as narrow as a phone."""
    from handwriting.evaluation.metrics import HEADLINES

    names = short_names(runs)
    heads = [plain(names[run.name]) for run in runs]
    table = [["Test set", *heads], ["---", *["---:"] * len(heads)]]
    titles = {key: HEADLINES[key] for key in _MAIN_METRICS}
    rows = headline_rows(runs, titles)
    for title in titles.values():
        table.append([title[:1].upper() + title[1:], *(_as_shown(row[title]) for row in rows)])
    st.markdown("\n".join(f"| {' | '.join(cells)} |" for cells in table))


def _as_shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def show_all_runs(runs: Sequence[RunFiles]) -> None:
    """Table of the metrics of all runs, which a click on a column's name sorts."""
    from handwriting.evaluation.metrics import HEADLINES

    numbers = {title: st.column_config.NumberColumn(format="%.4f") for title in HEADLINES.values()}
    columns = {"run": st.column_config.TextColumn(pinned=True)} | numbers
    with st.expander("All runs"):
        st.dataframe(headline_rows(runs, HEADLINES), hide_index=True, column_config=columns)


def show_training(runs: list[RunFiles]) -> None:
    """Charts of loss and accuracy over the epochs."""
    st.subheader("Training")
    names = [run.name for run in runs]
    for column, (title, series) in zip(st.columns(2), HISTORY.items(), strict=True):
        rows = [row for run in runs for row in history_rows(run, series)]
        present = [name for name in series.values() if any(row["series"] == name for row in rows)]
        chart = charts.two_runs_over_epochs(title, names, present)
        column.vega_lite_chart(rows, chart, alt=f"{title[:1].upper() + title[1:]} over the epochs")
    st.caption("The training loss is measured on augmented images.")


def show_classes(runs: list[RunFiles]) -> None:
    """Charts of precision, recall or F1 of each class, the runs side by side and as differences,
    and a table of all."""
    st.subheader("Per-class metrics")
    figure = st.segmented_control(
        "Metric",
        list(FIGURES_OF_CLASSES),
        default="f1",
        required=True,
        format_func=FIGURES_OF_CLASSES.get,
    )
    rows = class_rows(runs, figure)
    names = [run.name for run in runs]
    for column, run in zip(st.columns(2), runs, strict=False):
        own = [row for row in rows if row["run"] == run.name]
        title = f"{FIGURES_OF_CLASSES[figure]}, {short_names(runs)[run.name]}"
        chart = charts.run_classes_chart(title, CLASSES, names)
        column.vega_lite_chart(own, chart, alt=f"{title}, of each class")
    order = st.segmented_control(
        "Order", ("Largest difference", "Character"), default="Largest difference"
    )
    characters = list(CLASSES) if order == "Character" else by_difference(rows)
    third = -(-len(characters) // 3)
    for column, first in zip(st.columns(3), range(0, len(characters), third), strict=True):
        shown = characters[first : first + third]
        part = [row for row in rows if row["character"] in shown]
        title = FIGURES_OF_CLASSES[figure]
        chart = charts.classes_chart(title, shown, names)
        column.vega_lite_chart(part, chart, alt=f"{title} of {' '.join(shown)}")
    with st.expander("All per-class metrics as a table"):
        st.dataframe(side_by_side(runs), hide_index=True)


def show_mistakes(runs: list[RunFiles]) -> None:
    """The confusion matrices, one character's errors, and images of one error."""
    st.subheader("Errors")
    st.caption("Click a row of a confusion matrix to choose its character.")
    confusions = {run.name: read_confusion(run) for run in runs}
    for place, (column, run) in enumerate(zip(st.columns(2), runs, strict=False)):
        with column:
            _show_matrix(run.name, confusions[run.name], f"matrix_{place}")
    st.session_state.setdefault(_CHOSEN, most_mistaken(confusions))
    character = st.selectbox("Errors of one character", CLASSES, key=_CHOSEN)
    taken_for, taken = mistakes_of(character, confusions)
    titles = (f"`{character}` predicted as", f"Predicted as `{character}`")
    for column, title, rows in zip(st.columns(2), titles, (taken_for, taken), strict=True):
        with column:
            _show_bars(title, rows, list(confusions))
    _choose_examples(runs, taken_for + taken)


def _show_matrix(name: str, confusion: Confusion, key: str) -> None:
    st.markdown(f"**{name}**")

    def choose() -> None:
        with suppress(AttributeError, KeyError, TypeError):
            true = st.session_state[key].selection[charts.CELL][0]["true"]
            if true in CLASSES:
                st.session_state[_CHOSEN] = true

    chart = charts.confusion_chart(CLASSES)
    alt = f"Confusion matrix of {name}"
    st.vega_lite_chart(confusion_rows(confusion), chart, key=key, on_select=choose, alt=alt)


def _show_bars(title: str, rows: list[Row], names: Sequence[str]) -> None:
    st.markdown(f"**{title}**")
    others = frequent(rows, _MOST)
    if not others:
        st.caption("None.")
        return
    shown = [row for row in rows if row["other"] in others]
    alt = title.replace("`", "")
    st.vega_lite_chart(shown, charts.mistakes_chart(others, names), alt=alt)


def _choose_examples(runs: Sequence[RunFiles], rows: Sequence[Row]) -> None:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        pair = (row["true"], row["read"])
        counts[pair] = counts.get(pair, 0) + row["images"]
    pairs = sorted(counts, key=lambda pair: -counts[pair])[:_MOST]
    if not pairs:
        return
    pair = st.pills(
        "Images of an error",
        pairs,
        default=pairs[:1],
        required=True,
        format_func=lambda pair: "`{}` predicted as `{}`".format(*pair),
    )
    for column, run in zip(st.columns(2), runs, strict=False):
        with column:
            show_examples(run, *(pair if pair in pairs else pairs[0]))


SECTIONS = (show_headlines, show_classes, show_training, show_mistakes)
