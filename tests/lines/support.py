"""Outputs by chance, and what a way through them says."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from handwriting.lines.alphabet import BLANK, NUM_OUTPUTS, decode


def random_rows(seed: int, steps: int, spread: float = 2.0) -> np.ndarray:
    """float32 (steps, 96), log p of each output at each step."""
    rows = np.random.default_rng(seed).normal(0, spread, (steps, NUM_OUTPUTS))
    return (rows - np.logaddexp.reduce(rows, axis=1, keepdims=True)).astype(np.float32)


def decode_way(way: Sequence[int]) -> str:
    """The text of an output at each step."""
    return decode(output for output, _ in groupby(way) if output != BLANK)
