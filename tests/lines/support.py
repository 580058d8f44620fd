"""Random outputs with the text of a path through them; words of a few simple shapes."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from handwriting.alphabet import BLANK, NUM_OUTPUTS, decode
from handwriting.datasets import pen

_TURN = np.linspace(0, 2 * np.pi, 12)
SHAPES = {
    "l": np.array([[0, 0], [0, 100.0]]),
    "o": np.stack([30 + 30 * np.cos(_TURN), 70 + 30 * np.sin(_TURN)], axis=1),
    "v": np.array([[0, 40], [25, 100], [50, 40.0]]),
}
WRITERS = tuple(f"w{k}" for k in range(8))


def random_rows(seed: int, steps: int, spread: float = 2.0) -> np.ndarray:
    """float32 (steps, 96), log p of each output at each step."""
    rows = np.random.default_rng(seed).normal(0, spread, (steps, NUM_OUTPUTS))
    return (rows - np.logaddexp.reduce(rows, axis=1, keepdims=True)).astype(np.float32)


def decode_way(way: Sequence[int]) -> str:
    """The text of an output at each step."""
    return decode(output for output, _ in groupby(way) if output != BLANK)


def word(text: str, rng: np.random.Generator) -> list[np.ndarray]:
    """The strokes of a word, its characters side by side."""
    strokes, right = [], 0.0
    for character in text:
        shape = SHAPES[character] + rng.normal(0, 2, SHAPES[character].shape)
        strokes.append(shape + np.array([right, 0]))
        right += np.ptp(SHAPES[character][:, 0]) + 20
    return strokes


def pen_archive(path: Path, samples: int = 160, writers: Sequence[str] = WRITERS) -> Path:
    """Words of l, o and v by a few writers."""
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list(SHAPES), rng.integers(1, 5))) for _ in range(samples)]
    drawn = [[np.round(stroke) for stroke in word(text, rng)] for text in texts]
    archive = pen.pen_archive(
        drawn,
        text=texts,
        writer=[writers[k % len(writers)] for k in range(samples)],
        provider=["abc"] * samples,
        style=np.where(np.arange(samples) % 2, "PRINTED", "MIXED"),
    )
    pen.save_pen(archive, path)
    return path
