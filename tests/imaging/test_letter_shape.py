"""Narrow letters are widened, and slanted ones made more upright."""

import numpy as np
import pytest

from handwriting.imaging.letter_shape import letter_shape
from handwriting.imaging.line import MARGIN, cut_line, line_from_contrast, line_from_strokes
from handwriting.imaging.strokes import draw_strokes
from tests.support import ring

HEIGHTS = 100.0


def uprights(pitch: float, lean: float = 0.0, count: int = 8) -> list[np.ndarray]:
    """Upright strokes so far apart, leaning so many units to the right for each upwards."""
    tall = np.array([[HEIGHTS * lean, 0], [0, HEIGHTS]])
    return [tall + np.array([number * pitch, 0]) for number in range(count)]


def lean_of(picture: np.ndarray) -> float:
    """Columns from the lowest to the highest ink of the leftmost stroke, for each row."""
    low, high = (np.flatnonzero(picture[row] > 127)[0] for row in (30, 10))
    return (high - low) / 20


def test_crowded_letters_are_widened_and_wide_ones_are_left():
    crowded, narrow, wide = (
        (line_from_strokes(uprights(pitch)).shape[1] - 2 * MARGIN) / (7 * pitch * 0.32)
        for pitch in (15, 25, 100)
    )
    assert 1.3 < narrow < crowded <= 1.75
    assert wide == pytest.approx(1, abs=0.02)


def test_leaning_letters_are_set_half_upright():
    assert lean_of(line_from_strokes(uprights(60, 0.5))) == pytest.approx(0.25, abs=0.08)
    assert lean_of(line_from_strokes(uprights(60))) == pytest.approx(0, abs=0.05)


def test_strokes_and_their_photograph_are_changed_alike():
    strokes = uprights(25, 0.4)
    of_strokes = line_from_strokes(strokes)
    photograph = draw_strokes(((path + 20, 4.0) for path in strokes), (140, 260), 3)
    of_picture = line_from_contrast(photograph)
    assert of_picture.shape[1] == pytest.approx(of_strokes.shape[1], rel=0.1)
    assert lean_of(of_picture) == pytest.approx(lean_of(of_strokes), abs=0.1)


def test_no_ink_in_the_line_leaves_it_as_it_is():
    assert letter_shape(np.zeros((40, 60), dtype=np.uint8)) == (0.0, 1.0)


def test_a_colour_picture_has_the_shape_of_its_strongest_channel():
    grey = ring(40, 60)
    colours = np.stack((grey, grey // 2, np.zeros_like(grey)), axis=2)
    box = (5.0, 5.0, 65.0, 45.0)
    np.testing.assert_array_equal(cut_line(colours, box)[..., 0], cut_line(grey, box))
