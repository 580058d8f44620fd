"""Segmentation of ink on plain paper.

Ink is white on black.
"""

import cv2
import numpy as np
from PIL import Image, ImageChops

from handwriting.imaging.masks import otsu_threshold
from handwriting.imaging.photograph import as_seen
from handwriting.imaging.shade import ink_in_any_light

_LEAST_CONTRAST = 24
_EVEN, _BENT = 2, 0.6
_APART, _BESIDE = 0.1, 1 / 150
_MOST_INK, _CUTS = 0.5, (2, 16, 2)


def find_ink(picture: Image.Image) -> np.ndarray:
    """Segment the ink on plain paper of any brightness.

    The paper is fitted to the edge of the image; where strokes found in another way
    (:mod:`handwriting.imaging.shade`) disagree, as in shadows and vignettes, these are taken. If
    most of the image would be ink, its edge is taken for a line around the paper.

    Returns:
        uint8 (height, width): 128 at Otsu's threshold (Otsu 1979) of the difference to the paper,
        more for larger differences; all 0 for a blank image.
    """
    grey = as_seen(picture).convert("L")
    ink = _ink_in(grey)
    return _inside_line(grey, ink) if _covers_most(ink) else ink


def _covers_most(ink: np.ndarray) -> bool:
    return np.count_nonzero(ink > 127) > _MOST_INK * ink.size


def _inside_line(grey: Image.Image, ink: np.ndarray) -> np.ndarray:
    """The ink inside of a line around the whole image, or the given one where there is no line."""
    width, height = grey.size
    for percent in range(*_CUTS):
        across, down = percent * width // 100, percent * height // 100
        inside = _ink_in(grey.crop((across, down, width - across, height - down)))
        if inside.any() and not _covers_most(inside):
            return np.pad(inside, ((down, down), (across, across)))
    return ink


def _ink_in(grey: Image.Image) -> np.ndarray:
    ink = _ink_on(grey, _paper(grey))
    values = np.asarray(grey)
    if _is_even(_edge(values)):
        return ink
    in_any_light = ink_in_any_light(values)
    return ink if _agree(ink > 127, in_any_light > 127) else in_any_light


def _ink_on(grey: Image.Image, paper: Image.Image) -> np.ndarray:
    contrast = ImageChops.difference(grey, paper)
    ink = np.zeros((grey.height, grey.width), dtype=np.uint8)
    box = contrast.getbbox()
    if box is None or contrast.getextrema()[1] < _LEAST_CONTRAST:
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


def _agree(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether nearly all of each of two masks lies on or beside the other one."""
    reach = 2 * max(1, round(max(first.shape) * _BESIDE)) + 1
    near = np.ones((reach, reach), np.uint8)

    def is_apart(mask: np.ndarray, other: np.ndarray) -> bool:
        apart = mask & (cv2.dilate(other.astype(np.uint8), near) == 0)
        return bool(apart.sum() > _APART * mask.sum())

    return not (is_apart(first, second) or is_apart(second, first))


def _edge(pixels: np.ndarray) -> np.ndarray:
    """Outermost pixels, (N,), of (height, width), in row-major order."""
    is_edge = np.ones(pixels.shape, dtype=bool)
    is_edge[1:-1, 1:-1] = False
    return pixels[is_edge]


def _is_even(edge: np.ndarray) -> bool:
    """Whether the values at an image's edge hardly differ, as on a clean ground."""
    values = edge.astype(float)
    return bool(np.abs(values - int(np.median(values))).max() <= _EVEN)


def _paper(grey: Image.Image) -> Image.Image:
    """Brightness of the paper, fitted to the image's edge: constant, a plane, or a plane with
    vignetting."""
    width, height = grey.size
    edge = _edge(np.asarray(grey)).astype(float)
    middle = int(np.median(edge))
    if _is_even(edge):
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
