"""Surfaces without writing: tables of wood and cloth, tiles, keys, plain colours, blobs."""

from collections.abc import Callable

import cv2
import numpy as np

from handwriting.synthesis.media import slow_noise

Shape = tuple[int, int]

_COLOURS = (
    *((92, 58, 34), (150, 105, 65), (205, 170, 125), (232, 214, 184), (60, 42, 32)),
    *((240, 238, 234), (222, 224, 226), (128, 130, 134), (44, 46, 50), (18, 18, 20)),
    *((40, 62, 110), (120, 40, 44), (70, 110, 80), (200, 190, 60), (180, 150, 170)),
)


def any_surface(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """A random surface, uint8 (rows, columns, 3)."""
    kinds: tuple[Callable[..., np.ndarray], ...] = (wood, cloth, plain, tiles, keys, blobs)
    make = kinds[rng.choice(len(kinds), p=[0.36, 0.18, 0.26, 0.08, 0.04, 0.08])]
    # Half as fine is enough and four times as quick.
    small = (shape[0] // 2 + 1, shape[1] // 2 + 1)
    colour = np.array(_COLOURS[rng.integers(len(_COLOURS))]) + rng.normal(0, 8, 3)
    made = make(small, colour.astype(np.float32), rng)
    made = cv2.resize(np.clip(made, 0, 255).astype(np.uint8), shape[::-1])
    return made


def _toned(tone: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """A colour made lighter and darker by levels of 255."""
    return colour + tone[:, :, None]


def plain(shape: Shape, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One colour, with some dirt and a gradient."""
    tone = slow_noise(shape, rng.uniform(20, 200), rng) * np.float32(rng.uniform(1, 8))
    tone += rng.standard_normal(shape, dtype=np.float32) * np.float32(rng.uniform(0.5, 5))
    slope = np.linspace(-1, 1, shape[1], dtype=np.float32) * np.float32(rng.normal(0, 20))
    return _toned(tone + slope, colour)


def wood(shape: Shape, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grain along one side, sometimes in boards."""
    rows, columns = shape if rng.random() < 0.5 else shape[::-1]
    fine = rng.uniform(1.5, 6)
    size = (int(rows / fine) + 2, int(columns / rng.uniform(80, 250)) + 2)
    grain = rng.standard_normal(size, dtype=np.float32)
    grain = cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_CUBIC)
    y = np.arange(rows, dtype=np.float32)[:, None]
    wave = slow_noise((rows, columns), rng.uniform(60, 250), rng) * np.float32(rng.uniform(2, 12))
    rings = np.sin((y + wave) * np.float32(2 * np.pi / rng.uniform(8, 60)))
    tone = grain * np.float32(rng.uniform(3, 14)) + rings * np.float32(rng.uniform(0, 12))
    if rng.random() < 0.4:
        board = rng.uniform(60, 260)
        seams = np.abs((y + rng.uniform(0, board)) % board) < 2
        number = ((y + 1000) // board).astype(int) % 16
        tone = tone + rng.normal(0, 10, 16).astype(np.float32)[number] - 45 * seams
    return _toned(tone if (rows, columns) == shape else tone.T, colour)


def cloth(shape: Shape, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Threads, sometimes in stripes or checks, with folds."""
    y, x = (np.arange(length, dtype=np.float32) for length in shape)
    thread = rng.uniform(2, 6)
    weave = np.sin(2 * np.pi / thread * y)[:, None] * np.sin(2 * np.pi / thread * x)
    tone = weave * np.float32(rng.uniform(2, 12))
    tone += slow_noise(shape, rng.uniform(50, 200), rng) * np.float32(rng.uniform(3, 18))
    if rng.random() < 0.5:
        wide = rng.uniform(8, 80)
        depth = np.float32(rng.uniform(8, 50))
        tone += depth * (np.sin(2 * np.pi / wide * x) > 0.3)
        if rng.random() < 0.6:
            tone += depth * (np.sin(2 * np.pi / wide * y) > 0.3)[:, None]
    return _toned(tone, colour)


def tiles(shape: Shape, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Squares with joints of another brightness."""
    size, joint = rng.uniform(15, 160), rng.uniform(1, 5)
    y, x = (np.arange(length, dtype=np.float32) + rng.uniform(0, size) for length in shape)
    is_joint = (y % size < joint)[:, None] | (x % size < joint)[None]
    number = (y // size).astype(int)[:, None] * 31 + (x // size).astype(int) * 17
    tone = rng.normal(0, 8, 97).astype(np.float32)[number % 97]
    tone += slow_noise(shape, 40, rng) * 3
    return _toned(np.where(is_joint, np.float32(rng.uniform(-60, 60)), tone), colour)


def keys(shape: Shape, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows of rounded keys, as of a keyboard or a phone."""
    cover = np.zeros(shape, dtype=np.uint8)
    size = rng.uniform(18, 70)
    for row, y in enumerate(np.arange(0, shape[0], size)):
        for x in np.arange(-size * (row % 3) / 3, shape[1], size):
            start = (int(x + 0.1 * size), int(y + 0.1 * size))
            end = (int(x + 0.88 * size), int(y + 0.88 * size))
            cv2.rectangle(cover, start, end, 255, -1)
    cover = cv2.GaussianBlur(cover, (0, 0), 1 + size / 30)
    tone = (cover.astype(np.float32) / 255 - 0.5) * np.float32(rng.uniform(-90, 90))
    return _toned(tone + rng.standard_normal(shape, dtype=np.float32) * 2, colour)


def blobs(shape: Shape, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Soft shapes in several colours, as faces, plants and rooms are out of focus."""
    made = np.empty((*shape, 3), dtype=np.float32)
    made[:] = colour
    for _ in range(int(rng.integers(3, 25))):
        middle = (rng.random(2) * shape[::-1]).astype(int).tolist()
        axes = (rng.uniform(0.02, 0.3, 2) * max(shape)).astype(int).tolist()
        tone = (np.array(_COLOURS[rng.integers(len(_COLOURS))]) + rng.normal(0, 15, 3)).tolist()
        cv2.ellipse(made, middle, axes, float(rng.uniform(0, 180)), 0, 360, tone, -1, cv2.LINE_AA)
    if rng.random() < 0.7:
        made = cv2.GaussianBlur(made, (0, 0), rng.uniform(0.8, 8))
    return made + slow_noise(shape, 6, rng)[:, :, None] * np.float32(rng.uniform(0, 5))
