"""Antialiased rendering of pen strokes."""

from collections.abc import Iterable

import cv2
import numpy as np

_FRACTION_BITS = 4


def draw_strokes(
    strokes: Iterable[tuple[np.ndarray, float]], shape: tuple[int, int], finer: int
) -> np.ndarray:
    """Render strokes with round ends.

    Args:
        strokes: pairs of float (points, 2), x, y in pixels, at least one point, and the stroke
            width in pixels.
        shape: (rows, columns) of the image.
        finer: factor of supersampling.

    Returns:
        uint8 of that shape, white on black.
    """
    large = np.zeros((shape[0] * finer, shape[1] * finer), dtype=np.uint8)
    unit = finer * 2**_FRACTION_BITS
    for path, width in strokes:
        # The last point is repeated, because polylines draws nothing for a single point.
        points = np.round(np.vstack((path, path[-1:])) * unit).astype(np.int32)
        thick = max(1, round(width * finer))
        cv2.polylines(large, [points], False, 255, thick, cv2.LINE_AA, _FRACTION_BITS)
    return cv2.resize(large, shape[::-1], interpolation=cv2.INTER_AREA)
