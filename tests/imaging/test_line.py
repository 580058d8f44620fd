"""Strokes and ink of a line become pictures of one height."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.imaging.ink import bounding_box
from handwriting.imaging.line import HEIGHT, LONGEST, MARGIN, line_from_ink, line_from_strokes
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


def test_ink_is_cut_out_and_scaled():
    picture = line_from_ink(ring(200, 280))
    assert picture.shape == (HEIGHT, round(280 * 32 / 200) + 2 * MARGIN)
    assert bounding_box(picture, 127)[1] == pytest.approx(MARGIN, abs=1)
    assert not line_from_ink(np.zeros((30, 30), dtype=np.uint8)).any()
