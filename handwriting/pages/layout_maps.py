"""What the layout network says of each place of a picture."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LayoutMaps:
    """Maps of an upright picture, float32 (rows, columns) each; place (r, c) has its middle at the
    pixel ``((c + 0.5) * step, (r + 0.5) * step)`` of the picture.

    Attributes:
        core: probability of the core zone of a line of handwriting (`imaging.text_lines`).
        printed: probability of the core zone of a line of print.
        rules: probability of a ruled line, a frame, a box or another drawn line.
        height: height of the core zone in pixels of the picture, where there is one.
        step: pixels of the picture per place.
    """

    core: np.ndarray
    printed: np.ndarray
    rules: np.ndarray
    height: np.ndarray
    step: float
