"""Lines of pages are used for training only if each line's text is known."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting.pages.known_lines import lines_of_pages, unseen_pages
from handwriting.training.text_data import load_sources
from handwriting.training.text_run import TextSettings
from tests.pages.drawn import draw_page, layout_of_page
from tests.pages.support import KnownLayout

WORDS = ("#one line", "#and another", "#third")


@pytest.fixture
def page(tmp_path):
    Image.fromarray(draw_page(text=WORDS)).save(tmp_path / "page.png")
    return tmp_path / "page.png"


@pytest.fixture
def layout():
    return KnownLayout(layout_of_page(text=WORDS))


def test_each_line_comes_with_its_text_and_page(page, layout):
    found = lines_of_pages([page], ["  one line\n\nand another \nthird"], layout)
    assert found.texts == ["one line", "and another", "third"]
    assert found.groups.tolist() == ["page.png"] * 3
    assert all(contrast.dtype == np.uint8 and contrast.max() > 200 for contrast in found.contrasts)
    widths = [np.flatnonzero(c.max(axis=0) > 127) for c in found.contrasts]
    lengths = [int(columns[-1] - columns[0]) for columns in widths]
    assert np.argsort(lengths).tolist() == np.argsort([len(w) for w in WORDS]).tolist()


def test_a_page_of_another_number_of_lines_gives_none(page, layout):
    found = lines_of_pages([page], ["one line\nand another"], layout)
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
    settings = TextSettings((str(page.parent),), held_out=0.0, photographed=0.0)
    assert load_sources(settings).pages == ["page.png"]
