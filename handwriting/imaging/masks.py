"""Masks of ink, white on black: threshold, components, dust, fragments, stroke width, box."""

import cv2
import numpy as np

_SPECK = 1 / 50
_SHALLOW, _LEAST_INSIDE = 0.2, 0.3
_NEAR, _LONG, _THIN = 0.2, 0.2, 9
_BLOT = 0.6


def otsu_threshold(counts: np.ndarray) -> int:
    """Otsu's threshold (Otsu 1979) of a histogram, int (256,)."""
    below = counts.cumsum().astype(np.float64)
    above = below[-1] - below
    weighted = (counts * np.arange(len(counts))).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = weighted / below - (weighted[-1] - weighted) / above
        between = below * above * difference**2
    return int(np.nan_to_num(between).argmax())


def connected_parts(solid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Connected components with 8-connectivity.

    Args:
        solid: bool (height, width).

    Returns:
        int32 (height, width), component of each pixel, from 1, 0 for background; and int32
        (components, 5), left, top, width, height and area of each, in pixels.
    """
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    return parts, boxes[1:]


def without_specks(solid: np.ndarray) -> np.ndarray:
    """Remove components with less than a fiftieth of the ink; the dot of an i is larger.

    Args:
        solid: bool (height, width).
    """
    parts, boxes = connected_parts(solid)
    if len(boxes) < 2:
        return solid
    areas = np.append(0, boxes[:, cv2.CC_STAT_AREA])
    return (areas >= _SPECK * areas.sum())[parts] & solid


def without_fragments(ink: np.ndarray) -> np.ndarray:
    """Remove fragments near the image's edge, such as lines of a form and parts of neighbours.

    A fragment is a component that touches the edge and lies within a fifth of the image from one
    side; or a long thin one of which all lies near the edge, such as two sides of a form's cell.
    Nothing is removed unless three tenths of the ink are in components that are neither.

    Args:
        ink: uint8 (height, width), of :func:`find_ink`.
    """
    solid = ink > 127
    middle = _away_from_edge(solid.shape)
    # Few drawings come near the edge, and labelling components takes as long as all the rest.
    if np.count_nonzero(solid) == np.count_nonzero(solid[middle]):
        return ink
    parts, boxes = connected_parts(solid)
    if len(boxes) < 2:
        return ink
    areas = boxes[:, cv2.CC_STAT_AREA]
    depths = _depths(boxes, solid.shape)
    in_middle = np.bincount(parts[middle].ravel(), minlength=len(areas) + 1)[1:]
    is_rule = (in_middle == 0) & _is_long_and_thin(boxes, solid.shape)
    is_fragment = (depths <= _SHALLOW) | is_rule
    is_whole = np.isinf(depths) & ~is_rule
    if not is_fragment.any() or areas[is_whole].sum() < _LEAST_INSIDE * areas.sum():
        return ink
    kept = np.append(False, ~is_fragment)[parts]
    # With the grey border, which the widening of thin strokes would restore.
    gone = cv2.dilate((solid & ~kept).astype(np.uint8), np.ones((5, 5))) > 0
    return np.where(gone & ~kept, 0, ink).astype(np.uint8)


def _away_from_edge(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that are not near the edge."""
    near = max(1, round(_NEAR * min(shape)))
    return slice(near, max(near, shape[0] - near)), slice(near, max(near, shape[1] - near))


def _is_long_and_thin(boxes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Whether each component can be sides of a frame; bool (components,)."""
    wide, high, area = boxes[:, cv2.CC_STAT_WIDTH :].T
    is_long = (wide > _LONG * shape[1]) | (high > _LONG * shape[0])
    return is_long & ((wide + high) ** 2 > _THIN * area)


def _depths(boxes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Depth of each component from its nearest side, in 0..1 of the image; infinity if it does not
    touch the edge."""
    height, width = shape
    left, top, wide, high = boxes[:, :4].T
    right, bottom = left + wide, top + high
    reach = np.stack((right / width, 1 - left / width, bottom / height, 1 - top / height))
    is_inside = (left > 0) & (top > 0) & (right < width) & (bottom < height)
    return np.where(is_inside, np.inf, reach.min(axis=0))


def stroke_width(solid: np.ndarray) -> float:
    """Mean stroke width in pixels of a mask, bool (height, width).

    In a stroke of width w the mean distance of pixels to the nearest background pixel is
    w / 4 + 1 / 2.
    """
    return float(4 * _exact(_rounded(solid)[solid]).mean() - 2) if solid.any() else 0.0


def has_strokes(solid: np.ndarray) -> bool:
    """Whether any component of a mask, bool (height, width), is longer than wide; blots are not.

    Of real characters the component that is most like a stroke is at most 0.37 of its longer side
    wide (1,172 drawings, photographs and `byclass` images), of tiny ones in a thick pen 0.56; a
    disc is two thirds wide.
    """
    parts, boxes = connected_parts(solid)
    sides = boxes[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_AREA].max(axis=1)
    return any(
        stroke_width(parts == part) < _BLOT * side for part, side in enumerate(sides.tolist(), 1)
    )


def distances(solid: np.ndarray) -> np.ndarray:
    """float64 (height, width): distance of each pixel of a mask to the nearest background pixel."""
    return _exact(_rounded(solid))


def _rounded(solid: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _exact(rounded: np.ndarray) -> np.ndarray:
    """Distances in float64 from float32: squared distances between pixels are integers."""
    return np.sqrt(np.square(rounded, dtype=np.float64).round())


def bounding_box(ink: np.ndarray, level: int) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom (exclusive) of the pixels above ``level``; ``None`` without any."""
    left, top, wide, high = cv2.boundingRect((ink > level).astype(np.uint8))
    return (left, top, left + wide, top + high) if wide else None
