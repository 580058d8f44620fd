"""Duplicate images in several arrays, found by hash and confirmed by pixels.

It also counts test images that leak into training.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

_CHUNK = 8192


class RowStack:
    """Several (N_i, 28, 28) uint8 arrays, numbered as one without copying."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self.arrays = [array.reshape(len(array), math.prod(array.shape[1:])) for array in arrays]
        self.starts = np.cumsum([0] + [len(array) for array in self.arrays])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Copies of rows, uint8 (len(rows), 784)."""
        taken = np.empty((len(rows), self.arrays[0].shape[1]), dtype=np.uint8)
        for start in range(0, len(rows), _CHUNK):
            self._copy(rows[start : start + _CHUNK], taken[start : start + _CHUNK])
        return taken

    def _copy(self, rows: np.ndarray, target: np.ndarray) -> None:
        source = np.searchsorted(self.starts, rows, side="right") - 1
        for index in np.unique(source):
            here = source == index
            target[here] = self.arrays[index][rows[here] - self.starts[index]]

    def chunks(self):
        """Iterate over all rows in order: (first row, uint8 (<= 8192, 784))."""
        for start, array in zip(self.starts[:-1], self.arrays, strict=True):
            for offset in range(0, len(array), _CHUNK):
                yield int(start) + offset, array[offset : offset + _CHUNK]


def hash_rows(rows: np.ndarray, seed: int) -> np.ndarray:
    """uint64 (N,): multilinear hash of 784-byte rows (Lemire & Kaser 2014, arXiv 1202.4961).

    Each 64-bit word is mixed first, so that its high bytes affect the low bits of the sum.
    """
    words = np.ascontiguousarray(rows).view(np.uint64)
    factors = np.random.default_rng(seed).integers(
        0, 2**64, size=words.shape[1], dtype=np.uint64, endpoint=False
    )
    mixed = words ^ (words >> np.uint64(31))
    return (mixed * (factors | np.uint64(1))).sum(axis=1, dtype=np.uint64)


def match_images(
    stack: RowStack, hasher: Callable[[np.ndarray, int], np.ndarray] = hash_rows
) -> np.ndarray:
    """int64 (rows,): for each row the first row with the same pixels.

    Rows with equal hashes are compared pixel by pixel. Those that differ from the first of their
    group are matched with another hash, until none is left.
    """
    first_of = np.arange(len(stack))
    undecided, seed = first_of, 0
    while len(undecided):
        keys = np.empty(len(undecided), dtype=np.uint64)
        for start, rows in _chunks(stack, undecided):
            keys[start : start + len(rows)] = hasher(rows, seed)
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        candidate = undecided[first[inverse]]
        same = _equal_rows(stack, undecided, candidate)
        first_of[undecided[same]] = candidate[same]
        undecided, seed = undecided[~same], seed + 1
    return first_of


def _chunks(stack: RowStack, rows: np.ndarray):
    if len(rows) == len(stack):
        yield from stack.chunks()
        return
    for start in range(0, len(rows), _CHUNK):
        yield start, stack.take(rows[start : start + _CHUNK])


def _equal_rows(stack: RowStack, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """bool per pair: whether two rows have the same pixels; a row equals itself without reading
    it."""
    same = rows == others
    doubtful = np.flatnonzero(~same)
    for start in range(0, len(doubtful), _CHUNK):
        here = doubtful[start : start + _CHUNK]
        same[here] = (stack.take(rows[here]) == stack.take(others[here])).all(axis=1)
    return same


def unseen_rows(training: np.ndarray, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """bool per row of each part: whether its image is absent from the training images.

    Args:
        training: uint8 (N, 28, 28).
        parts: uint8 (M, 28, 28) each.
    """
    first_of = match_images(RowStack([training, *parts]))
    stops = np.cumsum([len(part) for part in parts])[:-1]
    return np.split(first_of[len(training) :] >= len(training), stops)


def count_leaked(training: np.ndarray, test: np.ndarray) -> int:
    """Number of rows of uint8 (M, 28, 28) whose image is among the training images, uint8 (N, 28,
    28)."""
    (unseen,) = unseen_rows(training, [test])
    return int((~unseen).sum())
