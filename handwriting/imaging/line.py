"""Conversion of a word or line, as strokes or a photograph, to an image 40 pixels high.

Ink is white on black. The height of the ink determines the scale, so ruled lines and parts of
neighbouring lines are excluded first. Then slant and letter width are normalised (`letter_shape`).
"""

import cv2
import numpy as np

from handwriting.imaging.contrast import contrast_of
from handwriting.imaging.letter_shape import letter_shape
from handwriting.imaging.masks import bounding_box
from handwriting.imaging.strokes import draw_strokes

HEIGHT = 40
"""Height of a line's image in pixels."""

MARGIN = 4
"""Margin around the ink in pixels."""

STROKE = 2.4
"""Typical stroke width in pixels, that of ballpoint and pencil in photographs of this height."""

LONGEST = 4000
"""Maximum width of an image in columns; longer lines are compressed."""

_ENOUGH = 96
"""Rows of a photograph of one line; more take longer without benefit."""

_DUST, _SHALLOW, _HIGH, _THIN, _SOLID = 0.5, 0.2, 0.7, 0.1, 0.5
_DOT, _MANY = 3.0, 6
_FAINT = 64
_SUPERSAMPLING = 3
_FLAT = 1 / 8
_FINE = STROKE / 2


def line_from_strokes(strokes: list[np.ndarray], pen: float = 1.0) -> np.ndarray:
    """Render the pen strokes of a word or a line.

    Args:
        strokes: float (points, 2) of x, y each, y downwards, in any unit.
        pen: stroke width as a multiple of STROKE.

    Returns:
        uint8 (HEIGHT, width).
    """
    strokes = [stroke for stroke in strokes if len(stroke)]
    if not strokes:
        return np.zeros((HEIGHT, 2 * MARGIN + 1), dtype=np.uint8)
    paths, width = strokes_on_line(strokes)
    return draw_strokes(((path, pen * STROKE) for path in paths), (HEIGHT, width), _SUPERSAMPLING)


def strokes_on_line(strokes: list[np.ndarray]) -> tuple[list[np.ndarray], int]:
    """Pen strokes in pixels of a line's image, with slant and letter width normalised.

    Args:
        strokes: as for :func:`line_from_strokes`, none empty, at least one.

    Returns:
        float (points, 2) of x, y in pixels for each stroke; and the image's width.
    """
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = np.full(2, _scale(extent, len(strokes)))
    scale[0] = min(scale[0], _fitting(extent[0]))
    width = int(np.ceil(extent[0] * scale[0])) + 2 * MARGIN
    down = max(0.0, (HEIGHT - 2 * MARGIN - extent[1] * scale[1]) / 2)
    start = np.array([MARGIN, MARGIN + down])
    paths = [(stroke - low) * scale + start for stroke in strokes]
    draft = draw_strokes(((path, _FINE) for path in paths), (HEIGHT, width), 1)
    change, width = _change(draft, np.concatenate(paths))
    return [path @ change[:, :2].T + change[:, 2] for path in paths], width


def _fitting(wide: float) -> float:
    """Scale at which a width fits into LONGEST columns."""
    return (LONGEST - 2 * MARGIN) / max(wide, 1e-9)


def _change(draft: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, int]:
    """The affine transform that normalises slant and letter width of a line.

    Args:
        draft: uint8 (HEIGHT, width).
        points: float (N, 2), x, y of its ink, at least one.

    Returns:
        float (2, 3), the transform; and the width of the transformed image.
    """
    lean, stretch = letter_shape(draft)
    x = points @ (1, lean)
    stretch = min(stretch, _fitting(np.ptp(x)))
    change = np.array([[stretch, stretch * lean, MARGIN - stretch * x.min()], [0, 1, 0]])
    return change, int(np.ceil(stretch * np.ptp(x))) + 2 * MARGIN


def _scale(extent: np.ndarray, strokes: int) -> float:
    """Pixels per unit; a single dash is not enlarged to the height of a letter."""
    width, height = extent.tolist()
    inner = HEIGHT - 2 * MARGIN
    if strokes == 1 and height < _FLAT * width:
        return inner / (2 * width)
    return inner / height if height > 1e-9 else 1.0


def contrast_of_line(colours: np.ndarray) -> np.ndarray:
    """`imaging.contrast.contrast_of` a photograph of one line, downscaled first.

    Args:
        colours: uint8 (height, width, 3).
    """
    height, width = colours.shape[:2]
    if height > _ENOUGH:
        size = (max(1, round(width * _ENOUGH / height)), _ENOUGH)
        colours = cv2.resize(colours, size, interpolation=cv2.INTER_AREA)
    return contrast_of(colours)


def line_from_contrast(contrast: np.ndarray) -> np.ndarray:
    """Crop the writing and scale it to the height of a line.

    Args:
        contrast: uint8 (height, width), 0 paper, 255 ink, of `imaging.contrast`.

    Returns:
        uint8 (HEIGHT, width).
    """
    box = writing_box(contrast)
    if box is None:
        return np.zeros((HEIGHT, 2 * MARGIN + 1), dtype=np.uint8)
    return cut_line(contrast, box)


