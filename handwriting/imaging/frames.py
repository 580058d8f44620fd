"""A frame drawn around a character or a word: found by what it surrounds, and left aside."""

import cv2
import numpy as np

from handwriting.imaging.masks import bounding_box, connected_parts, stroke_width

_INK = 127
_SIDE, _GAP, _MOST_STROKES, _LONG = 240, 0.1, 4, 0.15
_LEAST_SPAN, _LEAST_AROUND = 0.3, 0.5
_NESTED = 2
_CORNERS, _LEAST_FILL = 0.04, 0.7
_COVERED, _NEAR, _THICKEST = 0.85, 0.8, 0.1
_LEAST_INSIDE, _LEAST_HIGH = 0.01, 0.2
_INSET, _SAMPLES = 1.6, 60


def without_frame(ink: np.ndarray) -> np.ndarray:
    """The ink inside of a frame that surrounds all of it; the ink unchanged where there is none.

    A frame of any shape, of up to four strokes with small gaps, is told by the writing that it
    surrounds without touching it. Writing that touches its frame is told from it if the frame has
    four straight sides that are drawn all along. What a frame surrounds must be more than specks,
    so that a square D or 0 is none, and may not reach from side to side, as in a square 8.

    Args:
        ink: uint8 (height, width), 0 paper, 255 ink.

    Returns:
        uint8 of the same shape.
    """
    for _ in range(_NESTED):
        inside = _surrounded(ink)
        if inside is ink:
            break
        ink = inside
    return _inside_straight_sides(ink)


def _surrounded(ink: np.ndarray) -> np.ndarray:
    """The components that others surround, or the ink unchanged where there are none."""
    box = bounding_box(ink, _INK)
    if box is None:
        return ink
    left, top, right, bottom = box
    small = _shrunken(ink[top:bottom, left:right] > _INK)
    gap = max(1, round(_GAP * min(small.shape)))
    margin = 2 * gap + 2
    parts, boxes = connected_parts(np.pad(small, margin) > 0)
    if len(boxes) < 2:
        return ink
    enclosed, is_outer = _enclosed(parts, gap)
    inner = (parts > 0) & ~is_outer[parts]
    if not _is_framed(enclosed, inner, boxes[is_outer[1:]], small.shape):
        return ink
    inner = cv2.dilate(inner.astype(np.uint8), np.ones((3, 3), np.uint8))
    inner = inner[margin:-margin, margin:-margin]
    kept = np.zeros_like(ink)
    size = (right - left, bottom - top)
    large = cv2.resize(inner, size, interpolation=cv2.INTER_NEAREST)
    kept[top:bottom, left:right] = large * ink[top:bottom, left:right]
    return kept


def _shrunken(solid: np.ndarray) -> np.ndarray:
    """The mask, downscaled so that a hair stays whole; uint8, 0 or 1."""
    scale = min(1.0, _SIDE / max(solid.shape))
    size = [max(1, round(scale * side)) for side in solid.shape[::-1]]
    small = cv2.resize(solid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return (small > 0).astype(np.uint8)


def _enclosed(parts: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """What paper around the ink does not reach, once gaps are closed.

    Args:
        parts: int32 (height, width), component of each pixel, with paper all around.
        gap: width of the gaps in pixels.

    Returns:
        bool (height, width), and bool (components + 1,), whether each component lies at its edge.
    """
    solid = (parts > 0).astype(np.uint8)
    closed = cv2.dilate(solid, _disc(gap))
    cv2.floodFill(closed, None, (0, 0), 2)
    outside = (closed == 2).astype(np.uint8)
    is_outer = np.zeros(parts.max() + 1, bool)
    is_outer[np.unique(parts[cv2.dilate(outside, _disc(gap + 2)) > 0])] = True
    return cv2.dilate(outside, _disc(gap)) == 0, is_outer


def _disc(width: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width | 1, width | 1))


def _is_framed(
    enclosed: np.ndarray, inner: np.ndarray, outer: np.ndarray, shape: tuple[int, int]
) -> bool:
    """Whether the outer components are a frame and the inner ones more than specks.

    Args:
        enclosed: bool (height, width), what the outer components enclose.
        inner: bool (height, width).
        outer: int32 (components, 5), of :func:`connected_parts`.
        shape: height and width of all ink.
    """
    strokes = outer[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_AREA].max(axis=1) > _LONG * max(shape)
    if not inner.any() or not 1 <= strokes.sum() <= _MOST_STROKES:
        return False
    places, _ = connected_parts(enclosed)
    around = places == np.bincount(places[inner]).argmax()
    extents, own = (np.ptp(np.nonzero(mask), axis=1) for mask in (around, inner))
    is_large = (own >= _LEAST_SPAN * extents).any()
    return bool(is_large and around.sum() >= _LEAST_AROUND * shape[0] * shape[1])


def _inside_straight_sides(ink: np.ndarray) -> np.ndarray:
    """The ink inside of four straight sides, which it may touch; unchanged where there are none."""
    solid = (ink > _INK).astype(np.uint8)
    corners = _corners(solid)
    if corners is None:
        return ink
    width = stroke_width(solid > 0)
    shortest = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1).min()
    if width > _THICKEST * shortest or not _is_drawn(solid, corners, width):
        return ink
    mask = cv2.fillConvexPoly(np.zeros_like(solid), np.round(corners).astype(np.int32), 1)
    size = 2 * max(1, round(_INSET * width)) + 1
    mask = cv2.erode(mask, np.ones((size, size), np.uint8), borderValue=0)
    inside = solid & mask
    if not _is_written(inside, mask):
        return ink
    return np.where(mask > 0, ink, 0).astype(np.uint8)


def _corners(solid: np.ndarray) -> np.ndarray | None:
    """The four corners of the largest outline, float (4, 2), if it has so many and holds most of
    its bounding box."""
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=lambda contour: cv2.boundingRect(contour)[2:], default=None)
    if outline is None or len(outline) < 20:
        return None
    hull = cv2.convexHull(outline)
    found = cv2.approxPolyDP(hull, _CORNERS * cv2.arcLength(hull, True), True)
    _, _, wide, high = cv2.boundingRect(solid)
    if len(found) != 4 or cv2.contourArea(found) < _LEAST_FILL * wide * high:
        return None
    return found[:, 0].astype(float)


def _is_drawn(solid: np.ndarray, corners: np.ndarray, width: float) -> bool:
    """Whether there is ink along each side."""
    reach = 2 * max(1, round(_NEAR * width)) + 1
    near = cv2.dilate(solid, np.ones((reach, reach), np.uint8))
    share = np.linspace(0, 1, _SAMPLES)[:, None]
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        x, y = np.round(start + share * (end - start)).astype(int).T
        if near[y, x].mean() < _COVERED:
            return False
    return True


def _is_written(inside: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the ink inside a frame is more than specks and does not span it from side to side."""
    rows, columns = np.nonzero(inside)
    own_rows, own_columns = np.nonzero(mask)
    if len(rows) < _LEAST_INSIDE * len(own_rows) or not len(rows):
        return False
    if np.ptp(rows) < _LEAST_HIGH * np.ptp(own_rows):
        return False
    spans_across = columns.min() == own_columns.min() and columns.max() == own_columns.max()
    spans_down = rows.min() == own_rows.min() and rows.max() == own_rows.max()
    return not (spans_across or spans_down)
