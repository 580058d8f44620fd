"""Strokes or ink of a word or a line -> a picture of one height and any width, white on black."""

import cv2
import numpy as np

HEIGHT = 40
"""Of a line's picture in pixels."""

MARGIN = 4
"""Empty pixels around the ink."""

STROKE = 2.4
"""Usual width of a pen in pixels: of ballpoint and pencil in photographs of the same height."""

LONGEST = 4000
"""Columns that a picture may have; a longer line is narrowed to them."""

_SUPERSAMPLING = 3
_FRACTION_BITS = 4
_FLAT = 1 / 8


def line_from_strokes(strokes: list[np.ndarray], pen: float = 1.0) -> np.ndarray:
    """Draw a word or a line given as the pen's path.

    Args:
        strokes: float (points, 2) of x, y each, y downwards, in any unit.
        pen: width of the pen, as a multiple of STROKE.

    Returns:
        uint8 (HEIGHT, width).
    """
    strokes = [stroke for stroke in strokes if len(stroke)]
    if not strokes:
        return np.zeros((HEIGHT, 2 * MARGIN + 1), dtype=np.uint8)
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = np.full(2, _scale(extent, len(strokes)))
    scale[0] = min(scale[0], (LONGEST - 2 * MARGIN) / max(extent[0], 1e-9))
    size = np.ceil(extent * scale).astype(int) + 2 * MARGIN
    down = max(0.0, (HEIGHT - 2 * MARGIN - extent[1] * scale[1]) / 2)
    start = np.array([MARGIN, MARGIN + down])
    paths = [(stroke - low) * scale + start for stroke in strokes]
    return _draw(paths, int(size[0]), max(1, round(pen * STROKE * _SUPERSAMPLING)))


def _scale(extent: np.ndarray, strokes: int) -> float:
    """Pixels per unit. A dash alone is not blown up to the height of a letter."""
    width, height = extent.tolist()
    inner = HEIGHT - 2 * MARGIN
    if strokes == 1 and height < _FLAT * width:
        return inner / (2 * width)
    return inner / height if height > 1e-9 else 1.0


def _draw(paths: list[np.ndarray], width: int, thickness: int) -> np.ndarray:
    large = np.zeros((HEIGHT * _SUPERSAMPLING, width * _SUPERSAMPLING), dtype=np.uint8)
    unit = _SUPERSAMPLING * 2**_FRACTION_BITS
    # A path of one place is drawn as a line of no length, which polylines would leave out.
    whole = [np.round(np.vstack((path, path[-1:])) * unit).astype(np.int32) for path in paths]
    cv2.polylines(large, whole, False, 255, thickness, cv2.LINE_AA, _FRACTION_BITS)
    return cv2.resize(large, (width, HEIGHT), interpolation=cv2.INTER_AREA)


def line_from_ink(ink: np.ndarray) -> np.ndarray:
    """Cut out the ink and bring it to a line's height.

    Args:
        ink: uint8 (height, width), white on black; above 127 is ink.
    """
    solid = ink > 127
    rows, columns = (np.flatnonzero(solid.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((HEIGHT, 2 * MARGIN + 1), dtype=np.uint8)
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inner = HEIGHT - 2 * MARGIN
    scale = inner / len(part)
    if len(part) < _FLAT * part.shape[1] and len(part) < inner:
        scale = min(scale, inner / (2 * part.shape[1]))
    width = int(np.clip(round(part.shape[1] * scale), 1, LONGEST - 2 * MARGIN))
    height = max(1, min(inner, round(len(part) * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(part, (width, height), interpolation=how)
    above = MARGIN + (inner - height) // 2
    below = HEIGHT - above - height
    return np.pad(small, ((above, below), (MARGIN, MARGIN)))
