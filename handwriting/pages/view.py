"""A picture as it is read, turned upright, and its place in the picture as it was given."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class View:
    """A picture turned counter-clockwise by quarters and scaled.

    Attributes:
        quarters: number of quarter turns, 0..3.
        size: width and height, in pixels, of the picture before it was turned.
        scales: float (2,), its scale against the original, horizontal and vertical.
    """

    quarters: int
    size: tuple[int, int]
    scales: np.ndarray

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points of the turned picture, float (N, 2) of x and y, in pixels of the original."""
        width, height = self.size
        x, y = points.T
        turned = {
            0: (x, y),
            1: (width - y, x),
            2: (width - x, height - y),
            3: (y, height - x),
        }[self.quarters]
        return np.stack(turned, axis=1) / self.scales
