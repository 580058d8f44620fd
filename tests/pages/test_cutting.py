"""Cutting lines out of whole pictures, given where they lie."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from handwriting.datasets.page_layouts import load_layouts
from handwriting.evaluation.text_metrics import edit_distance
from handwriting.imaging.line import cut_line
from handwriting.imaging.text_lines import TextLine
from handwriting.lines.reader import Reader, find_reader
from handwriting.pages.cutting import CORE, Strip, strips_of
from handwriting.pages.layout_maps import LayoutMaps
from tests.support import PROJECT, shared_folder

PAPER, INK = 235, 40


def paper(height: int = 300, width: int = 600) -> np.ndarray:
    return np.full((height, width, 3), PAPER, dtype=np.uint8)


def stroke(picture: np.ndarray, *points: tuple[int, int], thick: int = 4) -> None:
    cv2.polylines(picture, [np.array(points, dtype=np.int32)], False, (INK,) * 3, thick)


def letters(picture: np.ndarray, y: int, high: int = 30, left: int = 60, right: int = 540) -> None:
    """Small letters like ``u`` with the middle of their core zone at ``y``."""
    top, bottom = y - high // 2 + 2, y + high // 2 - 2
    for x in range(left, right - 20, 40):
        stroke(picture, (x, top), (x, bottom), (x + 20, bottom), (x + 20, top))


def level(y: float, high: float = 30, left: float = 60, right: float = 540) -> TextLine:
    x = np.linspace(left, right, 9)
    return TextLine(np.stack((x, np.full(9, y)), axis=1), np.full(9, high))


def only(strips: list[Strip | None]) -> Strip:
    (strip,) = strips
    assert strip is not None
    return strip


def inked(strip: Strip, points: list[tuple[float, float]]) -> np.ndarray:
    """float (N,): the most ink of a strip within 2 pixels of points of the picture."""
    height, width = strip.contrast.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 2)
    places = strip.to_picture(grid.astype(float))
    found = []
    for point in points:
        near = np.linalg.norm(places - point, axis=1) < 2
        found.append(strip.contrast.ravel()[near].max(initial=0))
    return np.array(found)


def test_a_curved_slanting_line_becomes_level_and_its_points_map_back() -> None:
    picture = paper(500, 900)
    x = np.linspace(80, 820, 25)
    y = 200 + 0.15 * x + 30 * np.sin(x / 250)
    for point in zip(x, y, strict=True):
        cv2.circle(picture, [round(float(v)) for v in point], 9, (INK,) * 3, -1)
    strip = only(strips_of(picture, [TextLine(np.stack((x, y), axis=1), np.full(25, 20.0))]))
    count, _, _, centres = cv2.connectedComponentsWithStats((strip.contrast > 127).astype(np.uint8))
    assert count == 26
    assert np.abs(centres[1:, 1] - strip.middle).max() < 3
    found = strip.to_picture(centres[1:])
    assert np.abs(found[found[:, 0].argsort()] - np.stack((x, y), axis=1)).max() < 2


def test_a_line_upside_down_or_upright_gives_the_same_strip() -> None:
    picture = paper()
    letters(picture, 150)
    stroke(picture, (60, 100), (60, 150))
    turned = np.ascontiguousarray(picture[::-1, ::-1])
    line = level(150)
    other = TextLine(np.array([599.0, 299.0]) - line.points, line.heights)
    first, second = only(strips_of(picture, [line])), only(strips_of(turned, [other]))
    assert np.abs(np.subtract(first.box, second.box)).max() <= 1


@pytest.mark.parametrize("high", [8, 30, 90])
def test_the_core_zone_has_one_height_whatever_the_picture_s(high: int) -> None:
    picture = paper(12 * high, 25 * high)
    for k in range(12):
        x = (2 + 2 * k) * high
        cv2.rectangle(picture, (x, 5 * high), (x + high // 2, 6 * high - 1), (INK,) * 3, -1)
    line = level(5.5 * high - 0.5, high, 2 * high, 24.5 * high)
    _, top, _, bottom = only(strips_of(picture, [line])).box
    assert abs(bottom - top - CORE) <= 3


def test_a_neighbour_s_tail_is_masked_and_one_s_own_is_kept() -> None:
    picture = paper()
    letters(picture, 100)
    letters(picture, 190)
    stroke(picture, (300, 95), (300, 160))
    upper, lower = strips_of(picture, [level(100), level(190)])
    assert upper and lower
    assert inked(upper, [(300, 145)]) > 200
    assert inked(lower, [(300, 145), (300, 155)]).max() == 0
    assert lower.box[1] >= lower.middle - 0.7 * CORE


def test_a_stroke_through_two_lines_is_divided_halfway() -> None:
    picture = paper()
    letters(picture, 100)
    letters(picture, 170)
    stroke(picture, (300, 95), (300, 175))
    upper, lower = strips_of(picture, [level(100), level(170)])
    assert upper and lower
    assert inked(upper, [(300, 125)]) > 200 and inked(upper, [(300, 150)]) == 0
    assert inked(lower, [(300, 145)]) > 200 and inked(lower, [(300, 120)]) == 0


def test_dots_accents_and_commas_belong_to_the_box() -> None:
    picture = paper()
    letters(picture, 150)
    stroke(picture, (200, 118), (202, 120), thick=6)
    stroke(picture, (545, 163), (541, 176))
    strip = only(strips_of(picture, [level(150)]))
    corners = strip.to_picture(np.array([strip.box[:2], strip.box[2:]], dtype=float))
    assert corners[0, 1] < 118 and corners[1, 1] > 174 and corners[1, 0] > 544


def test_a_dot_as_small_as_dust_is_left_in() -> None:
    picture = paper()
    letters(picture, 150)
    picture[160:162, 533:535] = INK
    assert inked(only(strips_of(picture, [level(150)])), [(533.5, 160.5)]) > 100


def test_plain_stems_at_the_picture_s_sides_survive() -> None:
    picture = paper(90, 300)
    for x in (1, 60, 150, 297):
        stroke(picture, (x, 20), (x, 70), thick=3)
    line = TextLine(np.array([[4.0, 45.0], [294.0, 45.0]]), np.array([40.0, 40.0]))
    strip = only(strips_of(picture, [line]))
    assert (inked(strip, [(1, 45), (60, 45), (150, 45), (297, 45)]) > 200).all()
    corners = strip.to_picture(np.array([strip.box[:2], strip.box[2:]], dtype=float))
    assert corners[0, 0] <= 1 and corners[1, 0] >= 297


def test_a_word_cut_out_closely_keeps_its_tall_letters() -> None:
    picture = paper(64, 200)
    letters(picture, 42, 20, 10, 190)
    for x in (10, 90):
        stroke(picture, (x, 0), (x, 50))
    strip = only(strips_of(picture, [level(42, 20, 8, 190)]))
    assert (inked(strip, [(10, 3), (90, 3)]) > 200).all()


def test_light_on_dark_is_cut_like_dark_on_light() -> None:
    picture = paper()
    letters(picture, 150)
    strips = [only(strips_of(shown, [level(150)])) for shown in (picture, 255 - picture)]
    assert strips[0].box == strips[1].box
    assert np.abs(strips[0].contrast.astype(int) - strips[1].contrast).max() < 8


def test_a_line_without_ink_or_outside_of_the_picture_is_none() -> None:
    picture = paper()
    letters(picture, 60)
    lines = [level(60), level(220), level(5000)]
    assert [strip is None for strip in strips_of(picture, lines)] == [False, True, True]
    assert strips_of(picture, []) == []


@pytest.mark.parametrize(
    ("points", "high"),
    [
        ([[50, 50], [50, 50]], 20.0),
        ([[50, 50], [51, 50]], 0.0),
        ([[-90_000, 50], [90_000, 50]], 0.5),
        ([[0, 0], [600, 300]], 4_000.0),
        ([[500, 150], [60, 150], [500, 151]], 30.0),
    ],
)
def test_an_odd_line_gives_a_sound_answer(points: list[list[float]], high: float) -> None:
    picture = paper()
    letters(picture, 150)
    line = TextLine(np.array(points, dtype=float), np.full(len(points), high))
    for strip in strips_of(picture, [line, level(150)]):
        assert strip is None or np.isfinite(strip.to_picture(np.zeros((1, 2)))).all()


def framed(picture: np.ndarray, *boxes: tuple[int, int, int, int]) -> LayoutMaps:
    """Boxes drawn into a picture, and maps that know of them."""
    drawn = np.zeros(picture.shape[:2], dtype=np.uint8)
    for left, top, right, bottom in boxes:
        for target in (picture, drawn):
            value = (INK,) * 3 if target.ndim == 3 else 255
            cv2.rectangle(target, (left, top), (right, bottom), value, 3)
    rows, columns = (length // 4 for length in drawn.shape)
    rules = cv2.resize(cv2.dilate(drawn, np.ones((5, 5))), (columns, rows), cv2.INTER_AREA) / 255
    blank = np.zeros((rows, columns), dtype=np.float32)
    return LayoutMaps(blank, blank, rules.astype(np.float32), blank, 4.0)


def test_boxes_of_characters_go_and_the_letters_that_touch_them_stay() -> None:
    picture = paper()
    letters(picture, 150, left=100, right=520)
    stroke(picture, (140, 60), (140, 160))
    stroke(picture, (340, 90), (340, 180))
    sides = range(85, 530, 40)
    boxes = [(left, 105, left + 40, 180) for left in sides]
    maps = framed(picture, *boxes)
    strip = only(strips_of(picture, [level(150, left=100, right=510)], maps))
    assert (inked(strip, [(140, 100), (140, 130), (340, 150), (120, 150)]) > 200).all()
    assert (inked(strip, [(left, 122) for left in sides]) < 60).all()
    assert (inked(strip, [(left + 28, 105) for left in sides]) < 60).all()


def test_without_maps_a_frame_stays() -> None:
    picture = paper()
    letters(picture, 150)
    framed(picture, (40, 115, 560, 185))
    assert inked(only(strips_of(picture, [level(150)])), [(40, 150)]) > 200


def test_a_ruled_line_stays_but_does_not_widen_the_box() -> None:
    picture = paper()
    letters(picture, 150)
    stroke(picture, (0, 170), (599, 170), thick=2)
    strip = only(strips_of(picture, [level(150)]))
    assert inked(strip, [(300, 170)]) > 200
    assert strip.box[3] - strip.middle < 0.7 * CORE


def test_lines_of_real_pages_are_read() -> None:
    reader = Reader.load(find_reader("latest", PROJECT / Path("models/lines")))
    page = next(load_layouts(shared_folder("scanned_pages") / "copiste")).layout
    lines = page.lines[:8]
    strips = strips_of(page.picture, page.lines)[:8]
    read = reader.read([cut_line(strip.contrast, strip.box) for strip in strips if strip])
    pairs = [
        (found.text.replace(" ", ""), line.text.replace(" ", ""))
        for found, line in zip(read, lines, strict=True)
    ]
    edits = sum(edit_distance(found, text) for found, text in pairs)
    assert edits < 0.25 * sum(len(text) for _, text in pairs)
