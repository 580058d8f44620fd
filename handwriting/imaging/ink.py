"""Ink on plain paper: segmentation, removal of dust and fragments, bounding box, stroke width.

Ink is white on black.
"""

import cv2
import numpy as np
from PIL import Image, ImageChops

from handwriting.imaging.photograph import as_seen

_LEAST_CONTRAST, _LEAST_IN_SHADE = 24, 40
_EVEN, _BENT = 2, 0.6
_SHADED, _COARSE, _AROUND = 0.15, 128, 0.4
_SPECK = 1 / 50
_SHALLOW, _LEAST_INSIDE = 0.2, 0.3


def find_ink(picture: Image.Image) -> np.ndarray:
    """Segment the ink on plain paper of any brightness.

    Light from one side, vignetting and shadows are tolerated.

    Returns:
        uint8 (height, width): 128 at Otsu's threshold (Otsu 1979) of the difference to the paper,
        more for larger differences; all 0 for a blank image.
    """
    grey = as_seen(picture).convert("L")
    ink = _ink_on(grey, _paper(grey))
    # Writing covers little of the edge; ink along much of it is a shadow.
    if _edge(ink > 127).mean() <= _SHADED:
        return ink
    return _ink_on(grey, _shaded_paper(grey), _LEAST_IN_SHADE)


def _ink_on(
    grey: Image.Image, paper: Image.Image, least_contrast: int = _LEAST_CONTRAST
) -> np.ndarray:
    contrast = ImageChops.difference(grey, paper)
    ink = np.zeros((grey.height, grey.width), dtype=np.uint8)
    box = contrast.getbbox()
    if box is None or contrast.getextrema()[1] < least_contrast:
        return ink
    # Clean paper has no contrast, so only the box around the ink is processed.
    written = contrast.crop(box)
    counts = np.array(written.histogram())
    counts[0] += ink.size - written.width * written.height
    threshold = otsu_threshold(counts) + 1
    scaled = np.minimum(np.arange(256) * 128 // threshold, 255)
    left, top, right, bottom = box
    ink[top:bottom, left:right] = np.asarray(written.point(scaled.tolist()))
    return ink


def _edge(pixels: np.ndarray) -> np.ndarray:
    """Outermost pixels, (N,), of (height, width), in row-major order."""
    is_edge = np.ones(pixels.shape, dtype=bool)
    is_edge[1:-1, 1:-1] = False
    return pixels[is_edge]


def _paper(grey: Image.Image) -> Image.Image:
    """Brightness of the paper, fitted to the image's edge: constant, a plane, or a plane with
    vignetting."""
    width, height = grey.size
    edge = _edge(np.asarray(grey)).astype(float)
    middle = int(np.median(edge))
    if np.abs(edge - middle).max() <= _EVEN:
        return Image.new("L", grey.size, middle)
    x = np.arange(width) / width - 0.5
    y = (np.arange(height) / height - 0.5)[:, None]
    factors = np.broadcast_arrays(1.0, x, y, x**2 + y**2)
    found = _plane_or_bow(np.stack([_edge(factor) for factor in factors], axis=1), edge)
    paper = sum(share * factor for share, factor in zip(found, factors, strict=True))
    return Image.fromarray(np.clip(paper.round(), 0, 255).astype(np.uint8))


def _plane_or_bow(positions: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Robust coefficients of a plane, with vignetting if it fits clearly better; float (N, 4) and
    (N,) to (4,)."""
    start = np.array([float(np.median(values)), 0.0, 0.0])
    plane = np.append(_robust_fit(positions[:, :3], values, start), 0.0)
    bow = _robust_fit(positions, values, plane)
    off_plane, off_bow = (np.median(np.abs(values - positions @ fit)) for fit in (plane, bow))
    return bow if off_bow < _BENT * off_plane else plane


def _shaded_paper(grey: Image.Image) -> Image.Image:
    """Brightness of the paper in arbitrary light: the median around each pixel."""
    small = grey.copy()
    small.thumbnail((_COARSE, _COARSE))
    around = max(3, round(_AROUND * min(small.size))) | 1
    median = cv2.medianBlur(np.asarray(small), around)
    return Image.fromarray(median).resize(grey.size, Image.Resampling.BICUBIC)


def _robust_fit(
    factors: np.ndarray, values: np.ndarray, start: np.ndarray, rounds: int = 10
) -> np.ndarray:
    """Coefficients of a robust linear fit; float (N, K) and (N,) to (K,).

    Iteratively reweighted least squares with Cauchy's weights, whose scale is twice the robust
    standard deviation of the residuals (Holland and Welsch 1977).
    """
    found = start
    for _ in range(rounds):
        residuals = np.abs(values - factors @ found)
        scale = 2 * max(1.4826 * float(np.median(residuals)), 1.0)
        roots = 1 / np.sqrt(1 + (residuals / scale) ** 2)
        found = np.linalg.lstsq(factors * roots[:, None], values * roots, rcond=None)[0]
    return found


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
    """Remove fragments at the image's edge, such as lines of a form and parts of neighbours.

    A fragment is a component that touches the edge and lies within a fifth of the image from one
    side. Nothing is removed unless three tenths of the ink do not touch the edge.

    Args:
        ink: uint8 (height, width), of :func:`find_ink`.
    """
    solid = ink > 127
    # Few drawings touch the edge, and labelling components takes as long as all the rest.
    if not any(side.any() for side in (solid[0], solid[-1], solid[:, 0], solid[:, -1])):
        return ink
    parts, boxes = connected_parts(solid)
    if len(boxes) < 2:
        return ink
    areas = boxes[:, cv2.CC_STAT_AREA]
    depths = _depths(boxes, solid.shape)
    is_fragment = depths <= _SHALLOW
    if not is_fragment.any() or areas[np.isinf(depths)].sum() < _LEAST_INSIDE * areas.sum():
        return ink
    kept = np.append(False, ~is_fragment)[parts]
    # With the grey border, which the widening of thin strokes would restore.
    gone = cv2.dilate((solid & ~kept).astype(np.uint8), np.ones((5, 5))) > 0
    return np.where(gone & ~kept, 0, ink).astype(np.uint8)


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
    return float(4 * distances(solid)[solid].mean() - 2) if solid.any() else 0.0


def distances(solid: np.ndarray) -> np.ndarray:
    """float64 (height, width): distance of each pixel of a mask to the nearest background pixel."""
    rounded = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Squared distances between pixels are integers.
    return np.sqrt(np.square(rounded, dtype=np.float64).round())


def bounding_box(ink: np.ndarray, level: int) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom (exclusive) of the pixels above ``level``; ``None`` without any."""
    rows, columns = (np.flatnonzero((ink > level).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
