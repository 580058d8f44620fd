"""Ink on paper in any light: shadows with soft and hard edges, vignettes, bright spots, noise.

The paper below the strokes is the morphological closing of the brightness (for light writing the
opening) with a window that is wider than a stroke. A shadow wider than the window stays in the
paper, however hard its edge is. What remains is ink only if its outline is a step in brightness;
the outline of a valley in uneven light is none.
"""

import cv2
import numpy as np

from handwriting.imaging.masks import connected_parts, otsu_threshold, stroke_width

_LONGEST = 480
"""Longer side that an image is downscaled to, in pixels; the smoothing is one of them."""

_LEAST_CONTRAST, _LEAST_OVER_NOISE, _DARKEST = 24, 2, 16
_WINDOW, _STROKES, _SMALLEST, _ROUNDS = 0.45, 3, 5, 3
_REACH, _STEP = 120, 0.75
_BOARD, _AROUND, _CLEAREST = 1.3, 0.4, 0.5


def ink_in_any_light(grey: np.ndarray) -> np.ndarray:
    """Segment the ink.

    Args:
        grey: uint8 (height, width), dark writing on light paper or light on dark.

    Returns:
        uint8 of the same shape: 128 at the threshold between paper and ink, more for larger
        contrast; all 0 for a blank image.
    """
    height, width = grey.shape
    scale = min(1.0, _LONGEST / max(grey.shape))
    small = _smoothed(grey, scale)
    contrast = _contrast_of_strokes(small)
    if not contrast.any():
        return np.zeros_like(grey)
    ink = np.clip(contrast * (128 / _threshold(contrast)), 0, 255).astype(np.uint8)
    return cv2.resize(ink, (width, height), interpolation=cv2.INTER_CUBIC) if scale < 1 else ink


def _smoothed(grey: np.ndarray, scale: float) -> np.ndarray:
    if scale < 1:
        size = [max(1, round(side * scale)) for side in grey.shape[::-1]]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    sigma = max(grey.shape) / _LONGEST
    # Less than this would not reach the next pixel.
    return cv2.GaussianBlur(grey, (0, 0), sigma) if sigma > 0.2 else grey


def _contrast_of_strokes(grey: np.ndarray) -> np.ndarray:
    """Contrast of each pixel to its paper, uint8, 0 except for strokes and their surroundings."""
    steps = _steps(grey)
    noise = _noise(steps)
    is_dark = _is_dark_on_light(grey, steps)
    window = max(_SMALLEST, int(_WINDOW * min(grey.shape)))
    contrast = np.zeros_like(grey)
    for _ in range(_ROUNDS):
        contrast = _contrast(grey, window, is_dark)
        # Once more, because the threshold is another without what was no stroke.
        for _ in range(2):
            contrast = _steep_parts(contrast, steps, noise)
        if not contrast.any():
            return contrast
        width = stroke_width(contrast >= _threshold(contrast))
        narrower = max(_SMALLEST, int(_STROKES * width) + 2)
        if narrower >= window:
            return contrast
        window = narrower
    return contrast


def _contrast(grey: np.ndarray, window: int, is_dark: bool) -> np.ndarray:
    """Relative difference of each pixel to its paper, uint8, 0 for the usual one."""
    light = _closed(grey, window) if is_dark else grey
    dark = grey if is_dark else 255 - _closed(255 - grey, window)
    contrast = _relative(light, dark)
    return np.clip(contrast - np.median(contrast), 0, 255).astype(np.uint8)


def _closed(grey: np.ndarray, window: int) -> np.ndarray:
    """Morphological closing; beyond the image each edge goes on as it is."""
    margin = window // 2 + 1
    square = np.ones((window | 1, window | 1), np.uint8)
    wide = cv2.copyMakeBorder(grey, *4 * [margin], cv2.BORDER_REPLICATE)
    return cv2.morphologyEx(wide, cv2.MORPH_CLOSE, square)[margin:-margin, margin:-margin]


def _steps(grey: np.ndarray) -> np.ndarray:
    """Relative range of brightness around each pixel, float32, 0..255."""
    reach = _reach(grey)
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return _relative(cv2.dilate(grey, around), cv2.erode(grey, around))


def _reach(grey: np.ndarray) -> int:
    return max(1, round(max(grey.shape) / _REACH))


def _relative(light: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Difference relative to the lighter one, float32, 0..255."""
    difference = light.astype(np.float32) - dark
    return np.clip(255 * difference / np.maximum(light, _DARKEST), 0, 255)


def _is_dark_on_light(grey: np.ndarray, steps: np.ndarray) -> bool:
    """Whether the writing is darker than its paper, which is the median around each pixel.

    Steps alone count, because valleys and bright spots of the light differ from it as well.
    """
    paper = cv2.medianBlur(grey, _around(grey))
    darker, lighter = np.maximum(paper, grey), np.minimum(paper, grey)
    difference = np.where(paper > grey, 1, -1) * _relative(darker, lighter)
    clear = difference[steps >= _CLEAREST * np.percentile(steps, 99.5)]
    return bool(_BOARD * clear[clear > 0].sum() >= -clear[clear < 0].sum())


def _noise(steps: np.ndarray) -> np.ndarray:
    """Usual steps around each pixel, uint8; those of strokes are narrowed to their outlines."""
    reach = _reach(steps)
    narrow = cv2.erode(steps.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    if reach == 1:
        # Strokes are nearly everywhere in a small picture.
        return np.full_like(narrow, np.median(narrow))
    return cv2.medianBlur(narrow, _around(steps))


def _around(grey: np.ndarray) -> int:
    """Side of the window of medians, in pixels; strokes cover less than half of it."""
    return max(3, int(_AROUND * min(grey.shape))) | 1


def _steep_parts(contrast: np.ndarray, steps: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Contrast without components whose outline is no step in brightness or that are noise.

    Args:
        contrast: uint8 (height, width), of :func:`_contrast`.
        steps: of :func:`_steps`.
        noise: uint8 (height, width), usual steps around each pixel.
    """
    if contrast.max() < _LEAST_CONTRAST:
        return np.zeros_like(contrast)
    solid = contrast >= max(_threshold(contrast), _LEAST_CONTRAST / 2)
    parts, boxes = connected_parts(solid)
    inner = cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    outline = solid & ~inner
    count = len(boxes) + 1
    strength = _means(contrast[solid], parts[solid], count)
    is_steep = _means(steps[outline], parts[outline], count) > _STEP * strength
    is_steep &= strength > _LEAST_OVER_NOISE * _means(noise[outline], parts[outline], count)
    is_steep[0] = True
    kept = np.where(is_steep[parts], contrast, 0)
    return kept if (kept >= _LEAST_CONTRAST).any() else np.zeros_like(contrast)


def _means(values: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """float64 (count,): mean value of each group, 0 for an empty one."""
    sums = np.bincount(groups, weights=values, minlength=count)
    return sums / np.maximum(np.bincount(groups, minlength=count), 1)


def _threshold(contrast: np.ndarray) -> int:
    return otsu_threshold(np.bincount(contrast.ravel(), minlength=256)) + 1
