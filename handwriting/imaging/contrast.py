"""Contrast of each pixel of a photograph to its paper, in uneven light, for any two colours.

Unlike `ink.find_ink` it keeps grey levels, because the text-line model is trained on them and
distinguishes faint strokes, ruled lines and noise itself.
"""

import cv2
import numpy as np
from PIL import Image

from handwriting.imaging.masks import otsu_threshold
from handwriting.imaging.photograph import as_seen

LEAST_CONTRAST = 12
"""Minimum difference of ink and paper, of 255 levels; an image with less is blank."""

_LARGEST_KERNEL = 101
_NOISE, _FAINT, _BOARD = 2.5, 0.12, 1.3


def colours_of(picture: Image.Image) -> np.ndarray:
    """uint8 (height, width, 3): RGB of an image, upright and opaque (`photograph.as_seen`)."""
    return np.asarray(as_seen(picture).convert("RGB"))


def contrast_of(colours: np.ndarray) -> np.ndarray:
    """Contrast of ink to paper, from 0 (paper) to 255 (the median ink of the image).

    Args:
        colours: uint8 (height, width, 3), dark writing on light paper or light on dark.

    Returns:
        uint8 (height, width); all 0 for a blank image.
    """
    difference = signed_difference(colours, paper_of(colours, min(colours.shape[:2])))
    level = int(np.abs(difference).max(initial=0))
    if level < LEAST_CONTRAST:
        return np.zeros(colours.shape[:2], dtype=np.uint8)
    darker = is_darker(difference)
    contrast = np.clip(difference if darker else -difference, 0, 255).astype(np.uint8)
    return normalised(contrast)


def is_dark_on_light(colours: np.ndarray, paper: np.ndarray) -> bool:
    """Whether the writing is darker than its paper; uint8 (height, width, 3) each."""
    return is_darker(signed_difference(colours, paper))


def is_darker(difference: np.ndarray) -> bool:
    """Whether writing is darker than its paper; int16 of any shape, of `signed_difference`."""
    # Shadows and glare differ from the paper as well; most people write dark on light.
    return _BOARD * _strength(difference) >= _strength(-difference)


def paper_of(colours: np.ndarray, size: int, largest: int = _LARGEST_KERNEL) -> np.ndarray:
    """Paper colour of each pixel: the median in a window.

    Args:
        colours: uint8 (height, width, 3).
        size: side of the window in pixels.
        largest: maximum side of the window, in pixels of a downscaled image; smaller is faster.

    Returns:
        uint8 (height, width, 3).
    """
    factor = max(1, -(-size // largest))
    height, width = colours.shape[:2]
    small = (max(1, width // factor), max(1, height // factor))
    shrunk = cv2.resize(colours, small, interpolation=cv2.INTER_AREA) if factor > 1 else colours
    median = cv2.medianBlur(np.ascontiguousarray(shrunk), max(3, size // factor) | 1)
    return cv2.resize(median, (width, height)) if factor > 1 else median


def signed_difference(colours: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Largest difference to the paper over the channels, positive where darker.

    Args:
        colours: uint8 (height, width, 3).
        paper: likewise, of :func:`paper_of`.

    Returns:
        int16 (height, width).
    """
    each = paper.astype(np.int16) - colours
    # Channel by channel, because NumPy is several times slower over the last axis.
    red, green, blue = each[..., 0], each[..., 1], each[..., 2]
    darkest = np.maximum(np.maximum(red, green), blue)
    lightest = np.minimum(np.minimum(red, green), blue)
    return np.where(darkest >= -lightest, darkest, lightest)


def _strength(difference: np.ndarray) -> float:
    """The 98th percentile, which ignores single pixels."""
    return float(np.percentile(difference, 98))


def normalised(contrast: np.ndarray) -> np.ndarray:
    """Scale contrast so that noise becomes 0 and the median ink 255; uint8 of any shape."""
    counts = np.bincount(contrast.ravel(), minlength=256)
    threshold = otsu_threshold(counts)
    ink, rest = contrast[contrast > threshold], contrast[contrast <= threshold]
    if not len(ink):
        return np.zeros_like(contrast)
    usual = float(np.median(ink))
    lowest = max(_FAINT * usual, _NOISE * float(np.median(rest)) if len(rest) else 0.0)
    lowest = min(lowest, 0.6 * usual)
    return np.clip((contrast - lowest) * (255 / (usual - lowest)), 0, 255).astype(np.uint8)
