"""Text lines as polylines with a height: what the layout network is taught and what it finds."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

HANDWRITING, PRINT, UNKNOWN = "handwriting", "print", "unknown"
"""Kinds of a line; a line of unknown kind or place is neither taught nor counted."""

CELL = 4
"""Pixels in each direction of a picture per place of the layout network's maps."""

HEIGHT_UNIT = 8.0
"""The network's heights of core zones are binary logarithms in this unit, in pixels."""


@dataclass(frozen=True)
class TextLine:
    """A text line of any slope and curve, upright where it runs to the right.

    The core zone of a line lies between the baseline and the top of an ``x``.

    Attributes:
        points: float (P, 2), x and y of the middle of the core zone, from the line's first
            character to its last, in pixels; at least two points.
        heights: float (P,), height of the core zone at each point, in pixels.
        kind: HANDWRITING, PRINT or UNKNOWN.
        text: what it says, where that is known.
    """

    points: np.ndarray
    heights: np.ndarray
    kind: str = HANDWRITING
    text: str = ""

    @property
    def height(self) -> float:
        """The median height of the core zone, in pixels."""
        return float(np.median(self.heights))

    @property
    def ups(self) -> np.ndarray:
        """float (P, 2): at each point the unit vector to the top of its letters."""
        along = np.gradient(self.points, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        return np.stack((along[:, 1], -along[:, 0]), axis=1)

    def outline(self, above: float = 0.5, below: float = 0.5) -> np.ndarray:
        """Outline of the zone around the line, float (2P, 2).

        Args:
            above: extent to the letters' top from the middle, in heights of the core zone; 0.5 is
                the core zone, about 1.5 takes in capitals.
            below: extent to the other side, likewise.
        """
        up = self.ups * self.heights[:, None]
        return np.concatenate((self.points + above * up, (self.points - below * up)[::-1]))

    def moved(self, matrix: np.ndarray) -> "TextLine":
        """The line under a homography, float (3, 3); heights are those of the moved outline."""
        points = _under(matrix, self.points)
        up = self.ups * self.heights[:, None] / 2
        across = _under(matrix, self.points + up) - _under(matrix, self.points - up)
        return replace(self, points=points, heights=np.linalg.norm(across, axis=1))


def _under(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return cv2.perspectiveTransform(points[None].astype(np.float64), matrix)[0]


@dataclass(frozen=True)
class TextLayout:
    """A picture and where its text lines are.

    Attributes:
        picture: uint8 (height, width, 3).
        lines: in reading order.
        rules: uint8 (height, width), 255 on ruled lines, frames, boxes and other drawn lines;
            ``None`` where nobody knows them.
        known: uint8 (height, width), 255 where all lines are known; elsewhere nothing is taught.
    """

    picture: np.ndarray
    lines: tuple[TextLine, ...]
    rules: np.ndarray | None
    known: np.ndarray
