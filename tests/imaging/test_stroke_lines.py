"""Strokes of several lines are told apart and laid out as one line."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handwriting.imaging.stroke_lines import one_line, split_lines

LETTER = np.array([[0, 0], [5, 10], [10, 0.0]])


def written(lines: int, letters: int, step: float = 15.0) -> list[np.ndarray]:
    """Letters 10 high and wide, 12 apart, on lines ``step`` apart."""
    places = [(12.0 * k, step * line) for line in range(lines) for k in range(letters)]
    return [LETTER + place for place in places]


@given(st.integers(1, 5), st.integers(3, 8), st.floats(0.01, 100))
def test_each_line_is_found_at_any_scale(lines, letters, scale):
    strokes = [stroke * scale for stroke in written(lines, letters)]
    found = split_lines(strokes)
    assert [len(line) for line in found] == [letters] * lines


def test_lines_are_laid_one_after_the_other_at_one_height():
    strokes = one_line(written(3, 4))
    assert len(strokes) == 12
    lefts = [stroke[:, 0].min() for stroke in strokes]
    assert lefts == sorted(lefts)
    assert np.ptp(np.concatenate(strokes)[:, 1]) == 10


def test_a_dot_set_later_and_a_hyphen_below_make_no_line():
    one = written(1, 6)
    dot = np.array([[14, -5], [14.5, -4.5]])
    hyphen = np.array([[0, 9], [8, 9.5]])
    assert len(split_lines([*one, dot, hyphen])) == 1
    assert one_line(one) is one
