"""The writing on a page, freed of uneven light and of ruled and squared lines."""

import cv2
import numpy as np

from handwriting.imaging.contrast import is_dark_on_light, normalised, paper_of

PAPER_SHARE = 1 / 16
"""Side of the square whose median is the paper, as a part of the page's longer side."""

_LARGEST_KERNEL = 31
_WHITE = np.uint8(230)
_LEAST_CONTRAST = 14


def page_contrast(colours: np.ndarray) -> np.ndarray:
    """How much darker than its paper each pixel is, as if the light were even.

    Args:
        colours: uint8 (height, width, 3), dark writing on light ground or the other way round.

    Returns:
        uint8 (height, width): 0 for paper, 255 for ink that takes all light away.
    """
    paper = paper_of(colours, round(PAPER_SHARE * max(colours.shape[:2])), _LARGEST_KERNEL)
    if not is_dark_on_light(colours, paper):
        colours, paper = 255 - colours, 255 - paper
    # The quotient, not the difference: in the shadow ink and paper are nearer to each other.
    flat = cv2.divide(colours, cv2.max(paper, 24), scale=int(_WHITE))
    return _WHITE - np.minimum(flat.min(axis=2), _WHITE)


def page_ink(contrast: np.ndarray) -> np.ndarray:
    """The writing alone, rulings left out; uint8 (height, width), 255 for the usual ink."""
    contrast = cv2.GaussianBlur(contrast, (0, 0), 0.7)
    noise = float(np.median(contrast))
    faint = max(_LEAST_CONTRAST, 3 * noise)
    for across in (True, False):
        contrast = without_rulings(contrast, faint, across)
    found = contrast.copy()
    found[found < faint] = 0
    return normalised(found)


def without_rulings(contrast: np.ndarray, faint: float, across: bool) -> np.ndarray:
    """Take away long straight lines, level (``across``) or upright, and keep what crosses them."""
    if not across:
        return without_rulings(contrast.T, faint, True).T.copy()
    height, width = contrast.shape
    longest = max(16, max(height, width) // 14)
    rect = cv2.MORPH_RECT
    near = cv2.dilate(contrast, cv2.getStructuringElement(rect, (9, 3)))
    level = cv2.morphologyEx(near, cv2.MORPH_OPEN, cv2.getStructuringElement(rect, (longest, 1)))
    is_ruling = (level > faint) & (contrast < 1.5 * level.astype(np.float32))
    without = np.where(is_ruling, 0, contrast).astype(np.uint8)
    bridged = cv2.morphologyEx(without, cv2.MORPH_CLOSE, cv2.getStructuringElement(rect, (1, 7)))
    return np.where(is_ruling, np.minimum(bridged, contrast), contrast).astype(np.uint8)
