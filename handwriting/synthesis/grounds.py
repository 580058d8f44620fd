"""Writing grounds: white, yellowed, ruled and squared paper, kraft, boards, form fields."""

from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.synthesis.media import (
    BALLPOINT,
    BRUSH,
    CHALK,
    CRAYON,
    FELT_PEN,
    MARKER,
    PENCIL,
    Medium,
    slow_noise,
)

Colour = tuple[int, int, int]

BLACK_INKS: tuple[Colour, ...] = ((20, 20, 24), (50, 50, 55), (35, 30, 30))
INKS: tuple[Colour, ...] = (
    *BLACK_INKS,
    (25, 40, 130),
    (40, 70, 180),
    (170, 30, 40),
    (20, 110, 60),
    (110, 50, 140),
)
CHALKS: tuple[Colour, ...] = ((235, 235, 230), (230, 220, 150), (180, 210, 230))


@dataclass(frozen=True)
class Ground:
    """A writing ground.

    Attributes:
        colours: lowest and highest RGB, 0..255.
        media: writing media used on it.
        inks: colours of the media.
        ruling: ``None``, ``lines``, ``squares`` or ``cell``.
        texture: standard deviation of the fine noise, in levels of 255.
        patches: standard deviation of the slow noise.
        glare: probability of a bright spot.
    """

    colours: tuple[Colour, Colour]
    media: tuple[Medium, ...]
    inks: tuple[Colour, ...]
    ruling: str | None = None
    texture: float = 3.0
    patches: float = 3.0
    glare: float = 0.0

    def paint(self, shape: tuple[int, int], height: float, rng: np.random.Generator) -> np.ndarray:
        """The empty ground, float32 (rows, columns, 3), 0..255.

        Args:
            shape: rows and columns.
            height: height of the writing in pixels.
            rng: random generator.
        """
        low, high = np.array(self.colours, dtype=np.float32)
        colour = low + (high - low) * np.float32(rng.random())
        tone = self.texture * rng.standard_normal(shape, dtype=np.float32)
        tone += self.patches * slow_noise(shape, height, rng)
        if rng.random() < self.glare:
            tone += _spot(shape, rng) * np.float32(rng.uniform(30, 120))
        ground = colour + tone[:, :, None]
        if self.ruling:
            cover = _RULINGS[self.ruling](shape, height, rng)[:, :, None]
            line = colour * np.float32(rng.uniform(0.2, 0.85)) + rng.uniform(-20, 40, 3)
            ground = ground * (1 - cover) + line.astype(np.float32) * cover
        return ground


def _spot(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    row, column = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
    size = rng.uniform(0.3, 1.5) * shape[0]
    far = ((rows - row) ** 2 + (columns - column) ** 2) / size**2
    return np.exp(-far).astype(np.float32)


def _line(cover: np.ndarray, first: np.ndarray, last: np.ndarray, rng: np.random.Generator) -> None:
    thick = int(rng.integers(1, 3 if cover.shape[0] < 90 else 4))
    ends = [tuple(int(v * 16) for v in point) for point in (first, last)]
    cv2.line(cover, *ends, 1.0, thick, cv2.LINE_AA, 4)


def _ruled(shape: tuple[int, int], height: float, rng: np.random.Generator) -> np.ndarray:
    """Ruled lines, about as far apart as the writing is high, one about under it."""
    cover = np.zeros(shape, dtype=np.float32)
    step = height * rng.uniform(0.7, 1.8)
    tilt = rng.normal(0, 0.01) * shape[1]
    at = rng.uniform(0, step)
    while at < shape[0]:
        _line(cover, np.array([0, at]), np.array([shape[1], at + tilt]), rng)
        at += step
    return cover * np.float32(rng.uniform(0.2, 0.9))


def _squared(shape: tuple[int, int], height: float, rng: np.random.Generator) -> np.ndarray:
    """Squares, 0.5 to 1 times as large as the writing is high."""
    cover = np.zeros(shape, dtype=np.float32)
    step = height * rng.uniform(0.4, 1.1)
    start = rng.uniform(0, step, 2)
    for at in np.arange(start[0], shape[0], step):
        _line(cover, np.array([0, at]), np.array([shape[1], at]), rng)
    for at in np.arange(start[1], shape[1], step):
        _line(cover, np.array([at, 0]), np.array([at, shape[0]]), rng)
    return cover * np.float32(rng.uniform(0.15, 0.7))


def _cell(shape: tuple[int, int], height: float, rng: np.random.Generator) -> np.ndarray:
    """Optional, slightly bent borders near the edges."""
    cover = np.zeros(shape, dtype=np.float32)
    rows, columns = shape
    inset = rng.uniform(0, 0.18 * height, (4, 2))
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], dtype=float)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    corners = corners + inward * inset
    for side in range(4):
        if rng.random() < 0.7:
            _line(cover, corners[side], corners[(side + 1) % 4], rng)
    return cover * np.float32(rng.uniform(0.3, 1.0))


_RULINGS = {"lines": _ruled, "squares": _squared, "cell": _cell}

_PENS = (PENCIL, BALLPOINT, BALLPOINT, FELT_PEN, MARKER, CRAYON, BRUSH)
_WHITE: tuple[Colour, Colour] = ((165, 165, 165), (250, 250, 248))

GROUNDS: dict[str, Ground] = {
    "white": Ground(_WHITE, _PENS, INKS),
    "yellowed": Ground(((190, 175, 140), (245, 235, 205)), _PENS, INKS, patches=6),
    "ruled": Ground(_WHITE, (PENCIL, BALLPOINT, BALLPOINT, FELT_PEN), INKS, "lines"),
    "squared": Ground(_WHITE, (PENCIL, BALLPOINT, BALLPOINT, FELT_PEN), INKS, "squares"),
    "kraft": Ground(
        ((130, 95, 60), (185, 150, 105)), (FELT_PEN, MARKER, CRAYON, BRUSH), BLACK_INKS, texture=7
    ),
    "whiteboard": Ground(((200, 205, 210), (250, 250, 250)), (MARKER, FELT_PEN), INKS, glare=0.6),
    "blackboard": Ground(
        ((25, 35, 30), (70, 85, 78)), (CHALK, CHALK, CRAYON), CHALKS, texture=6, patches=9
    ),
    "cell": Ground(_WHITE, (PENCIL, BALLPOINT, BALLPOINT, FELT_PEN), INKS, "cell"),
}
"""Grounds by name."""