def writing_box(contrast: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the writing in an image of one line; ``None`` if it is blank.

    Excluded are:

    - ruled lines, also dotted ones;
    - dust: components with less than half the squared stroke width;
    - parts of neighbouring lines: at the upper or lower edge, within a fifth of the height;
    - borders of form fields: at the left or right edge, high and thin.

    If nothing remains, all ink counts.

    Args:
        contrast: uint8 (height, width), 0 paper, 255 ink.
    """
    solid = (contrast > 127).astype(np.uint8)
    if not solid.any():
        return None
    written = np.where(_level_lines(solid), 0, solid).astype(np.uint8)
    _, _, facts, _ = cv2.connectedComponentsWithStats(written, connectivity=8)
    facts = facts[1:]
    if not len(facts):
        return bounding_box(contrast, 127)
    stroke = 4 * float(cv2.distanceTransform(solid, cv2.DIST_L2, 3)[solid > 0].mean()) - 2
    is_dust = facts[:, cv2.CC_STAT_AREA] < max(_DUST * stroke**2, 2)
    is_other = _is_from_outside(facts, solid.shape) | _is_dotted_line(facts, stroke, solid.shape[1])
    kept = facts[~is_dust & ~is_other]
    if not len(kept):
        return bounding_box(contrast, 127)
    left, top = kept[:, :2].min(axis=0).tolist()
    right, bottom = (kept[:, :2] + kept[:, 2:4]).max(axis=0).tolist()
    return left, top, right, bottom


def _is_dotted_line(facts: np.ndarray, stroke: float, width: int) -> np.ndarray:
    """bool (N,): which components belong to a dotted ruled line, many dots at one height."""
    left, top, wide, high = facts[:, :4].T
    is_dot = (wide <= _DOT * stroke) & (high <= _DOT * stroke)
    # Twice the centres, which are integers. By row, because an image may be full of dots.
    across, down = 2 * left + wide, 2 * top + high
    rows = int(down.max()) + 1
    count = np.bincount(down[is_dot], minlength=rows).astype(np.float32)
    first = np.full(rows, 2 * width, dtype=np.float32)
    last = np.zeros_like(first)
    np.minimum.at(first, down[is_dot], across[is_dot])
    np.maximum.at(last, down[is_dot], across[is_dot])
    near = np.ones((2 * min(int(2 * stroke), rows) + 1, 1), dtype=np.uint8)
    span = cv2.dilate(last[:, None], near) - cv2.erode(first[:, None], near)
    alone = {"normalize": False, "borderType": cv2.BORDER_CONSTANT}
    count = cv2.boxFilter(count[:, None], -1, (1, len(near)), **alone)
    is_row = (count >= _MANY) & (span >= width)
    return is_dot & is_row[down, 0]


def _level_lines(solid: np.ndarray) -> np.ndarray:
    """Mask of horizontal runs longer than any letter: ruled lines, borders of form fields."""
    height, width = solid.shape
    longest = max(height, width // 2, 3)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (longest, 1))
    return cv2.morphologyEx(solid, cv2.MORPH_OPEN, kernel) > 0


def _is_from_outside(facts: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """bool (N,): which components, rows of OpenCV's statistics, do not belong to this line."""
    height, width = shape
    left, top, wide, high = facts[:, :4].T
    above, below = top + high, height - top
    shallow = _SHALLOW * height
    is_tail = ((top == 0) & (above <= shallow)) | ((top + high == height) & (below <= shallow))
    at_side = (left == 0) | (left + wide == width)
    return is_tail | (at_side & (high >= _HIGH * height) & (wide <= _THIN * height))


def cut_line(contrast: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """Crop a box, scale it to the height of a line, and normalise slant and letter width.

    Args:
        contrast: uint8 (height, width) or (height, width, channels).
        box: left, top, right, bottom in its pixels.

    Returns:
        uint8 (HEIGHT, width) or (HEIGHT, width, channels), with MARGIN pixels around the box.
    """
    left, top, right, bottom = box
    wide, high = max(right - left, 1), max(bottom - top, 1)
    inner = HEIGHT - 2 * MARGIN
    scale = inner / high
    # A single dash fills its box; a long line of letters is as flat and keeps its scale.
    if high < _FLAT * wide and _is_solid(contrast, box):
        scale = min(scale, inner / (2 * wide))
    across = min(scale, _fitting(wide))
    shrunk, factors = _shrunk(contrast, scale)
    down = HEIGHT / 2 - (top + bottom) / 2 * scale
    matrix = np.array(
        [[across / factors[0], 0, MARGIN - left * across], [0, scale / factors[1], down]]
    )
    draft = _warped(shrunk, matrix, int(np.ceil(wide * across)) + 2 * MARGIN)
    grey = draft if draft.ndim == 2 else draft.max(axis=2)
    change, width = _change(grey, _ink_of(grey))
    return _warped(shrunk, change @ np.vstack((matrix, (0, 0, 1))), width)


def _warped(picture: np.ndarray, matrix: np.ndarray, width: int) -> np.ndarray:
    return cv2.warpAffine(picture, matrix, (width, HEIGHT), flags=cv2.INTER_LINEAR)


def _ink_of(draft: np.ndarray) -> np.ndarray:
    """float (N, 2): x, y of a line's ink, or of the corners inside its margins if it is blank."""
    y, x = np.nonzero(draft[MARGIN:-MARGIN, MARGIN:-MARGIN] > _FAINT)
    if not len(x):
        y, x = (np.array([0, length - 2 * MARGIN]) for length in draft.shape)
    return np.column_stack((x, y)) + MARGIN


def _is_solid(contrast: np.ndarray, box: tuple[float, float, float, float]) -> bool:
    """Whether most of a box is ink: a dash rather than a long line of writing."""
    left, top, right, bottom = (max(0, round(side)) for side in box)
    part = contrast[top : bottom + 1, left : right + 1]
    return bool(part.size) and float(part.mean()) > 255 * _SOLID


def _shrunk(contrast: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The image downscaled by area averaging if ``scale`` is small, and its scales (x, y)."""
    if scale > 1 / 1.5:
        return contrast, np.ones(2)
    height, width = contrast.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(contrast, size, interpolation=cv2.INTER_AREA), np.array(size) / (
        width,
        height,
    )
