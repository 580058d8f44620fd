"""Tables that describe folders of images: `labels.csv` and `text.csv`."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from handwriting.errors import HandwritingError


def read_table(table: Path, column: str) -> list[tuple[int, dict[str, str]]]:
    """The rows of a table with the columns ``file`` and ``column``.

    If there is a column ``writer``, each row must name one, so that writers can be held out.

    Returns:
        For each row the file's line it starts on, from 1, and its cells by column.

    Raises:
        HandwritingError: the table is missing, malformed or empty, or a row lacks its writer or has
            more cells than the table has columns.
    """
    if not table.is_file():
        raise HandwritingError(
            f"{table} does not exist. A folder of images needs it, with the columns "
            f"file and {column}."
        )
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = list(_records(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise HandwritingError(f"{table} is not a CSV file in UTF-8 ({error}).") from error
    (_, names), *records = lines or [(1, [])]
    if not records or not {"file", column} <= set(names):
        raise HandwritingError(
            f"{table} needs the columns file and {column}, and at least one row."
        )
    return [(line, _row(f"{table}, line {line}", names, cells)) for line, cells in records]


def _records(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """For each non-empty record the line it starts on, and its cells."""
    reader = csv.reader(file)
    begins = 1
    for cells in reader:
        if cells:
            yield begins, cells
        begins = reader.line_num + 1


def _row(place: str, names: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(names):
        raise HandwritingError(
            f"{place} has {len(cells)} cells for {len(names)} columns. Put quotes around a text "
            "with a comma."
        )
    row = dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=True))
    if not row.get("writer", "known").strip():
        raise HandwritingError(
            f"{place} names no writer. Name one in every line, or leave that column out."
        )
    return row


def check_file(table: Path, place: str, file: str) -> None:
    """Check that a row's file is named and lies in the table's folder.

    Args:
        table: that contains the row.
        place: in the table, for errors, such as ``line 3``.
        file: its name.

    Raises:
        HandwritingError: no file is named, or it lies outside the folder.
    """
    if not file:
        raise HandwritingError(f"{table}, {place} names no file.")
    if not _stays_inside(file):
        raise HandwritingError(
            f"{table}, {place}: {file!r} lies outside {table.parent}. "
            "Put the image into the folder, and give its path within the folder."
        )


def _stays_inside(file: str) -> bool:
    """Whether a path relative to a folder stays in that folder."""
    path = Path(os.path.normpath(file.replace("\\", "/")))
    return not path.is_absolute() and path.parts[:1] != ("..",)
