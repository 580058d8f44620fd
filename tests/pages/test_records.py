"""Everything that was found in a picture is in its record, ready for JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from handwriting.lines.decoding import CharacterRead
from handwriting.pages.page_text import CellRead, FieldRead, LineOfPage, Unread, WordRead
from handwriting.pages.records import COLUMNS, Page, word_rows


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=float)


def word_of(text: str, left: float) -> WordRead:
    ranked = [[(c, 0.9), ("x", 0.05)] for c in text]
    characters = [CharacterRead(k, k, each) for k, each in enumerate(ranked)]
    return WordRead(text, 0.12345678, box(left, 20.4, left + 40, 60.6), characters)


LINE = LineOfPage(word_of("ab cd", 10), [word_of("ab", 10), word_of("cd", 60)], indent=2)
UNREAD = [Unread(box(5.2, 100, 95.7, 130), "print"), Unread(box(5, 140, 95, 170), "unclear")]


def field_of(kind: str, *texts: tuple[int, int, str]) -> FieldRead:
    cells = [
        CellRead(box(100 * column, 50 * row, 100 * column + 90, 50 * row + 40), row, column, text)
        for row, column, text in texts
    ]
    return FieldRead(kind, cells)


BOXES = field_of("boxes", (0, 0, "4"), (0, 1, ""), (0, 2, "7 "))
TABLE = field_of("table", (0, 0, "a"), (0, 1, "b c"), (1, 0, ""), (1, 1, "d"))


@pytest.fixture
def record() -> dict:
    page = Page(200, 180, [LINE], UNREAD, [BOXES, TABLE])
    return json.loads(json.dumps(page.record("x.png")))


def test_the_record_names_the_file_and_has_lines_words_and_characters(record):
    assert (record["file"], record["width"], record["height"]) == ("x.png", 200, 180)
    assert record["text"] == "  ab cd"
    (line,) = record["lines"]
    assert (line["text"], line["indent"], line["confidence"]) == ("ab cd", 2, 0.1235)
    assert line["box"] == [10, 20, 50, 61] and len(line["polygon"]) == 4
    assert [word["text"] for word in line["words"]] == ["ab", "cd"]
    assert line["characters"][0] == [["a", 0.9], ["x", 0.05]]


def test_what_was_not_read_has_its_reason_and_place(record):
    assert [place["why"] for place in record["unread"]] == ["print", "unclear"]
    assert record["unread"][0]["box"] == [5, 100, 96, 130]
    assert record["unread"][0]["polygon"] == [[5, 100], [96, 100], [96, 130], [5, 130]]


def test_a_row_of_boxes_is_one_word_and_a_table_has_rows_and_tabs(record):
    boxes, table = record["fields"]
    assert (boxes["kind"], boxes["text"], boxes["box"]) == ("boxes", "47", [0, 0, 290, 40])
    assert (table["kind"], table["text"]) == ("table", "a\tb c\n\td")
    assert [(cell["row"], cell["column"]) for cell in table["cells"]] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    assert table["cells"][3]["polygon"][0] == [100, 50]


def test_a_picture_without_writing_has_a_record_too():
    record = Page(3, 2, []).record("blank.png")
    assert record == {
        **{"file": "blank.png", "width": 3, "height": 2},
        **{"text": "", "lines": [], "fields": [], "unread": []},
    }


def test_only_a_page_of_a_document_has_a_number():
    page = Page(200, 180, [LINE], UNREAD, [BOXES])
    third = replace(page, number=3)
    assert third.record("x.pdf") == {**page.record("x.pdf"), "page": 3}
    assert (page.annotated("x.png").number, third.annotated("x.pdf").number) == (1, 3)


def test_a_document_has_the_lines_and_not_what_was_not_read():
    (line,) = Page(200, 180, [LINE], UNREAD).annotated("x.png").lines
    assert line.text == "ab cd" and [word.text for word in line.words] == ["ab", "cd"]


def test_a_row_for_each_word():
    rows = word_rows("x.png", [LINE])
    assert [dict(zip(COLUMNS, row, strict=True))["text"] for row in rows] == ["ab", "cd"]
    assert rows[1] == ("x.png", 1, 2, "cd", 0.1235, 60, 20, 100, 61)
