"""A frame drawn around a character or a word: found by its four straight sides and left aside."""

import cv2
import numpy as np

from handwriting.imaging.masks import stroke_width

_INK = 127
_CORNERS, _LEAST_FILL = 0.04, 0.7
_COVERED, _NEAR, _THICKEST = 0.85, 0.8, 0.1
_LEAST_INSIDE, _LEAST_HIGH = 0.01, 0.2
_INSET, _SAMPLES = 1.6, 60


def without_frame(ink: np.ndarray) -> np.ndarray:
    """The ink inside of a frame that surrounds all of it; the ink unchanged where there is none.

    A frame has four straight sides that are drawn all along. What it surrounds must be more than
    specks, so that a square D or 0 is none, and may not reach from side to side, as in a square 8.

    Args:
        ink: uint8 (height, width), 0 paper, 255 ink.

    Returns:
        uint8 of the same shape.
    """
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
    _, _, wide, high = cv2.boundingRect(np.argwhere(solid)[:, ::-1].astype(np.int32))
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
