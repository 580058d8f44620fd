"""Ink is found and measured on any plain paper, without dust."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import ndimage

from handwriting.imaging.character import emnist_image
from handwriting.imaging.ink import find_ink
from handwriting.imaging.masks import (
    bounding_box,
    connected_parts,
    distances,
    otsu_threshold,
    stroke_width,
    without_fragments,
    without_specks,
)
from tests.support import ring


@pytest.mark.parametrize(
    ("paper", "pen"), [("white", "black"), ("black", "white"), ("khaki", "navy"), ("navy", "red")]
)
def test_any_plain_paper_and_pen_gives_the_same_ink(paper, pen):
    ink = Image.fromarray(ring(180, 120))
    drawing = Image.composite(
        Image.new("RGB", ink.size, pen), Image.new("RGB", ink.size, paper), ink
    )
    assert ((find_ink(drawing) > 127) == (np.asarray(ink) > 127)).all()


def test_light_from_one_side_leaves_the_ink_as_it_is():
    ink = ring(180, 120)
    rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]]
    paper = 220 - 90 * rows / ink.shape[0] - 60 * columns / ink.shape[1]
    picture = Image.fromarray(np.where(ink > 127, paper - 60, paper).astype(np.uint8))
    assert ((find_ink(picture) > 127) == (ink > 127)).all()


def test_a_dark_thing_at_the_edge_does_not_hide_the_ink():
    picture = np.full((200, 200), 180, dtype=np.uint8)
    picture[:, -20:], picture[60:140, 90:100] = 40, 40
    ink = find_ink(Image.fromarray(picture)) > 127
    assert (ink == (picture == 40))[:, :-20].all()


def light(kind: str) -> np.ndarray:
    """How bright each of 300 by 300 pixels is, 0..1."""
    y, x = np.mgrid[-0.5:0.5:300j, -0.5:0.5:300j]
    if kind == "vignette":
        return 1 - 0.8 * (x**2 + y**2)
    if kind == "corner in shadow":
        return 1 - 0.5 / (1 + np.exp(40 * (np.hypot(x - 0.5, y - 0.5) - 0.4)))
    return 1 - 0.5 / (1 + np.exp(-50 * (x + 0.3 * y - 0.1)))


LIGHTS = ("vignette", "corner in shadow", "half in shadow")


@pytest.mark.parametrize("kind", LIGHTS)
def test_blank_paper_is_blank_in_any_light(kind):
    noise = np.random.default_rng(0).normal(0, 3, (300, 300))
    paper = Image.fromarray((220 * light(kind) + noise).astype(np.uint8))
    assert not (find_ink(paper) > 127).any()


@pytest.mark.parametrize("kind", LIGHTS)
def test_a_shadow_and_a_vignette_are_no_ink(kind):
    ink = ring(180, 120, top=60, left=90)
    picture = Image.fromarray((np.where(ink > 127, 60, 220) * light(kind)).astype(np.uint8))
    assert ((find_ink(picture) > 127) != (ink > 127)).mean() < 0.005


def line_below(inside: np.ndarray) -> np.ndarray:
    with_line = inside.copy()
    with_line[-6:, :] = 255
    return with_line


def test_a_forms_line_and_a_neighbours_tail_are_no_ink():
    letter = ring(120, 80, top=60)
    with_others = line_below(letter)
    with_others[:12, 30:40] = 255
    assert (without_fragments(with_others) == letter).all()


def test_a_line_across_near_the_edge_is_no_ink():
    letter = ring(120, 120, top=80)
    with_line = letter.copy()
    with_line[30:36] = 255
    assert (without_fragments(with_line) == letter).all()


def test_two_sides_of_a_cell_near_the_edge_are_no_ink():
    letter = ring(120, 80, top=90, left=110)
    in_cell = letter.copy()
    in_cell[280:284, 60:290], in_cell[20:284, 286:290] = 255, 255
    assert (without_fragments(in_cell) == letter).all()


@pytest.mark.parametrize("turns", range(4))
def test_fragments_go_from_all_four_sides(turns):
    letter = ring(120, 120)
    turned = np.rot90(line_below(letter), turns)
    assert (without_fragments(turned) == np.rot90(letter, turns)).all()


def test_a_character_that_fills_its_picture_keeps_all_parts():
    # A tightly cut "i": dot and body both reach the edge.
    letter = np.zeros((100, 20), dtype=np.uint8)
    letter[:12], letter[30:] = 255, 255
    assert (without_fragments(letter) == letter).all()


def test_a_small_part_inside_does_not_make_the_rest_a_fragment():
    # A bar along the edge, such as the left one of an H, and a speck inside.
    letter = np.zeros((100, 80), dtype=np.uint8)
    letter[:, :10], letter[45:50, 30:40] = 255, 255
    assert (without_fragments(letter) == letter).all()


def test_transparent_paper_counts_as_white():
    drawing = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ink = Image.fromarray(ring(180, 120))
    drawing.paste((0, 0, 0, 255), mask=ink)
    assert ((find_ink(drawing) > 127) == (np.asarray(ink) > 127)).all()


def test_blank_paper_has_no_ink():
    ink = find_ink(Image.new("RGB", (50, 40), "salmon"))
    assert ink.shape == (40, 50) and ink.dtype == np.uint8 and not ink.any()
    assert not emnist_image(ink).any()


def test_otsu_parts_two_greys():
    counts = np.bincount([10, 50, 50, 200, 210], minlength=256)
    assert 50 <= otsu_threshold(counts) < 200


@given(arrays(bool, (9, 12)))
def test_distances_are_exact(solid):
    rows, columns = np.nonzero(~solid)
    assume(len(rows))
    y, x = np.indices(solid.shape)[:, :, :, None]
    expected = np.sqrt(((y - rows) ** 2 + (x - columns) ** 2).min(axis=2))
    assert (distances(solid) == expected).all()


@given(arrays(bool, (7, 8)))
def test_parts_hang_together_and_have_their_boxes(solid):
    parts, boxes = connected_parts(solid)
    expected, count = ndimage.label(solid, structure=np.ones((3, 3)))
    assert len(boxes) == count == len(set(zip(parts[solid], expected[solid], strict=True)))
    for number, (left, top, width, height, area) in enumerate(boxes, start=1):
        assert (parts == number).sum() == area
        assert bounding_box(np.uint8(parts == number), 0) == (left, top, left + width, top + height)


def test_stroke_width_of_a_bar_is_its_width():
    bar = np.zeros((200, 60), dtype=bool)
    bar[10:190, 20:32] = True
    assert stroke_width(bar) == pytest.approx(12, rel=0.1)


def test_dust_goes_and_the_dot_of_an_i_stays():
    solid = np.zeros((100, 40), dtype=bool)
    solid[40:90, 15:23], solid[15:23, 15:23], solid[5, 5] = True, True, True
    cleaned = without_specks(solid)
    assert cleaned[20, 18] and cleaned[60, 18] and not cleaned[5, 5]


def test_the_box_holds_all_ink_and_nothing_else():
    assert bounding_box(ring(180, 60, top=7, left=33), 127) == (33, 7, 93, 187)
    assert bounding_box(np.zeros((9, 9), dtype=np.uint8), 127) is None
