"""Ink of a page: illumination is normalised, ruled and squared lines are removed."""

import cv2
import numpy as np

from handwriting.imaging.contrast import is_dark_on_light, normalised, paper_of

PAPER_SHARE = 1 / 16
"""Side of the window whose median is the paper, as a part of the page's longer side."""

_LARGEST_KERNEL = 31
_WHITE = np.uint8(230)
_LEAST_CONTRAST = 14
_LONGEST, _FLAT, _THICKEST = 14, 70, 120
_ANGLES = (-5.0, -2.5, 0.0, 2.5, 5.0)
_INK, _CROSSING = 1.5, 0.6
_GAP, _BREAK = 250, 450


def page_contrast(colours: np.ndarray) -> np.ndarray:
    """Contrast of each pixel to its paper, normalised for illumination.

    Args:
        colours: uint8 (height, width, 3), dark writing on light paper or light on dark.

    Returns:
        uint8 (height, width): 0 for paper, 255 for ink that absorbs all light.
    """
    paper = paper_of(colours, round(PAPER_SHARE * max(colours.shape[:2])), _LARGEST_KERNEL)
    if not is_dark_on_light(colours, paper):
        colours, paper = 255 - colours, 255 - paper
    # The quotient, because a shadow reduces the difference of ink and paper.
    flat = cv2.divide(colours, cv2.max(paper, 24), scale=int(_WHITE))
    return _WHITE - np.minimum(flat.min(axis=2), _WHITE)


def page_ink(contrast: np.ndarray) -> np.ndarray:
    """The ink without ruled lines; uint8 (height, width), 255 for the median ink.

    Args:
        contrast: uint8 (height, width), of :func:`page_contrast`.
    """
    contrast = cv2.GaussianBlur(contrast, (0, 0), 0.7)
    noise = float(np.median(contrast))
    faint = max(_LEAST_CONTRAST, 3 * noise)
    for across in (True, False):
        contrast = without_rulings(contrast, faint, across)
    found = contrast.copy()
    found[found < faint] = 0
    return normalised(found)


def without_rulings(contrast: np.ndarray, faint: float, across: bool) -> np.ndarray:
    """Remove ruled lines, and keep the strokes that cross them.

    Args:
        contrast: uint8 (height, width), of :func:`page_contrast`.
        faint: contrast above noise.
        across: ``True`` for about horizontal lines, ``False`` for vertical ones.
    """
    if not across:
        return without_rulings(contrast.T, faint, True).T.copy()
    level = _long_runs(contrast)
    # Ink beside a ruled line is no long run; high parts are strokes that cross it.
    length = max(8, max(contrast.shape) // _FLAT)
    closed = cv2.dilate(contrast, np.ones((1, max(1, max(contrast.shape) // _BREAK)), np.uint8))
    flat = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    flat = cv2.dilate(flat, np.ones((3, 1), np.uint8))
    thick = max(3, max(contrast.shape) // _THICKEST)
    high = cv2.morphologyEx(contrast, cv2.MORPH_OPEN, np.ones((thick, 1), np.uint8))
    is_ruling = (level > faint) & (contrast < _INK * level) & (high < _CROSSING * contrast)
    is_ruling &= flat > _CROSSING * contrast
    return np.where(is_ruling, 0, contrast).astype(np.uint8)


def _long_runs(contrast: np.ndarray) -> np.ndarray:
    """float32 (height, width): contrast of the strongest, about horizontal, long run through each
    pixel.

    Runs are searched at several angles, by shearing the image at half resolution.
    """
    height, width = contrast.shape
    near = cv2.dilate(contrast, np.ones((3, max(1, max(height, width) // _GAP)), np.uint8))
    half = near[::2, ::2]
    kernel = np.ones((1, max(8, max(height, width) // (2 * _LONGEST))), np.uint8)
    level = np.zeros_like(half)
    flags = cv2.INTER_NEAREST
    for degrees in _ANGLES:
        slope = float(np.tan(np.radians(degrees)))
        shear = np.array([[1, 0, 0], [-slope, 1, slope * half.shape[1] / 2]])
        back = np.array([[1, 0, 0], [slope, 1, -slope * half.shape[1] / 2]])
        shifted = cv2.warpAffine(half, shear, half.shape[::-1], flags=flags)
        runs = cv2.morphologyEx(shifted, cv2.MORPH_OPEN, kernel)
        level = np.maximum(level, cv2.warpAffine(runs, back, half.shape[::-1], flags=flags))
    return cv2.resize(level, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.float32)
