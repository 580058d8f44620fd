"""Draw the pen's path, finer than the pixels are."""

from collections.abc import Iterable

import cv2
import numpy as np

_FRACTION_BITS = 4


def draw_strokes(
    strokes: Iterable[tuple[np.ndarray, float]], shape: tuple[int, int], finer: int
) -> np.ndarray:
    """Draw lines with round ends.

    Args:
        strokes: each float (points, 2) of x, y in pixels, one point at least, and the pen's width.
        shape: of the picture, rows and columns.
        finer: times that each pixel is divided while drawing.

    Returns:
        uint8 of that shape, white on black.
    """
    large = np.zeros((shape[0] * finer, shape[1] * finer), dtype=np.uint8)
    unit = finer * 2**_FRACTION_BITS
    for path, width in strokes:
        # A path of one place is drawn as a line of no length, which polylines would leave out.
        points = np.round(np.vstack((path, path[-1:])) * unit).astype(np.int32)
        thick = max(1, round(width * finer))
        cv2.polylines(large, [points], False, 255, thick, cv2.LINE_AA, _FRACTION_BITS)
    return cv2.resize(large, shape[::-1], interpolation=cv2.INTER_AREA)
