"""Lines are found on any paper, rotated, in shadow, on a table; ruled lines and dust are
ignored."""

import csv

import cv2
import numpy as np
import pytest

from handwriting.pages.ink import page_contrast, page_ink
from handwriting.pages.lines import find_lines, letter_height
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import ink_of_page
from handwriting.pages.sheet import View, find_sheet, straightened
from handwriting.pages.tilt import Tilt, sharpness, tilt_of
from tests.pages.drawn import (
    LEFT,
    PITCH,
    SIZE,
    TEXT,
    TOP,
    draw_page,
    from_aside,
    in_shadow,
    on_table,
    rotated,
)
from tests.support import shared_folder


def lines_of(colours: np.ndarray) -> list:
    return find_lines(ink_of_page(colours)[1])


@pytest.mark.parametrize("paper", ["plain", "ruled", "squared"])
@pytest.mark.parametrize("degrees", [0, 7, -15])
def test_every_line_is_found_on_any_paper_however_it_is_turned(paper, degrees):
    photograph = rotated(draw_page(paper), degrees)
    lines = lines_of(in_shadow(photograph))
    assert len(lines) == len(TEXT)
    # Each is level: as high as print is, not as high as a slanting line.
    assert max(len(line.ink) for line in lines) < 0.85 * PITCH


@pytest.mark.parametrize(
    ("paper", "degrees", "axis"),
    [
        *(("plain", -20, 0), ("plain", 20, 1), ("ruled", 20, 0)),
        *(("ruled", -20, 1), ("squared", -20, 0), ("squared", 20, 1)),
    ],
)
def test_every_line_is_found_and_level_seen_from_aside(paper, degrees, axis):
    lines = lines_of(from_aside(draw_page(paper), degrees, axis))
    assert len(lines) == len(TEXT)
    assert max(len(line.ink) for line in lines) < 0.85 * PITCH


@pytest.mark.parametrize("across", [-18, 0, 12])
@pytest.mark.parametrize("angle", [-6, 0, 9])
def test_how_lines_lie_is_told_from_them(across, angle):
    page = 225 - draw_page("ruled").min(axis=2)
    size = page.shape[::-1]
    fanned = np.linalg.inv(Tilt(angle, across).levelling(size))
    found = tilt_of(cv2.resize(cv2.warpPerspective(page, fanned, size), (500, 400)))
    assert found.angle == pytest.approx(angle, abs=1)
    assert found.across == pytest.approx(across, abs=3)


def test_a_level_page_stays_as_it_is():
    view, _ = ink_of_page(draw_page("squared"))
    assert np.allclose(view.matrix, np.eye(3)) and view.size == SIZE


@pytest.mark.parametrize("tilt", [Tilt(), Tilt(7), Tilt(4, 14)])
def test_a_line_lies_where_it_was_written(tilt):
    matrix = np.linalg.inv(tilt.levelling(SIZE))
    photograph = cv2.warpPerspective(draw_page("ruled"), matrix, SIZE, borderValue=(225, 225, 225))
    view, ink = ink_of_page(photograph)
    lines = find_lines(ink)
    assert len(lines) == len(TEXT)
    for k, line in enumerate(lines):
        x = LEFT + 22 * (len(TEXT[k]) - len(TEXT[k].lstrip()))
        place = np.array([[[x, TOP + k * PITCH]]], dtype=float)
        written = cv2.perspectiveTransform(place, matrix)[0, 0]
        rows, columns = np.nonzero(line.ink > 127)
        lower_left = np.array([[columns.min(), np.percentile(rows, 90)]], dtype=float)
        found = view.to_picture(line.to_page(lower_left))[0]
        assert np.abs(found - written).max() < 20


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_view_that_is_turned_maps_back_to_the_picture(quarters):
    matrix = np.array([[1.1, 0.2, 5], [0.1, 0.9, -3], [1e-4, 0, 1]])
    view = View(matrix, (300, 200))
    place = np.array([[40.0, 70]])
    marked = np.zeros((200, 300))
    on_page = cv2.perspectiveTransform(place[None], matrix)[0, 0].round().astype(int)
    marked[on_page[1], on_page[0]] = 1
    turned = view.turned(quarters)
    y, x = np.argwhere(np.rot90(marked, quarters))[0]
    assert turned.size == np.rot90(marked, quarters).shape[::-1]
    assert np.abs(turned.to_picture(np.array([[x, y]])) - place).max() < 1.5


