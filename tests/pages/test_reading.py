"""A page is turned upright and its lines are read in order, with a correct box for each word."""

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.evaluation.text_metrics import text_metrics
from handwriting.lines.decoding import GREEDY, CharacterRead, LineRead
from handwriting.lines.reader import Reader, find_reader
from handwriting.pages.page_text import text_of_page
from handwriting.pages.photographs import Photograph, open_photograph
from handwriting.pages.reading import (
    evenness,
    ink_of_page,
    read_page,
    read_picture,
    read_single_line,
)
from tests.pages.drawn import LEFT, PITCH, TEXT, TOP, draw_page


class MarkReader:
    """Reads each picture as ``ab cd``, surely where the bold mark stands at its left end."""

    def read(self, pictures, decoder=GREEDY, least_clear=0.0):
        return [LineRead(self._characters(picture), 0.5) for picture in pictures]

    def _characters(self, picture):
        middle = (picture > 127).sum(axis=0)
        sure = 0.9 if middle[4:24].sum() > middle[-24:-4].sum() else 0.2
        steps = np.linspace(1, picture.shape[1] / 4 - 2, 5).astype(int)
        return [
            CharacterRead(int(step), int(step), [(character, sure), ("x", (1 - sure) / 2)])
            for step, character in zip(steps, "ab cd", strict=True)
        ]


def photograph_of(colours: np.ndarray) -> Photograph:
    return Photograph(colours, colours.shape[1::-1])


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_page_turned_any_way_is_read_upright_and_its_boxes_lie_in_the_picture(quarters):
    colours = np.ascontiguousarray(np.rot90(draw_page("ruled"), quarters))
    lines = read_page(MarkReader(), photograph_of(colours))
    assert [line.whole.text for line in lines] == ["ab cd"] * len(TEXT)
    assert [line.indent > 0 for line in lines] == [False, True, True, True, False]
    assert lines[2].indent > lines[1].indent
    height, width = draw_page().shape[:2]
    for k, line in enumerate(lines):
        corner = {
            0: lambda p: p,
            1: lambda p: np.array([width - p[1], p[0]]),
            2: lambda p: np.array([width - p[0], height - p[1]]),
            3: lambda p: np.array([p[1], height - p[0]]),
        }[quarters](line.whole.polygon[3])
        assert corner[1] == pytest.approx(TOP + k * PITCH, abs=30)
    first = lines[0]
    assert [word.text for word in first.words] == ["ab", "cd"]
    assert first.whole.confidence == pytest.approx(0.5)


def test_boxes_are_in_pixels_of_a_large_picture(tmp_path):
    page = Image.fromarray(draw_page()).resize((3000, 2400))
    page.save(tmp_path / "large.jpg")
    lines = read_page(MarkReader(), open_photograph(tmp_path / "large.jpg"))
    assert len(lines) == len(TEXT)
    left, top = lines[0].whole.polygon[0]
    assert left == pytest.approx(3 * LEFT, abs=30) and 3 * (TOP - 50) < top < 3 * TOP


@pytest.mark.parametrize("shape", [(100, 1000), (1000, 100), (60, 2000)])
def test_a_narrow_picture_is_not_drawn_out_without_end(shape):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        picture = np.full((*shape, 3), 220, dtype=np.uint8)
        for start, end in rng.random((12, 2, 2)) * shape[::-1]:
            cv2.line(picture, start.astype(int).tolist(), end.astype(int).tolist(), (30, 30, 30), 3)
        view, _ = ink_of_page(picture)
        assert np.prod(view.size) < 12 * np.prod(shape)


@pytest.mark.parametrize("shape", [(900, 1), (2000, 3), (1, 900), (1, 1), (5, 1)])
def test_a_picture_a_pixel_wide_or_high_is_read_without_a_fault(shape):
    stripes = (np.indices((*shape, 3))[0] // 7 % 2 * 200).astype(np.uint8)
    for picture in (stripes, np.zeros_like(stripes)):
        assert isinstance(read_picture(MarkReader(), photograph_of(picture)), list)


def test_a_picture_with_room_for_one_line_and_one_filled_by_a_letter_are_read_as_a_line():
    strip = draw_page(text=TEXT[:1])[TOP - 40 : TOP + 20, 100:900]
    assert len(read_page(MarkReader(), photograph_of(strip))) == 1
    letter = np.full((600, 500, 3), 230, dtype=np.uint8)
    letter[30:570, 200:300] = letter[30:130, 30:470] = 20
    lines = read_page(MarkReader(), photograph_of(letter))
    assert len(lines) == 1
    low, high = lines[0].whole.polygon.min(axis=0), lines[0].whole.polygon.max(axis=0)
    assert np.abs(low - 30).max() < 12 and np.abs(high - (470, 570)).max() < 12


def test_a_blank_picture_has_no_text():
    blank = photograph_of(np.full((200, 300, 3), 240, dtype=np.uint8))
    assert read_page(MarkReader(), blank) == read_single_line(MarkReader(), blank) == []
    assert text_of_page([]) == ""


def test_lines_that_stand_below_like_ones_are_not_taken_for_columns():
    """Of a list the sums of columns differ more than those of rows, though it is level."""
    colours = np.full((1000, 1000, 3), 240, np.uint8)
    texts = [f"the quick brown fox {number}" for number in range(10, 30)]
    for row, text in enumerate(texts):
        place = (50, 60 + 46 * row)
        cv2.putText(colours, text, place, cv2.FONT_ITALIC, 1, (60, 40, 30), 3, cv2.LINE_AA)
    _, ink = ink_of_page(colours)
    across, down = evenness(ink)
    assert down > 1.6 * across, "else the case is another"
    lines = read_page(Reader.load(find_reader("latest")), photograph_of(colours))
    assert text_metrics([line.whole.text for line in lines], texts)["cer"] < 0.2


def test_a_picture_of_one_line_is_read_as_a_line_and_a_page_as_a_page():
    page = draw_page()
    assert len(read_picture(MarkReader(), photograph_of(page))) == len(TEXT)
    line = np.ascontiguousarray(page[TOP - 60 : TOP + 40])
    (found,) = read_picture(MarkReader(), photograph_of(line[:90]))
    assert found.whole.text == "ab cd"
    (found,) = read_picture(
        MarkReader(), photograph_of(np.pad(line, ((60, 60), (0, 0), (0, 0)), "edge"))
    )
    assert found.whole.text == "ab cd"


def test_a_blank_picture_has_no_line_however_it_is_read():
    blank = photograph_of(np.full((300, 400, 3), 225, dtype=np.uint8))
    assert read_picture(MarkReader(), blank) == []


class UnsureReader(MarkReader):
    """Finds the narrowest picture, or all, unlike writing."""

    def __init__(self, clearness: float) -> None:
        self.clearness = clearness

    def read(self, pictures, decoder=GREEDY, least_clear=0.0):
        narrowest = min((picture.shape[1] for picture in pictures), default=0)
        return [
            LineRead(
                self._characters(picture),
                0.5,
                0.2 if picture.shape[1] == narrowest else self.clearness,
            )
            for picture in pictures
        ]


def test_a_line_far_less_clear_than_the_others_is_left_out_and_a_page_without_clear_ones_has_none():
    page = photograph_of(draw_page())
    assert len(read_page(UnsureReader(0.95), page)) == len(TEXT) - 1
    assert read_page(UnsureReader(0.4), page) == []
