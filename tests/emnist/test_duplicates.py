"""Rows are the same image only if their pixels are the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handwriting.emnist.duplicates import RowStack, hash_rows, match_images


def brute_force(images: np.ndarray) -> list[int]:
    seen: dict[bytes, int] = {}
    return [seen.setdefault(image.tobytes(), row) for row, image in enumerate(images)]


def few_images(seed: int, kinds: int, rows: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (kinds, 28, 28), dtype=np.uint8)[rng.integers(0, kinds, rows)]


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(2, 40), st.integers(1, 39))
def test_matches_are_those_of_comparing_all_pixels(seed, kinds, rows, cut):
    images = few_images(seed, kinds, rows)
    stack = RowStack([images[: min(cut, rows)], images[min(cut, rows) :]])
    assert match_images(stack).tolist() == brute_force(images)


@given(st.integers(0, 100))
def test_a_match_is_confirmed_on_the_pixels_and_not_only_on_the_hash(seed):
    images = few_images(seed, 8, 30)
    colliding = lambda rows, seed: hash_rows(rows, seed) % np.uint64(2)  # noqa: E731
    assert match_images(RowStack([images]), colliding).tolist() == brute_force(images)


def test_images_that_differ_in_one_pixel_do_not_match():
    images = np.zeros((785, 28, 28), dtype=np.uint8)
    images.reshape(785, 784)[np.arange(784), np.arange(784)] = 1
    assert match_images(RowStack([images])).tolist() == list(range(785))
    assert len(np.unique(hash_rows(images.reshape(785, 784), seed=0))) == 785
