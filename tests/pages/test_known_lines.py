"""Lines of pages are trained on only where it is known which text is whose."""

import shutil

import cv2
import numpy as np
import pytest

from handwriting.pages.known_lines import lines_of_pages, unseen_pages

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


def test_a_page_left_out_or_without_known_lines_was_not_seen(page):
    pages = [page, page.with_name("other.png")]
    shutil.copy(*pages)
    texts = ["\n".join(WORDS), "one line\nand another"]
    assert unseen_pages(pages, texts, 0.0) == (pages[1:], texts[1:])
    assert unseen_pages(pages, texts, 1.0) == (pages, texts)
