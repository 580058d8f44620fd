"""Example photographs are reproducible, and the plain hand has all their characters."""

import numpy as np
import pytest

from handwriting.synthesis.examples import EXAMPLES, photograph_of_example
from handwriting.synthesis.plain_hand import write


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_photograph_and_always_the_same(name):
    picture = photograph_of_example(name)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3 and picture.std() > 5
    assert (picture == photograph_of_example(name)).all()


def test_the_hand_writes_above_and_below_its_line_and_never_twice_alike():
    rng = np.random.default_rng(0)
    first, again = (np.concatenate(write("gb", rng)) for _ in range(2))
    assert first[:, 1].min() < -0.9 and 0.2 < first[:, 1].max() < 0.5
    assert not np.allclose(first, again)


def test_words_go_to_the_right_with_room_between_them():
    rng = np.random.default_rng(0)
    together, apart = (max(s[:, 0].max() for s in write(text, rng)) for text in ("ab", "a b"))
    assert apart > together + 0.3
