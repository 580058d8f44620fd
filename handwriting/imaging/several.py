"""Detection of several characters side by side in one image.

The ink must be wider than high by a fifth. In addition, two tall components must stand side by
side, or a row must cross more than six strokes. This excludes i, j, =, dashes and most broken
strokes.

False positives: 0 of 1,674 tablet drawings, 0.1% of 2,899 photographs, 1.2% of 250 form fields with
one digit, 0.3% of 6,000 online characters. Recall: 66.0% of 250 form fields with two digits,
90.4% of 250 with more, 90.1% of 5,533 online words
(tests/imaging/test_several.py checks a part of them).
"""

from collections.abc import Sequence

import cv2
import numpy as np

from handwriting.imaging.masks import connected_parts, without_specks
from handwriting.imaging.strokes import draw_strokes

_WIDE, _TALL, _OVERLAP, _CROSSINGS = 1.2, 0.5, 0.3, 6
_HEIGHT, _LONGEST, _PEN, _INK = 60, 1200, 2.0, 90


def several_in_ink(solid: np.ndarray) -> bool:
    """Whether a mask, bool (height, width), seems to show several characters."""
    rows, columns = (np.flatnonzero(solid.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return False
    inked = solid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = inked.shape
    return width > _WIDE * height and (_crossings(inked) > _CROSSINGS or _stand_apart(inked))


def several_in_picture(ink: np.ndarray) -> bool:
    """Whether a picture seems to show several characters.

    It is scaled by its height, because in a small square the characters of a number merge.

    Args:
        ink: uint8 (height, width), ink above 127, cut to the ink.
    """
    height, width = ink.shape
    if width <= _WIDE * height:
        return False
    scale = min(_HEIGHT / height, _LONGEST / width, 1.0)
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    return several_in_ink(without_specks(small > int(small.max()) // 2))


def several_in_strokes(strokes: Sequence[np.ndarray]) -> bool:
    """Whether pen strokes seem to show several characters.

    They are rendered with a fine pen, because a wide one joins the characters of a word.

    Args:
        strokes: float (points, 2) of x, y each, none empty.
    """
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    if extent[0] <= _WIDE * extent[1]:
        return False
    scale = min(_HEIGHT / max(extent[1], 1e-9), _LONGEST / extent[0])
    width, height = (np.ceil(extent * scale) + 4 * _PEN).astype(int).tolist()
    paths = (((stroke - low) * scale + 2 * _PEN, _PEN) for stroke in strokes)
    return several_in_ink(draw_strokes(paths, (height, width), 1) > _INK)


def _crossings(inked: np.ndarray) -> int:
    """Maximum number of strokes crossed by a row."""
    begins = inked[:, 1:] & ~inked[:, :-1]
    return int((begins.sum(axis=1) + inked[:, 0]).max())


def _stand_apart(inked: np.ndarray) -> bool:
    """Whether two components higher than half of the ink stand side by side."""
    _, boxes = connected_parts(inked)
    tall = boxes[boxes[:, cv2.CC_STAT_HEIGHT] > _TALL * len(inked)]
    left, width = tall[np.argsort(tall[:, cv2.CC_STAT_LEFT])][:, [0, 2]].T
    overlap = left[:-1] + width[:-1] - left[1:]
    return bool((overlap < _OVERLAP * np.minimum(width[:-1], width[1:])).any())
