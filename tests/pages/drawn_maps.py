"""Maps as a layout network gives them, drawn from text lines and rules that are known."""

from collections.abc import Sequence

import cv2
import numpy as np

from handwriting.imaging.text_lines import CELL, HANDWRITING, PRINT, TextLine
from handwriting.pages.layout_maps import LayoutMaps

Segment = tuple[tuple[float, float], tuple[float, float]]
SIZE = (1024, 768)
"""Width and height of the pictures."""


def straight(left: float, right: float, y: float, slope: float = 0.0, height: float = 12,
             kind: str = HANDWRITING) -> TextLine:  # fmt: skip
    """A line whose left end is at the height ``y``."""
    x = np.linspace(left, right, max(2, round((right - left) / height)))
    points = np.stack((x, y + slope * (x - left)), axis=1)
    return TextLine(points, np.full(len(x), float(height)), kind)


def box(left: float, top: float, right: float, bottom: float) -> list[Segment]:
    """The four sides of a rectangle."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return [(corners[k], corners[(k + 1) % 4]) for k in range(4)]


def maps_of(
    lines: Sequence[TextLine], rules: Sequence[Segment] = (), size: tuple[int, int] = SIZE
) -> LayoutMaps:
    """The maps of a network without faults, for a picture as wide and high as ``size``."""
    width, height = size
    drawn = {name: np.zeros((height, width), np.uint8) for name in (HANDWRITING, PRINT, "rules")}
    usual = float(np.median([line.height for line in lines])) if lines else 8.0
    heights = np.full((height // CELL, width // CELL), usual, np.float32)
    for line in lines:
        zone = np.round(line.outline() * 16).astype(np.int32)
        cv2.fillPoly(drawn[line.kind], [zone], 255, shift=4)
        wider = np.round(line.outline(0.9, 0.9) / CELL).astype(np.int32)
        cv2.fillPoly(heights, [wider], line.height)
    for start, end in rules:
        cv2.line(drawn["rules"], np.int32(start).tolist(), np.int32(end).tolist(), 255, 2)
    core, printed, ruled = (_smaller(each) for each in drawn.values())
    return LayoutMaps(core, printed, ruled, heights, float(CELL))


def _smaller(full: np.ndarray) -> np.ndarray:
    size = (full.shape[1] // CELL, full.shape[0] // CELL)
    return cv2.resize(full, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def disturbed(maps: LayoutMaps, seed: int = 0) -> LayoutMaps:
    """The maps blurred and with noise of several sizes, as of a network in doubt."""
    rng = np.random.default_rng(seed)
    blurred = cv2.GaussianBlur(maps.core, (0, 0), 0.6)
    logits = (blurred - 0.45) * 9 - 2 * (blurred < 0.05)
    for sigma in (0.8, 2, 6):
        noise = cv2.GaussianBlur(rng.standard_normal(logits.shape), (0, 0), sigma)
        logits += 0.7 * noise / noise.std()
    core = (1 / (1 + np.exp(-logits))).astype(np.float32)
    wrong = cv2.GaussianBlur(rng.standard_normal(logits.shape), (0, 0), 2)
    height = (maps.height * np.exp(0.15 * wrong / wrong.std())).astype(np.float32)
    return LayoutMaps(core, maps.printed, maps.rules, height, maps.step)


def same_places(found: Sequence[TextLine], true: Sequence[TextLine]) -> bool:
    """Whether lines are the same ones in the same order, their ends and middles nearly so."""
    return len(found) == len(true) and all(
        _is_same(one, other) for one, other in zip(found, true, strict=True)
    )


def _is_same(found: TextLine, true: TextLine) -> bool:
    ends = np.abs(found.points[[0, -1]] - true.points[[0, -1]])
    x = true.points[:, 0]
    off = np.interp(x, found.points[:, 0], found.points[:, 1]) - true.points[:, 1]
    near = max(0.6 * true.height, 1.5 * CELL)
    return bool((ends[:, 0] < 2 * near).all() and np.abs(off).mean() < near / 2)
