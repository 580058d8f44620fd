"""What was read of several images, as files to download."""

import csv
import io
import json
import re
from collections.abc import Sequence

from handwriting.pages.reading import text_of_page
from handwriting.pages.records import COLUMNS, picture_record, word_rows
from handwriting.web.picture_reading import PictureRead
from handwriting.web.shelf import Entry

_FORMULA = tuple("=+-@\t\r")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")


def as_text(entries: Sequence[Entry]) -> str:
    """The text; several pictures are told apart by their names."""
    if len(entries) == 1:
        return text_of_page(entries[0].lines) + "\n"
    return "\n".join(f"{entry.given.name}:\n{text_of_page(entry.lines)}\n" for entry in entries)


def as_csv(entries: Sequence[Entry]) -> str:
    """A row for each word, as `pages.records.word_rows`; no cell is a formula."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for entry in entries:
        for row in word_rows(entry.given.name, entry.lines):
            writer.writerow(map(no_formula, row))
    return table.getvalue()


def no_formula(cell: str | int | float) -> str | int | float:
    """The cell; with an apostrophe before it where a spreadsheet would run it as a formula.

    A number stays as it is. See OWASP, "CSV Injection".
    """
    if not isinstance(cell, str) or not cell.startswith(_FORMULA) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def as_json(entries: Sequence[Entry]) -> str:
    """A line with an object for each picture, as `read_picture.py --json` prints it."""
    records = [
        picture_record(entry.given.name, entry.answer.size, entry.lines)
        for entry in entries
        if isinstance(entry.answer, PictureRead)
    ]
    return "".join(json.dumps(record) + "\n" for record in records)
