"""Downloads of predicted text as plain text, CSV and JSON."""

import csv
import io
import json
import re
from collections.abc import Sequence

from handwriting.pages.page_text import text_of_page
from handwriting.pages.records import COLUMNS, picture_record, word_rows
from handwriting.web.picture_reading import PictureRead
from handwriting.web.shelf import Entry

_FORMULA = tuple("=+-@\t\r")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")


def as_text(entries: Sequence[Entry]) -> str:
    """The text; several images have their names as headings."""
    if len(entries) == 1:
        return text_of_page(entries[0].lines) + "\n"
    return "\n".join(f"{entry.given.name}:\n{text_of_page(entry.lines)}\n" for entry in entries)


def as_csv(entries: Sequence[Entry]) -> str:
    """CSV with the rows of `pages.records.word_rows`; no cell is a formula."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for entry in entries:
        for row in word_rows(entry.given.name, entry.lines):
            writer.writerow(map(no_formula, row))
    return table.getvalue()


def no_formula(cell: str | int | float) -> str | int | float:
    """Prefix a cell with an apostrophe if a spreadsheet would evaluate it as a formula.

    Numbers stay unchanged (OWASP, "CSV Injection").
    """
    if not isinstance(cell, str) or not cell.startswith(_FORMULA) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def as_json(entries: Sequence[Entry]) -> str:
    """One JSON object for each image, one a line, in the format of `read_picture.py --json`."""
    records = [
        picture_record(
            entry.given.name,
            entry.answer.size,
            entry.lines,
            entry.answer.unread,
            entry.fields,
        )
        for entry in entries
        if isinstance(entry.answer, PictureRead)
    ]
    return "".join(json.dumps(record) + "\n" for record in records)
