"""Rows are duplicates only if their pixels are equal."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handwriting.emnist.duplicates import (
    RowStack,
    count_leaked,
    hash_rows,
    match_images,
    unseen_rows,
)


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


def test_rows_that_were_trained_on_are_not_unseen():
    rng = np.random.default_rng(0)
    training = rng.integers(0, 255, (50, 28, 28), dtype=np.uint8)
    fresh = rng.integers(0, 255, (3, 28, 28), dtype=np.uint8)
    mixed = np.concatenate([training[:2], fresh[:1], training[7:8]])
    first, second = unseen_rows(training, [mixed, fresh])
    assert first.tolist() == [False, False, True, False]
    assert second.all()


def test_an_image_that_two_parts_hold_is_unseen_in_both():
    fresh = np.random.default_rng(0).integers(0, 255, (4, 28, 28), dtype=np.uint8)
    assert all(rows.all() for rows in unseen_rows(fresh[:1], [fresh[1:], fresh[1:]]))


def test_a_leak_is_counted_in_rows_of_the_test_set():
    images = few_images(seed=0, kinds=6, rows=40)
    assert count_leaked(images, images[[0, 0, 3]]) == 3
    assert count_leaked(images, images[:5] ^ 1) == 0
