"""Estimation of rotation and perspective from the lines of a photographed page.

Horizontal lines maximise the differences between row sums (projection profile, Postl 1986),
vertical ones those between column sums.
"""

from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np

from handwriting.imaging.scaling import scaled

STEEPEST = 16
"""Maximum rotation of the lines in degrees."""

WIDEST = 24
"""Maximum difference of angle, in degrees, between opposite ends of the page."""

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
    """Rotation and perspective of a page's lines; perspective spreads parallel lines like a fan.

    Attributes:
        angle: degrees by which lines in the middle rise.
        across: degrees by which horizontal lines fall more at the bottom than at the top.
        down: degrees by which vertical lines lean more to the left at the right side than at the
            left side.
    """

    angle: float = 0.0
    across: float = 0.0
    down: float = 0.0

    def levelling(self, size: tuple[int, int]) -> np.ndarray:
        """float (3, 3): the homography that levels the lines and keeps the centre in place.

        Args:
            size: width and height of the image in pixels.
        """
        width, height = size
        cosine, sine = np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle))
        turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
        # Slopes that grow along one axis have a vanishing point on the other one.
        fan = np.eye(3)
        fan[2, :2] = np.tan(np.radians([self.across, self.down])) / [height, width]
        middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
        return middle @ fan @ turn @ np.linalg.inv(middle)


def tilt_of(contrast: np.ndarray) -> Tilt:
    """Estimate the tilt whose correction maximises the sharpness of the projection profiles.

    Args:
        contrast: uint8 (height, width), downscaled.
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
    """The tilt of writing; ``None`` if it is small, or if its correction does not sharpen the
    profiles clearly. Line segmentation tolerates a small tilt.

    Args:
        written: uint8 (height, width), downscaled ink of the writing alone.
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
    """The best angle, and the maximum sharpness of rows and of columns over all angles."""
    rough = [Tilt(float(angle)) for angle in range(-STEEPEST, STEEPEST + 1)]
    best, scores = _best(ink, rough)
    near = np.clip(best.angle + np.arange(-1, 1.01, 0.2), -STEEPEST, STEEPEST)
    best, more = _best(ink, [Tilt(float(angle)) for angle in near])
    return best, np.maximum(scores, more)


def _best(ink: np.ndarray, tilts: list[Tilt]) -> tuple[Tilt, np.ndarray]:
    scores = np.array([sharpness(_seen(ink, tilt)) for tilt in tilts])
    relative = scores / np.maximum(np.median(scores, axis=0), 1e-9)
    best = relative.max(axis=1)
    # Of equally sharp angles the smallest, because a uniform background has no slope.
    alike = [tilt for tilt, score in zip(tilts, best, strict=True) if score >= 0.999 * best.max()]
    return min(alike, key=lambda tilt: abs(tilt.angle)), scores.max(axis=0)


def _fanned_best(ink: np.ndarray) -> tuple[int, Tilt, float]:
    """Best direction of a fan (0 for horizontal, 1 for vertical lines), its tilt and sharpness."""
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
    """The tilt with the fan of the other direction, if ruled lines show it."""
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
    """The image with level lines, cropped to its size."""
    size = ink.shape[::-1]
    return cv2.warpPerspective(ink, tilt.levelling(size), size)


def sharpness(ink: np.ndarray) -> tuple[float, float]:
    """Sum of squared differences between neighbouring row sums, and between column sums.

    Args:
        ink: uint8 (height, width), 255 for ink.
    """
    shares = ink / 255
    return tuple(float((np.diff(shares.sum(axis=axis)) ** 2).sum()) for axis in (1, 0))
