"""Rows of boxes are found and read as one word or number; squared paper and tables are none."""

import time

import cv2
import numpy as np
import pytest

from handwriting.pages.box_rows import box_rows, read_boxes
from handwriting.pages.view import View
from handwriting.recognition.recognizer import Recognizer, find_weights
from tests.pages.drawn import draw_page

SIDE, TOP, LEFT = 60, 120, 90


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(find_weights("best"))


def page_with_boxes(text: str, count: int, gap: int = 0, rows: int = 1) -> np.ndarray:
    """uint8 (500, 900, 3): rows of boxes with a character in each of the first ones."""
    page = np.full((500, 900, 3), 235, np.uint8)
    for row in range(rows):
        for k in range(count):
            x, y = LEFT + k * (SIDE + gap), TOP + row * SIDE
            cv2.rectangle(page, (x, y), (x + SIDE, y + SIDE), (90, 120, 90), 2)
            if k < len(text):
                place = (x + 14, y + SIDE - 14)
                cv2.putText(page, text[k], place, 0, 1.4, (60, 30, 30), 3, cv2.LINE_AA)
    return page


def view_of(page: np.ndarray) -> View:
    return View(0, page.shape[1::-1], np.ones(2))


@pytest.mark.parametrize("gap", [0, 12, 40])
@pytest.mark.parametrize("text", ["2749385", "HAMTKEF"])
def test_a_row_of_boxes_is_one_word_of_one_set_and_each_box_a_cell(recognizer, text, gap):
    page = page_with_boxes(text, 7, gap)
    (row,) = box_rows(page)
    line, field = read_boxes(recognizer, page, row, view_of(page))
    assert sum(a == b for a, b in zip(line.text, text, strict=True)) >= 5
    assert line.text.isdigit() == text.isdigit()
    assert [cell.text for cell in field.cells] == list(line.text) and field.text == line.text
    left, top, right, bottom = field.box
    assert abs(left - LEFT) < 8 and abs(top - TOP) < 8 and abs(bottom - TOP - SIDE) < 8
    assert abs(right - LEFT - 7 * SIDE - 6 * gap) < 10


def test_empty_boxes_stay_empty_cells(recognizer):
    page = page_with_boxes("58", 6)
    (row,) = box_rows(page)
    line, field = read_boxes(recognizer, page, row, view_of(page))
    assert (
        len(line.text) == 2
        and [bool(cell.text) for cell in field.cells] == [True] * 2 + [False] * 4
    )
    blank = page_with_boxes("", 6)
    assert read_boxes(recognizer, blank, box_rows(blank)[0], view_of(blank)) is None


def test_a_character_that_crosses_its_box_does_not_break_the_row():
    page = page_with_boxes("123456", 6)
    cv2.line(
        page, (LEFT + 2 * SIDE + 20, TOP - 15), (LEFT + 2 * SIDE + 35, TOP + 80), (60, 30, 30), 4
    )
    (row,) = box_rows(page)
    assert len(row.cells) == 6


def test_boxes_of_a_tilted_page_are_found():
    page = page_with_boxes("271", 8)
    turn = cv2.getRotationMatrix2D((450, 250), 7, 1)
    (row,) = box_rows(cv2.warpAffine(page, turn, (900, 500), borderValue=(235, 235, 235)))
    assert len(row.cells) == 8


@pytest.mark.parametrize("paper", ["plain", "ruled", "squared"])
def test_paper_has_no_boxes(paper):
    assert box_rows(draw_page(paper)) == []


def test_a_table_is_no_row_of_boxes():
    assert box_rows(page_with_boxes("1234567", 7, rows=5)) == []


def test_ten_thousand_boxes_and_none_take_no_seconds():
    page = np.full((1200, 1200, 3), 235, np.uint8)
    assert box_rows(page) == []
    page[::12], page[:, ::12] = 40, 40
    start = time.process_time()
    box_rows(page)
    assert time.process_time() - start < 8
