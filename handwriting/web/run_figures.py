"""Rows for charts and tables, from the files in metrics/.

pandas is avoided, to keep the memory of the web app small.
"""

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.runs import RunFiles

FIGURES_OF_CLASSES = {"f1": "F1", "precision": "Precision", "recall": "Recall"}

_AGAIN = "Train or measure the run again."

Row = dict[str, Any]
Confusion = dict[str, dict[str, int]]


def read_table(path: Path, *columns: str) -> list[Row]:
    """Rows of a table in metrics/; all columns but ``character`` are numbers.

    Args:
        path: of the table.
        columns: required columns, with numbers of at least 0; there may be others.

    Raises:
        HandwritingError: it is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [_as_numbers(row) for row in csv.DictReader(file, strict=True)]
    except FileNotFoundError as error:
        raise HandwritingError(f"{path} does not exist.") from error
    except (ValueError, TypeError, csv.Error) as error:
        raise HandwritingError(f"{path} is damaged. {_AGAIN}") from error
    if not all(_is_sound(row.get(column)) for row in rows for column in columns):
        raise HandwritingError(
            f"{path} is damaged: a column is missing or holds no counts. {_AGAIN}"
        )
    return rows


def _is_sound(cell: str | float | None) -> bool:
    return isinstance(cell, str) or (cell is not None and 0 <= cell < math.inf)


def _as_numbers(row: dict[str, str]) -> Row:
    return {name: value if name == "character" else float(value) for name, value in row.items()}


def headline_rows(runs: Sequence[RunFiles], titles: dict[str, str]) -> list[Row]:
    """A row for each run: its name and its metrics on the test set, by their titles."""
    return [{"run": run.name} | _headlines(run, titles) for run in runs]


def _headlines(run: RunFiles, titles: dict[str, str]) -> Row:
    figures = json.loads(run.metric("metrics.json").read_text(encoding="utf-8"))
    return {title: figures.get(key) for key, title in titles.items()}


def history_rows(run: RunFiles, columns: dict[str, str]) -> list[Row]:
    """A row for each epoch and series: ``run``, ``series``, ``epoch`` and ``value``.

    Args:
        run: the run.
        columns: columns of the history and titles of the series; missing columns are left out.

    Raises:
        HandwritingError: the history is missing or damaged.
    """
    return [
        {"run": run.name, "series": title, "epoch": int(row["epoch"]), "value": row[column]}
        for row in read_table(run.metric("history.csv"), "epoch")
        for column, title in columns.items()
        if math.isfinite(row.get(column, math.nan))
    ]


def class_rows(runs: Sequence[RunFiles], figure: str) -> list[Row]:
    """A row for each class and run: ``character``, ``run``, ``value``, ``images``, ``difference``.

    The difference, first run minus second, is equal in both rows of a class, and 0 for one run.

    Raises:
        HandwritingError: a table is missing or damaged.
    """
    columns = ("character", figure, "support")
    tables = [read_table(run.metric("class_metrics.csv"), *columns) for run in runs]
    return [
        {
            "character": row["character"],
            "run": run.name,
            "value": row[figure],
            "images": int(row["support"]),
            "difference": round(rows[0][figure] - rows[-1][figure], 4),
        }
        for rows in zip(*tables, strict=False)
        for run, row in zip(runs, rows, strict=True)
    ]


def by_difference(rows: Sequence[Row]) -> list[str]:
    """Characters of :func:`class_rows`, by decreasing difference of the runs."""
    differences = {row["character"]: abs(row["difference"]) for row in rows}
    return sorted(differences, key=lambda character: -differences[character])


def side_by_side(runs: Sequence[RunFiles]) -> list[Row]:
    """A row for each class, with all metrics of the runs side by side and their differences.

    Raises:
        HandwritingError: a table is missing or damaged.
    """
    table: dict[str, Row] = {}
    for figure, title in FIGURES_OF_CLASSES.items():
        for row in class_rows(runs, figure):
            line = table.setdefault(row["character"], {"character": row["character"]})
            line["images"] = row["images"]
            line[f"{title}, {row['run']}"] = row["value"]
            line[f"{title}, difference"] = row["difference"]
    return list(table.values())


def read_confusion(run: RunFiles) -> Confusion:
    """Number of images by true and predicted character: ``confusion[true][predicted]``.

    Raises:
        HandwritingError: the counts are missing or damaged.
    """
    path = run.metric("confusion.csv")
    if not path.is_file():
        raise HandwritingError(
            f"The confusion matrix of {run.name} is missing. "
            f"Run 'python model_evaluation.py {run.name} --overwrite' (stage 4)."
        )
    rows = read_table(path, "character", *CLASSES)
    if tuple(row["character"] for row in rows) != CLASSES:
        raise HandwritingError(f"{path} is damaged: it lacks a character. {_AGAIN}")
    return {row["character"]: {read: int(row[read]) for read in CLASSES} for row in rows}


def confusion_rows(confusion: Confusion) -> list[Row]:
    """A row for each pair that occurs: ``true``, ``read`` (predicted), ``images``, and their
    ``share`` of the true character's images, in 0..1."""
    return [
        {"true": true, "read": read, "images": count, "share": count / sum(row.values())}
        for true, row in confusion.items()
        for read, count in row.items()
        if count
    ]


def mistakes_of(character: str, confusions: dict[str, Confusion]) -> tuple[list[Row], list[Row]]:
    """Errors on a character, and errors that predict it.

    Args:
        character: one of the 62.
        confusions: by name of the run.

    Returns:
        Two lists of rows with ``run``, ``other``, ``images``, and ``share`` of the true character's
        images, in 0..1.
    """
    mistakes = [
        {"run": name} | row
        for name, confusion in confusions.items()
        for row in confusion_rows(confusion)
        if row["true"] != row["read"]
    ]
    taken_for = [row | {"other": row["read"]} for row in mistakes if row["true"] == character]
    taken = [row | {"other": row["true"]} for row in mistakes if row["read"] == character]
    return taken_for, taken


def most_mistaken(confusions: dict[str, Confusion]) -> str:
    """The true character with the most errors over all runs."""
    return max(CLASSES, key=lambda c: sum(_wrong(counts[c], c) for counts in confusions.values()))


def _wrong(row: dict[str, int], character: str) -> int:
    return sum(row.values()) - row[character]


def frequent(rows: Sequence[Row], most: int) -> list[str]:
    """The ``most`` frequent other characters of :func:`mistakes_of`, over all runs."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["other"]] = counts.get(row["other"], 0) + row["images"]
    return sorted(counts, key=lambda other: -counts[other])[:most]
