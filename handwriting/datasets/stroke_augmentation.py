"""Augmentation of pen strokes, as by another writer, pen or moment.

It changes what a 28x28 image does not allow: single strokes, the path of the pen, and its width.
Angles, slants and scales are drawn from normal distributions.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StrokeVariation:
    """Strength of each augmentation; 0 turns it off.

    Lengths are in units of the drawing's longer side, or of its height if ``by_height`` is set.

    Attributes:
        rotation: standard deviation of the rotation in radians.
        shear: standard deviation of the slant's tangent.
        scale: standard deviation of the logarithm of width and height, independently.
        wave: standard deviation of the amplitude of slow waves along either axis.
        placement: standard deviation of each stroke's shift, if there are several strokes.
        tremble: standard deviation of the path's tremor, in two of five drawings.
        cut: probability that a stroke loses up to a tenth of its points at one end.
        join: probability that the pen is not lifted between two strokes.
        pen: standard deviation of the logarithm of the pen's width.
        by_height: whether lengths are relative to the height, as required for text lines.
    """

    rotation: float = 0.10
    shear: float = 0.18
    scale: float = 0.12
    wave: float = 0.025
    placement: float = 0.022
    tremble: float = 0.012
    cut: float = 0.08
    join: float = 0.05
    pen: float = 0.28
    by_height: bool = False

    def __call__(
        self, strokes: list[np.ndarray], rng: np.random.Generator
    ) -> tuple[list[np.ndarray], float]:
        """Augment a drawing.

        Args:
            strokes: float (points, 2) of x, y each, none of them empty.
            rng: random generator.

        Returns:
            The augmented strokes, and the pen's width as a multiple of EMNIST's.
        """
        points = np.concatenate(strokes)
        low, high = points.min(axis=0), points.max(axis=0)
        extent = high - low
        side = max(float(extent[1] if self.by_height else extent.max()), 1e-6)
        wave, turn = self._draw_wave(rng), self._draw_matrix(rng)
        changed = [
            self._change_stroke(wave((stroke - (low + high) / 2) / side) @ turn, len(strokes), rng)
            for stroke in strokes
        ]
        if len(changed) > 1 and rng.random() < self.join:
            first = int(rng.integers(len(changed) - 1))
            changed[first : first + 2] = [np.concatenate(changed[first : first + 2])]
        width = float(np.exp(np.clip(rng.normal(0, self.pen), -_PEN_LIMIT, _PEN_LIMIT)))
        return [stroke * side for stroke in changed], width

    def _draw_matrix(self, rng: np.random.Generator) -> np.ndarray:
        angle, slant = rng.normal(0, self.rotation), rng.normal(0, self.shear)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        slanted = np.array([[1, 0], [slant, 1]])
        return np.diag(np.exp(rng.normal(0, self.scale, 2))) @ slanted @ turn

    def _draw_wave(self, rng: np.random.Generator):
        """A smooth distortion of the plane: two slow waves along each axis."""
        phases = rng.uniform(0, 2 * np.pi, (2, 2))
        heights = rng.normal(0, self.wave, (2, 2))
        speeds = 2 * np.pi * rng.uniform(0.5, 1.6, (2, 2))

        def bend(points: np.ndarray) -> np.ndarray:
            waves = heights * np.sin(speeds * points[:, None, :] + phases)
            return points + waves.sum(axis=2)

        return bend

    def _change_stroke(
        self, stroke: np.ndarray, strokes: int, rng: np.random.Generator
    ) -> np.ndarray:
        if strokes > 1:
            middle = stroke.mean(axis=0)
            larger = np.exp(rng.normal(0, 2 * self.placement))
            stroke = (stroke - middle) * larger + middle + rng.normal(0, self.placement, 2)
        if len(stroke) > _SMOOTH and rng.random() < _TREMBLING:
            noise = rng.normal(0, self.tremble, (len(stroke), 2))
            window = np.full(_SMOOTH, 1 / _SMOOTH)
            stroke = stroke + np.stack([np.convolve(n, window, "same") for n in noise.T], axis=1)
        if len(stroke) > 10 and rng.random() < self.cut:
            lost = int(rng.integers(1, len(stroke) // 10 + 1))
            stroke = stroke[lost:] if rng.random() < 0.5 else stroke[:-lost]
        return stroke


LINE_VARIATION = StrokeVariation(
    rotation=0.02,
    shear=0.25,
    scale=0.15,
    wave=0.02,
    placement=0.015,
    tremble=0.01,
    cut=0.03,
    join=0.02,
    pen=0.3,
    by_height=True,
)
"""Augmentation for words and lines."""

_PEN_LIMIT = 0.7
_SMOOTH = 5
_TREMBLING = 0.4
