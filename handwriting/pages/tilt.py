"""How the lines of a page lie in its photograph: turned, and spread like a fan if seen from aside.

Level lines make the sums of rows differ most from each other (Postl 1986); on a page that lies on
its side it is the sums of columns.
"""

from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np

from handwriting.imaging.scaling import scaled

STEEPEST = 16
"""Degrees by which the writing's lines may rise or fall."""

WIDEST = 24
"""Degrees by which they may differ from one end of the page to the other."""

_SPREADS = ("across", "down")
_SPREAD, _RULED, _AGAIN = 1.25, 2.2, 1.2
_SLANTED, _FANNED = 4, 10
_COARSE = 250
_NEAR = (
    ((-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2), (-4, -2, 0, 2, 4)),
    ((-0.4, -0.2, 0, 0.2, 0.4), (-1, 0, 1)),
)


@dataclass(frozen=True)
class Tilt:
    """How the lines of a page lie in its picture. Lines that are alike on the page spread like a
    fan in a photograph taken from aside.

    Attributes:
        angle: degrees by which those in the middle rise.
        across: degrees by which level lines fall more at the bottom than at the top.
        down: degrees by which upright lines lean more to the left at the right side than at the
            left.
    """

    angle: float = 0.0
    across: float = 0.0
    down: float = 0.0

    def levelling(self, size: tuple[int, int]) -> np.ndarray:
        """float (3, 3): the homography that makes the lines level, its middle staying in place.

        Args:
            size: width and height of the picture.
        """
        width, height = size
        cosine, sine = np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle))
        turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
        # Slopes that grow along one axis are a vanishing point on the other one.
        fan = np.eye(3)
        fan[2, :2] = np.tan(np.radians([self.across, self.down])) / [height, width]
        middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
        return middle @ fan @ turn @ np.linalg.inv(middle)


def tilt_of(contrast: np.ndarray) -> Tilt:
    """How the lines lie: as once they are level makes the sums differ most.

    Args:
        contrast: uint8 (height, width), small.
    """
    ink = _solid(contrast)
    if not ink.any():
        return Tilt()
    tilt, scores = _turned_best(ink)
    direction, fanned, score = _fanned_best(ink)
    if score > _SPREAD * scores[direction]:
        tilt = fanned
    return _fanned_too(ink, tilt, 1 - direction)


def clear_tilt_of(written: np.ndarray) -> Tilt | None:
    """How the lines of writing lie; ``None`` where they are about level, which finding lines allows
    for, or where levelling would not make them clearly more so.

    Args:
        written: uint8 (height, width), writing without anything else, small.
    """
    tilt = tilt_of(written)
    if abs(tilt.angle) < _SLANTED and abs(tilt.across) < _FANNED and abs(tilt.down) < _FANNED:
        return None
    ink = _solid(written)
    is_clear = max(sharpness(_seen(ink, tilt))) > _AGAIN * max(sharpness(ink))
    return tilt if is_clear else None


def _solid(contrast: np.ndarray) -> np.ndarray:
    return np.where(contrast > max(20, 3 * np.median(contrast)), 255, 0).astype(np.uint8)


def _turned_best(ink: np.ndarray) -> tuple[Tilt, np.ndarray]:
    """The best angle, and the highest sharpness of rows and of columns at any."""
    rough = [Tilt(float(angle)) for angle in range(-STEEPEST, STEEPEST + 1)]
    best, scores = _best(ink, rough)
    near = np.clip(best.angle + np.arange(-1, 1.01, 0.2), -STEEPEST, STEEPEST)
    best, more = _best(ink, [Tilt(float(angle)) for angle in near])
    return best, np.maximum(scores, more)


def _best(ink: np.ndarray, tilts: list[Tilt]) -> tuple[Tilt, np.ndarray]:
    scores = np.array([sharpness(_seen(ink, tilt)) for tilt in tilts])
    relative = scores / np.maximum(np.median(scores, axis=0), 1e-9)
    best = relative.max(axis=1)
    # Of alike angles the smallest: an even ground has no slope.
    alike = [tilt for tilt, score in zip(tilts, best, strict=True) if score >= 0.999 * best.max()]
    return min(alike, key=lambda tilt: abs(tilt.angle)), scores.max(axis=0)


def _fanned_best(ink: np.ndarray) -> tuple[int, Tilt, float]:
    """Whether level (0) or upright (1) lines are the clearest as a fan, which, and how sharp."""
    scale = min(1.0, _COARSE / max(ink.shape))
    small = scaled(ink, scale)
    angles, spreads = range(-STEEPEST, STEEPEST + 1, 2), range(-WIDEST, WIDEST + 1, 4)
    clearest = []
    for direction in (0, 1):
        tilts = [_fan(direction, *one) for one in product(angles, spreads)]
        scores = _scores(small, tilts, direction)
        clearest.append(
            (scores.max() / max(float(np.median(scores)), 1e-9), direction, tilts[scores.argmax()])
        )
    _, direction, best = max(clearest, key=lambda one: one[0])
    for near in _NEAR:
        tilts = [
            _fan(direction, best.angle + angle, getattr(best, _SPREADS[direction]) + spread)
            for angle, spread in product(*near)
        ]
        scores = _scores(ink, tilts, direction)
        best = tilts[scores.argmax()]
    return direction, best, float(scores.max())


def _fanned_too(ink: np.ndarray, tilt: Tilt, direction: int) -> Tilt:
    """The fan of the other lines as well, where there are rulings that show it."""
    name = _SPREADS[direction]
    tilts = [replace(tilt, **{name: float(spread)}) for spread in range(-WIDEST, WIDEST + 1, 2)]
    scores = _scores(ink, tilts, direction)
    is_clear = scores.max() > _RULED * scores[len(tilts) // 2]
    return tilts[scores.argmax()] if is_clear else tilt


def _scores(ink: np.ndarray, tilts: list[Tilt], direction: int) -> np.ndarray:
    return np.array([sharpness(_seen(ink, tilt))[direction] for tilt in tilts])


def _fan(direction: int, angle: float, spread: float) -> Tilt:
    return replace(Tilt(float(angle)), **{_SPREADS[direction]: float(spread)})


def _seen(ink: np.ndarray, tilt: Tilt) -> np.ndarray:
    """The picture with its lines level, what leaves its frame cut off."""
    size = ink.shape[::-1]
    return cv2.warpPerspective(ink, tilt.levelling(size), size)


def sharpness(ink: np.ndarray) -> tuple[float, float]:
    """How much the sums of rows, and of columns, differ from each other."""
    shares = ink / 255
    return tuple(float((np.diff(shares.sum(axis=axis)) ** 2).sum()) for axis in (1, 0))
