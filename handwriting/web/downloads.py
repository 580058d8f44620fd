"""Downloads of predicted text as plain text, CSV, JSON and searchable PDF."""

import csv
import io
import json
import re
from collections.abc import Sequence

from handwriting.formats.searchable_pdf import SearchablePdf
from handwriting.pages.page_text import text_of_page
from handwriting.pages.records import COLUMNS, word_rows
from handwriting.web.picture_reading import PictureRead
from handwriting.web.shelf import Entry

_FORMULA = tuple("=+-@\t\r")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")


def as_text(entries: Sequence[Entry]) -> str:
    """The text; several images and pages have their names as headings."""
    if len(entries) == 1:
        return text_of_page(entries[0].lines) + "\n"
    return "\n".join(f"{entry.given.title}:\n{text_of_page(entry.lines)}\n" for entry in entries)


def as_csv(entries: Sequence[Entry]) -> str:
    """CSV with the rows of `pages.records.word_rows`; no cell is a formula.

    With pages of a document a second column has their numbers.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    has_pages = any(entry.given.page for entry in entries)
    file, *others = COLUMNS
    writer.writerow([file, *(["page"] if has_pages else []), *others])
    for entry in entries:
        page = [entry.given.page or ""] if has_pages else []
        for name, *cells in word_rows(entry.given.name, entry.lines):
            writer.writerow([no_formula(name), *page, *map(no_formula, cells)])
    return table.getvalue()


def as_pdf(entries: Sequence[Entry]) -> bytes:
    """A searchable PDF of all images and pages that were read."""
    content = io.BytesIO()
    with SearchablePdf() as pdf:
        for entry in entries:
            if isinstance(entry.answer, PictureRead):
                pdf.add(io.BytesIO(entry.given.content), entry.page.annotated(entry.given.name))
        pdf.save(content)
    return content.getvalue()


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
        entry.page.record(entry.given.name)
        for entry in entries
        if isinstance(entry.answer, PictureRead)
    ]
    return "".join(json.dumps(record) + "\n" for record in records)
