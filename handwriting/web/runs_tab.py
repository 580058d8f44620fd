"""The tab that compares two runs: figures, plots, and the classes on which they differ most."""

import json
from operator import attrgetter

import streamlit as st

from handwriting.runs import RunFiles

PLOTS = ("loss_metrics", "acc_metrics", "class_metrics", "confusion_matrix")


def show_runs(measured: list[RunFiles]) -> None:
    """All runs in a table, two of them side by side."""
    if not measured:
        st.info("No run was measured yet. Run 'python model_evaluation.py' (stage 4).")
        return
    from handwriting.evaluation.metrics import HEADLINES, most_different

    figures = {run.name: json.loads(run.metric("metrics.json").read_text()) for run in measured}
    st.table(
        {
            name: {
                title: f"{run[key]:.4f}" if key in run else "not measured"
                for key, title in HEADLINES.items()
            }
            for name, run in figures.items()
        }
    )
    columns = st.columns(2)
    chosen = [
        column.selectbox(
            title, measured, index=min(i, len(measured) - 1), format_func=attrgetter("name")
        )
        for i, (column, title) in enumerate(zip(columns, ("First run", "Second run"), strict=True))
    ]
    if chosen[0] != chosen[1]:
        tables = [run.metric("class_metrics.csv") for run in chosen]
        st.markdown("**They differ most in F1 on** (first minus second)")
        st.dataframe(most_different(*tables))
    for plot in PLOTS:
        for column, run in zip(st.columns(2), chosen, strict=True):
            path = run.metric(f"{plot}.png")
            if path.is_file():
                column.image(str(path), caption=f"{run.name}, {plot.replace('_', ' ')}")
