"""Writing media: pencil, ballpoint, felt pen, marker, crayon, chalk, brush.

A medium renders the pen's path to the ink coverage of each pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.strokes import draw_strokes

_SUPERSAMPLING = 2


@dataclass(frozen=True)
class Medium:
    """A writing medium. Ranges are (lowest, highest), drawn uniformly.

    Attributes:
        width: of the stroke, as a fraction of the writing's height.
        cover: ink coverage of a full stroke, in 0..1.
        grain: fraction of the stroke lost to the ground's roughness, in 0..1.
        pressure: relative change of the width along the path.
        spread: how far ink runs into the paper, as a fraction of the stroke's width.
        gaps: probability that the ink fails in places.
    """

    width: tuple[float, float]
    cover: tuple[float, float]
    grain: tuple[float, float] = (0.0, 0.0)
    pressure: float = 0.0
    spread: float = 0.0
    gaps: float = 0.0

    def __call__(
        self,
        paths: list[np.ndarray],
        shape: tuple[int, int],
        height: float,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Render strokes.

        Args:
            paths: float (points, 2) of x, y each, in pixels.
            shape: of the image, rows and columns.
            height: of the writing in pixels.
            rng: random generator.

        Returns:
            float32 of this shape, from 0 (ground) to 1 (ink).
        """
        width = max(1.0, height * rng.uniform(*self.width))
        parts = _parts(paths, width, self.pressure, rng)
        drawn = draw_strokes(parts, shape, _SUPERSAMPLING).astype(np.float32) / 255
        return self.inked(drawn, width, height, rng)

    def inked(
        self, drawn: np.ndarray, width: float, height: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Strokes as this medium leaves them: spread, rough, with gaps.

        Args:
            drawn: float32 (rows, columns), 0 ground, 1 stroke; it stays as it is.
            width: of the strokes in pixels.
            height: of the writing in pixels.
            rng: random generator.

        Returns:
            float32 of this shape, from 0 (ground) to 1 (ink).
        """
        shape = drawn.shape
        if self.spread:
            drawn = cv2.GaussianBlur(drawn, (0, 0), max(0.3, self.spread * width))
        grain = rng.uniform(*self.grain)
        if grain:
            rough = rng.random(shape, dtype=np.float32)
            rough = cv2.GaussianBlur(rough, (0, 0), 0.7)
            drawn = drawn * np.clip((rough - 0.5) * 4 + 1.3 - 1.6 * grain, 0, 1)
        if rng.random() < self.gaps:
            drawn = drawn * np.clip(2.5 - 2 * slow_noise(shape, height / 2, rng), 0.15, 1)
        return drawn * np.float32(rng.uniform(*self.cover))


def slow_noise(shape: tuple[int, int], size: float, rng: np.random.Generator) -> np.ndarray:
    """float32: smooth noise with mean about 0, standard deviation about 1 and patches of this
    size."""
    rows, columns = (max(2, int(length / max(size, 1)) + 2) for length in shape)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _parts(
    paths: list[np.ndarray], width: float, pressure: float, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, float]]:
    """Segments of paths, with the pen's width on each."""
    for path in paths:
        if not pressure:
            yield path, width
            continue
        for start in range(0, max(1, len(path) - 1), 6):
            yield path[start : start + 7], width * np.exp(rng.normal(0, pressure))


PENCIL = Medium((0.035, 0.07), (0.35, 0.8), grain=(0.1, 0.5))
BALLPOINT = Medium((0.03, 0.07), (0.6, 0.98), grain=(0.0, 0.15), pressure=0.1, gaps=0.2)
FELT_PEN = Medium((0.06, 0.12), (0.85, 1.0), spread=0.15)
MARKER = Medium((0.08, 0.16), (0.7, 1.0), spread=0.1, gaps=0.2)
CRAYON = Medium((0.08, 0.15), (0.6, 0.95), grain=(0.2, 0.6), pressure=0.1)
CHALK = Medium((0.07, 0.14), (0.5, 0.95), grain=(0.2, 0.6), pressure=0.1)
BRUSH = Medium((0.07, 0.16), (0.8, 1.0), pressure=0.3, spread=0.1)

MEDIA = {
    "pencil": PENCIL,
    "ballpoint": BALLPOINT,
    "felt pen": FELT_PEN,
    "marker": MARKER,
    "crayon": CRAYON,
    "chalk": CHALK,
    "brush": BRUSH,
}
