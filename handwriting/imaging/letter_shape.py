"""Normalisation of slant and letter width, so that the text-line model has less to learn."""

import cv2
import numpy as np

PITCH = 15.0
"""Target distance between vertical strokes, in columns of a line 40 pixels high, for denser lines.
Chosen, like the other values, on words and lines of held-out writers (docs/log.md)."""

UPRIGHT = 0.5
"""Part of the slant to correct, because the slant is an estimate."""

_TOWARDS, _WIDEST = 0.6, 1.7
_PIECE, _ROWS = 100, 5


def letter_shape(picture: np.ndarray) -> tuple[float, float]:
    """The correction of a line: x becomes ``stretch * (x + lean * y)``.

    Args:
        picture: uint8 (40, width), white ink on black.

    Returns:
        ``lean``, columns for each row downwards; and ``stretch``, 1..1.7.
    """
    crossings = _crossings(picture > 127)
    if not crossings:
        return 0.0, 1.0
    stretch = (PITCH * crossings / picture.shape[1]) ** _TOWARDS
    return UPRIGHT * _slant(picture), float(np.clip(stretch, 1.0, _WIDEST))


def _crossings(ink: np.ndarray) -> float:
    """Maximum number of strokes crossed by a horizontal line, summed over pieces of the image."""
    begins = (ink[:, 1:] & ~ink[:, :-1]).astype(np.float32)
    pieces = max(1, round(begins.shape[1] / _PIECE))
    starts = np.linspace(0, begins.shape[1], pieces, endpoint=False).astype(int)
    rows = np.add.reduceat(begins, starts, axis=1)
    smooth = cv2.blur(rows, (1, _ROWS), borderType=cv2.BORDER_CONSTANT)
    return float(smooth.max(axis=0).sum())


def _slant(picture: np.ndarray) -> float:
    """Slant of vertical strokes, in columns to the right for each row upwards.

    It is a least-squares estimate over the edges, weighted towards vertical ones.
    """
    smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    weight = across**2 / (across**2 + down**2 + 1e-3)
    return float((weight * across * down).sum() / max((weight * across**2).sum(), 1e-3))
