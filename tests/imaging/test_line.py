"""Strokes and ink of a line become images of one height."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image

from handwriting.imaging.contrast import colours_of
from handwriting.imaging.line import (
    HEIGHT,
    LONGEST,
    MARGIN,
    contrast_of_line,
    line_from_contrast,
    line_from_strokes,
    writing_box,
)
from handwriting.imaging.masks import bounding_box
from tests.support import ring

ZIGZAG = np.array([[0, 0], [40, 100], [80, 0], [120, 100.0]])


def test_strokes_fill_the_height_and_keep_their_proportions():
    picture = line_from_strokes([ZIGZAG])
    assert picture.shape[0] == HEIGHT and picture.dtype == np.uint8 and picture.max() == 255
    left, top, right, bottom = bounding_box(picture, 127)
    assert top == pytest.approx(MARGIN, abs=2) and bottom == pytest.approx(HEIGHT - MARGIN, abs=2)
    assert (right - left) / (bottom - top) == pytest.approx(1.2, rel=0.1)


@given(st.floats(0.01, 1000), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_line_moved_or_scaled_gives_the_same_picture(scale, x, y):
    moved = line_from_strokes([ZIGZAG * scale + (x, y)])
    still = line_from_strokes([ZIGZAG])
    assert abs(moved.shape[1] - still.shape[1]) <= 1
    width = min(moved.shape[1], still.shape[1])
    difference = moved[:, :width].astype(int) - still[:, :width]
    assert np.abs(difference).mean() < 2


def test_a_dash_stays_flat_and_a_dot_small():
    dash = line_from_strokes([np.array([[0, 0], [100, 3.0]])])
    assert dash.shape == (HEIGHT, dash.shape[1]) and dash.shape[1] < HEIGHT
    dot = line_from_strokes([np.array([[5.0, 5]])])
    assert 0 < (dot > 127).sum() < 30
    assert not line_from_strokes([]).any()


def test_a_line_without_end_is_narrowed():
    picture = line_from_strokes([np.array([[0, 0], [1e6, 1], [2e6, 0.0]]), ZIGZAG / 100])
    assert picture.shape[1] <= LONGEST


def test_a_wider_pen_leaves_more_ink():
    thin, thick = (line_from_strokes([ZIGZAG], pen) for pen in (0.6, 1.6))
    assert (thick > 127).sum() > 1.5 * (thin > 127).sum()


def line_from_photograph(picture: Image.Image) -> np.ndarray:
    return line_from_contrast(contrast_of_line(colours_of(picture)))


def cut(ink: np.ndarray) -> np.ndarray:
    """The part of a picture with ink."""
    left, top, right, bottom = bounding_box(ink, 127)
    return ink[top:bottom, left:right]


def photograph(ink: np.ndarray, dark: int = 60, light: int = 200) -> Image.Image:
    """Ink, white on black, written on paper under light from the left, with 40 pixels around."""
    ink = cut(ink)
    paper = np.linspace(light, light - 30, ink.shape[1] + 80)[None] * np.ones((len(ink) + 80, 1))
    paper[40:-40, 40:-40] -= ink / 255 * (light - dark)
    return Image.fromarray(paper.clip(0, 255).astype(np.uint8)).convert("RGB")


def test_writing_in_a_photograph_fills_the_height_of_a_line():
    picture = line_from_photograph(photograph(ring(60, 90)))
    assert picture.shape[0] == HEIGHT
    assert picture.shape[1] == pytest.approx(90 * 32 / 60 + 2 * MARGIN, abs=3)
    assert bounding_box(picture, 127)[1] == pytest.approx(MARGIN, abs=2)
    blank = Image.new("RGB", (50, 30), "white")
    assert not line_from_photograph(blank).any()


@given(st.integers(40, 230), st.integers(40, 230))
@example(230, 40)
def test_dark_on_light_and_light_on_dark_give_the_same_picture(dark, light):
    assume(light - dark > 80 or dark - light > 80)
    usual = line_from_photograph(photograph(ring(60, 90)))
    other = line_from_photograph(photograph(ring(60, 90), dark, light))
    assert abs(usual.shape[1] - other.shape[1]) <= 2
    width = min(usual.shape[1], other.shape[1])
    assert np.abs(usual[:, :width].astype(int) - other[:, :width]).mean() < 12


def test_a_ruled_line_and_a_neighbours_tail_do_not_count_for_the_height():
    ink = np.zeros((100, 300), dtype=np.uint8)
    ink[30:70, 100:180] = cut(ring(40, 80))
    plain = writing_box(ink)
    ink[90:92] = 255
    ink[:12, 40:46] = 255
    ink[10:95, :3] = 255
    assert writing_box(ink) == plain == (100, 30, 180, 70)


def test_a_ruled_line_alone_is_cut_out_where_nothing_else_is():
    ink = np.zeros((60, 200), dtype=np.uint8)
    ink[30:34] = 255
    assert writing_box(ink) == (0, 30, 200, 34)
    assert line_from_contrast(ink).shape[0] == HEIGHT


def test_memory_grows_with_the_dots_not_with_their_square():
    ink = np.zeros((90, 4000), dtype=np.uint8)
    ink[1:-1:2, 1:-1:2] = 255
    tracemalloc.start()
    assert writing_box(ink) is not None
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()


def test_a_dotted_ruling_is_no_writing():
    ink = np.zeros((80, 300), dtype=np.uint8)
    ink[20:60, 100:180] = cut(ring(40, 80))
    plain = writing_box(ink)
    ink[70:72, 4:-4:6] = 255
    assert writing_box(ink) == plain
