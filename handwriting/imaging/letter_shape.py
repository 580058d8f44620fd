"""How far the letters of a line lean and how crowded they are, and what brings them nearer to the
usual: a reader that sees letters of like widths has to learn less.
"""

import cv2
import numpy as np

PITCH = 15.0
"""Columns from one upright stroke to the next that a line 40 pixels high, where they are fewer, is
brought towards. Chosen, like the rest, on words and lines of writers left out (docs/log.md)."""

UPRIGHT = 0.5
"""Part of the slant that is taken away: it is an estimate."""

_TOWARDS, _WIDEST = 0.6, 1.7
_PIECE, _ROWS = 100, 5


def letter_shape(picture: np.ndarray) -> tuple[float, float]:
    """The change that a line needs: a point at x, y goes to ``stretch * (x + lean * y)``.

    Args:
        picture: uint8 (40, width), white ink on black.

    Returns:
        ``lean``, columns for each row downwards, and ``stretch``, 1..1.7.
    """
    crossings = _crossings(picture > 127)
    if not crossings:
        return 0.0, 1.0
    stretch = (PITCH * crossings / picture.shape[1]) ** _TOWARDS
    return UPRIGHT * _slant(picture), float(np.clip(stretch, 1.0, _WIDEST))


def _crossings(ink: np.ndarray) -> float:
    """Strokes that a level line crosses where it crosses most, in each piece of the picture."""
    begins = (ink[:, 1:] & ~ink[:, :-1]).astype(np.float32)
    pieces = max(1, round(begins.shape[1] / _PIECE))
    starts = np.linspace(0, begins.shape[1], pieces, endpoint=False).astype(int)
    rows = np.add.reduceat(begins, starts, axis=1)
    smooth = cv2.blur(rows, (1, _ROWS), borderType=cv2.BORDER_CONSTANT)
    return float(smooth.max(axis=0).sum())


def _slant(picture: np.ndarray) -> float:
    """Columns to the right that upright strokes go for each row upwards.

    By least squares over the edges, the upright ones counting most.
    """
    smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    weight = across**2 / (across**2 + down**2 + 1e-3)
    return float((weight * across * down).sum() / max((weight * across**2).sum(), 1e-3))
