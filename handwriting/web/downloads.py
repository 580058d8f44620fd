"""What was read of several pictures, as files to download."""

import csv
import io
import json
from collections.abc import Sequence

from handwriting.pages.reading import text_of_page
from handwriting.pages.records import COLUMNS, picture_record, word_rows
from handwriting.web.picture_reading import PictureRead
from handwriting.web.shelf import Entry


def as_text(entries: Sequence[Entry]) -> str:
    """The text; several pictures are told apart by their names."""
    if len(entries) == 1:
        return text_of_page(entries[0].lines) + "\n"
    return "\n".join(f"{entry.given.name}:\n{text_of_page(entry.lines)}\n" for entry in entries)


def as_csv(entries: Sequence[Entry]) -> str:
    """A row for each word, as `pages.records.word_rows`."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerows(word_rows(entry.given.name, entry.lines))
    return table.getvalue()


def as_json(entries: Sequence[Entry]) -> str:
    """A line with an object for each picture, as `read_picture.py --json` prints it."""
    records = [
        picture_record(entry.given.name, entry.answer.size, entry.lines)
        for entry in entries
        if isinstance(entry.answer, PictureRead)
    ]
    return "".join(json.dumps(record) + "\n" for record in records)
