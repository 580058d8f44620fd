"""Strokes of several lines are separated and laid out as one line."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handwriting.datasets.pen import load_pen
from handwriting.datasets.text import line_strokes, written
from handwriting.imaging.stroke_lines import one_line, split_lines
from tests.support import shared_folder

LETTER = np.array([[0, 0], [5, 10], [10, 0.0]])


def letters_of(lines: int, letters: int, step: float = 15.0) -> list[np.ndarray]:
    """Letters 10 high and wide, 12 apart, on lines ``step`` apart."""
    places = [(12.0 * k, step * line) for line in range(lines) for k in range(letters)]
    return [LETTER + place for place in places]


@given(st.integers(1, 5), st.integers(3, 8), st.floats(0.01, 100))
def test_each_line_is_found_at_any_scale(lines, letters, scale):
    strokes = [stroke * scale for stroke in letters_of(lines, letters)]
    found = split_lines(strokes)
    assert [len(line) for line in found] == [letters] * lines


def test_lines_are_laid_one_after_the_other_at_one_height():
    strokes = one_line(letters_of(3, 4))
    assert len(strokes) == 12
    lefts = [stroke[:, 0].min() for stroke in strokes]
    assert lefts == sorted(lefts)
    assert np.ptp(np.concatenate(strokes)[:, 1]) == 10


def test_a_dot_set_later_and_a_hyphen_below_make_no_line():
    one = letters_of(1, 6)
    dot = np.array([[14, -5], [14.5, -4.5]])
    hyphen = np.array([[0, 9], [8, 9.5]])
    assert len(split_lines([*one, dot, hyphen])) == 1
    assert one_line(one) is one


def below(first: list[np.ndarray], second: list[np.ndarray], gap: float, scale: float):
    """The strokes of a second word, so many times as high, under the first at its left."""
    upper, lower = np.concatenate(first), np.concatenate(second)
    height = np.ptp(upper[:, 1])
    factor = scale * height / np.ptp(lower[:, 1])
    corner = np.array([upper[:, 0].min(), upper[:, 1].max() + gap * height])
    return [(stroke - lower.min(axis=0)) * factor + corner for stroke in second]


def test_real_words_below_each_other_are_two_lines_and_one_word_is_one():
    archive = load_pen(shared_folder("pen") / "words.npz")
    samples = written(archive)
    lengths = np.char.str_len(archive.text[samples])
    samples = samples[(lengths >= 3) & (lengths <= 12)]
    rng = np.random.default_rng(7)
    apart = whole = 0
    for sample in rng.permutation(samples)[:500].tolist():
        own = samples[archive.writer[samples] == archive.writer[sample]]
        first = line_strokes(archive, sample)
        second = line_strokes(archive, int(rng.choice(own)))
        found = split_lines([*first, *below(first, second, 0.3, rng.uniform(0.7, 1.4))])
        apart += len(found) == 2 and len(found[0]) == len(first)
        whole += len(split_lines(first)) == 1
    assert apart >= 480 and whole >= 497
