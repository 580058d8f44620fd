"""Lines of pages are used for training only if each line's text is known."""

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from handwriting.pages.known_lines import lines_of_pages, unseen_pages
from handwriting.training.text_data import load_sources

WORDS = ("one line", "and another", "the third")


@pytest.fixture
def page(tmp_path):
    picture = np.full((900, 1200, 3), 235, np.uint8)
    for row, text in enumerate(WORDS):
        place = (150, 250 + 200 * row)
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 2.5, (60, 40, 40), 6)
    cv2.imwrite(str(tmp_path / "page.png"), picture)
    return tmp_path / "page.png"


def test_each_line_comes_with_its_text_and_page(page):
    found = lines_of_pages([page], ["  one line\n\nand another \nthe third"])
    assert found.texts == list(WORDS) and found.groups.tolist() == ["page.png"] * 3
    assert all(contrast.dtype == np.uint8 and contrast.max() > 200 for contrast in found.contrasts)
    widths = [np.flatnonzero(c.max(axis=0) > 127) for c in found.contrasts]
    lengths = [int(columns[-1] - columns[0]) for columns in widths]
    assert np.argsort(lengths).tolist() == np.argsort([len(w) for w in WORDS]).tolist()


def test_a_page_of_another_number_of_lines_gives_none(page):
    found = lines_of_pages([page], ["one line\nand another"])
    assert found.contrasts == [] and found.texts == [] and len(found.groups) == 0


def test_pages_that_a_training_saw_are_left_aside():
    pages, texts = [Path("a/1.png"), Path("a/2.png")], ["one", "two"]
    assert unseen_pages(pages, texts, ["1.png"]) == (pages[1:], texts[1:])
    assert unseen_pages(pages, texts, []) == (pages, texts)


def test_a_training_tells_the_pages_that_it_has_lines_of(page):
    shutil.copy(page, page.with_name("other.png"))
    texts = {"page.png": "\n".join(WORDS), "other.png": "one line\nand another"}
    with (page.parent / "text.csv").open("w", newline="") as table:
        csv.writer(table).writerows([("file", "text"), *texts.items()])
    assert load_sources([str(page.parent)], 0.0, 0.0).pages == ["page.png"]