def test_a_sheet_on_a_table_is_straightened():
    corners = np.array([[160, 150], [1080, 90], [1150, 1000], [90, 930]])
    photograph = on_table(draw_page("ruled"), corners)
    _, found = find_sheet(photograph)
    assert np.abs(found - corners).max() < 12
    lines = lines_of(photograph)
    assert len(lines) == len(TEXT)


def test_a_shadow_is_no_edge_of_a_sheet():
    assert find_sheet(in_shadow(draw_page())) is None
    assert find_sheet(draw_page("squared")) is None


@pytest.mark.parametrize("paper", ["ruled", "squared"])
def test_rulings_go_and_letters_stay_whole(paper):
    plain, ruled = (page_ink(page_contrast(draw_page(p))) > 127 for p in ("plain", paper))
    assert (ruled & plain).sum() > 0.93 * plain.sum()
    near = cv2.dilate(plain.astype(np.uint8), np.ones((9, 9))) > 0
    assert (ruled & ~near).sum() < 0.02 * plain.sum()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_picture_has_no_line(level):
    assert lines_of(np.full((300, 200, 3), level, dtype=np.uint8)) == []


@pytest.mark.parametrize("shape", [(5, 1), (1, 5), (1, 1), (2, 3)])
def test_a_few_pixels_have_no_line(shape):
    assert lines_of(np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)) == []


def test_writing_in_chalk_on_a_board_is_found():
    assert len(lines_of(255 - draw_page())) == len(TEXT)


@pytest.mark.slow
def test_the_lines_of_real_pages_are_found():
    folder = shared_folder("pages")
    with (folder / "text.csv").open(newline="") as file:
        texts = {row["file"]: row["text"] for row in csv.DictReader(file)}
    for name in ("08.jpg", "20.jpg", "40.jpg"):
        written = sum(bool(line.strip()) for line in texts[name].splitlines())
        lines = lines_of(open_photograph(folder / name).colours)
        assert abs(len(lines) - written) <= 1, name


def test_the_drawn_page_is_as_large_as_said():
    assert draw_page().shape == (SIZE[1], SIZE[0], 3)


def test_a_word_joined_in_one_stroke_is_no_bar():
    page = draw_page()
    x = np.arange(300, 560)
    wave = np.stack((x, 700 + 14 * np.sin(x / 5)), axis=1).astype(np.int32)
    cv2.polylines(page, [wave], False, (30, 30, 90), 4)
    cv2.line(page, (620, 700), (900, 700), (30, 30, 90), 4)
    last = lines_of(page)[-1]
    columns = np.flatnonzero((last.ink > 127).any(axis=0)) + last.origin
    assert columns[0] == pytest.approx(300, abs=5) and columns[-1] == pytest.approx(560, abs=5)


def test_specks_beside_the_page_belong_to_no_line():
    page = draw_page()
    for y in range(100, 650, 14):
        cv2.line(page, (12, y), (18, y + 6), (20, 20, 20), 4)
    lines = lines_of(page)
    assert len(lines) == len(TEXT) and min(line.origin for line in lines) > 60


def test_writing_that_lies_askew_is_made_level_by_itself_and_level_writing_left_alone():
    ink = ink_of_page(draw_page())[1]
    small = cv2.resize(ink, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    size = small.shape[::-1]
    whole = View(np.eye(3), size)
    assert straightened(whole, small) is None
    for tilt in (Tilt(12), Tilt(-4, 18)):
        askew = cv2.warpPerspective(small, np.linalg.inv(tilt.levelling(size)), size)
        better = straightened(whole, askew)
        sharp = max(sharpness(cv2.warpPerspective(askew, better.matrix, better.size)))
        assert sharp > 0.4 * max(sharpness(small)), "twice drawn anew, it is less sharp"
        assert sharp > 1.2 * max(sharpness(askew))


def test_what_lies_beside_the_paper_does_not_decide_the_height_of_a_letter():
    letters = np.array([[0, 0, 20, 20, 120]] * 40)
    table = np.array([[0, 0, 200, 200, 4000]] * 8)
    assert letter_height(np.concatenate((letters, table))) == 20
