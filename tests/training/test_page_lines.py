"""Training lines of annotated pages, cut as reading cuts them."""

import shutil

import numpy as np
import pytest

from handwriting import PROJECT
from handwriting.errors import HandwritingError
from handwriting.imaging.text_lines import TextLine
from handwriting.pages.layout import LAYOUT_FOLDER, Layout, find_layout
from handwriting.training.page_lines import _lies_in, load_page_lines
from tests.support import shared_folder


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    source = shared_folder("scanned_pages") / "copiste"
    page = sorted(source.glob("*.xml"))[3]
    for file in source.glob(f"{page.stem}.*"):
        shutil.copy(file, folder)
    layout = Layout.load(find_layout("latest", PROJECT / LAYOUT_FOLDER))
    return load_page_lines(folder, layout)


def test_a_line_is_cut_in_up_to_three_ways(lines):
    texts, times = np.unique(lines.texts, return_counts=True)
    assert len(texts) >= 3
    assert times.max() <= 3 and (times >= 2).all()
    assert (times == 3).mean() > 0.5


def test_cuts_of_a_line_differ_and_hold_their_ink(lines):
    text = lines.texts[0]
    cuts = [c for c, t in zip(lines.contrasts, lines.texts, strict=True) if t == text]
    assert len({cut.tobytes() for cut in cuts}) == len(cuts)
    for contrast, (left, top, right, bottom) in zip(lines.contrasts, lines.boxes, strict=True):
        assert 0 <= left < right <= contrast.shape[1]
        assert 0 <= top < bottom <= contrast.shape[0]
        assert contrast[top:bottom, left:right].max() > 127


def test_texts_are_as_written(lines):
    assert any(not text.isascii() for text in lines.texts)


def test_pictures_of_writers_who_are_not_asked_for_are_not_opened(tmp_path):
    source = shared_folder("scanned_pages") / "copiste"
    page = sorted(source.glob("*.xml"))[3]
    shutil.copy(page, tmp_path)
    (tmp_path / f"{page.stem}.png").write_bytes(b"no picture")
    layout = Layout.load(find_layout("latest", PROJECT / LAYOUT_FOLDER))
    assert load_page_lines(tmp_path, layout, held_out=0.0).texts == []
    with pytest.raises(HandwritingError, match="is not a readable image"):
        load_page_lines(tmp_path, layout, held_out=1.0)


def level(left: float, right: float, y: float = 50.0, high: float = 10.0) -> TextLine:
    x = np.arange(left, right, high / 2)
    return TextLine(np.stack((x, np.full_like(x, y)), axis=1), np.full(len(x), high))


def test_a_line_lies_in_a_longer_one_and_not_the_other_way_round():
    short, long = level(0, 100), level(0, 300)
    assert _lies_in(short, long) == 1
    assert _lies_in(long, short) < 0.5
    assert _lies_in(short, level(0, 100, y=58)) == 0
