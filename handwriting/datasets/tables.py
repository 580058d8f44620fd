"""The tables that lie beside pictures: `labels.csv` and `text.csv`."""

import csv
import os
from pathlib import Path

from handwriting.errors import HandwritingError


def read_table(table: Path, column: str) -> list[dict[str, str]]:
    """The rows of a table with the columns ``file`` and ``column``, a dictionary each.

    Raises:
        HandwritingError: missing, not such a table, or without a row.
    """
    if not table.is_file():
        raise HandwritingError(
            f"{table} does not exist. A folder of pictures needs it, with the columns "
            f"file and {column}."
        )
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise HandwritingError(f"{table} is not a CSV file in UTF-8 ({error}).") from error
    if not rows or not {"file", column} <= set(rows[0]):
        raise HandwritingError(f"{table} needs the columns file and {column}, and a row at least.")
    return rows


def check_file(table: Path, line: int, file: str) -> None:
    """Check that a row's file is named and lies in the table's folder.

    Raises:
        HandwritingError: it is not or does not.
    """
    if not file:
        raise HandwritingError(f"{table}, line {line} names no file.")
    if not _stays_inside(file):
        raise HandwritingError(
            f"{table}, line {line}: {file!r} lies outside {table.parent}. "
            "Put the picture into the folder and name it from there."
        )


def _stays_inside(file: str) -> bool:
    """Whether a name, taken from a folder, leads to something in that folder."""
    path = Path(os.path.normpath(file.replace("\\", "/")))
    return not path.is_absolute() and path.parts[:1] != ("..",)
