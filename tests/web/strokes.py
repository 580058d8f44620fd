"""Characters as drawn on the web app's ruled lines.

Units are heights of a capital, x to the right and y upwards from the baseline.
"""

import math

from handwriting.recognition.sizes import SIZES_FILE, load_sizes
from tests.support import PROJECT

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Part of an ellipse, in degrees, anticlockwise from the right."""
    angles = [math.radians(start + (end - start) * k / 16) for k in range(17)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def s_shape(height: float) -> Stroke:
    """An S of some height."""
    quarter = height / 4
    return [
        *arc(0.35, 3 * quarter, 0.9 * quarter, quarter, 40, 270),
        *arc(0.35, quarter, 0.9 * quarter, quarter, 90, -140),
    ]


X_HEIGHT = load_sizes(PROJECT / SIZES_FILE).x_height

DRAWINGS: dict[str, list[Stroke]] = {
    "3": [[*arc(0.35, 0.75, 0.3, 0.25, 150, -90), *arc(0.35, 0.25, 0.33, 0.25, 90, -150)]],
    "4": [[(0.5, 1), (0.05, 0.35), (0.75, 0.35)], [(0.55, 0.7), (0.52, 0)]],
    "7": [[(0.1, 1), (0.7, 1), (0.3, 0)]],
    "A": [[(0, 0), (0.4, 1), (0.8, 0)], [(0.18, 0.4), (0.64, 0.4)]],
    "E": [[(0.6, 1), (0.1, 1), (0.1, 0), (0.6, 0)], [(0.1, 0.5), (0.5, 0.5)]],
    "H": [[(0.1, 1), (0.1, 0)], [(0.7, 1), (0.7, 0)], [(0.1, 0.5), (0.7, 0.5)]],
    "L": [[(0.1, 1), (0.1, 0), (0.65, 0)]],
    "N": [[(0.1, 0), (0.1, 1), (0.7, 0), (0.7, 1)]],
    "R": [[(0.1, 0), (0.1, 1)], [*arc(0.1, 0.75, 0.5, 0.25, 90, -90), (0.65, 0)]],
    "T": [[(0, 1), (0.8, 1)], [(0.4, 1), (0.4, 0)]],
    "h": [[(0.1, 1), (0.1, 0)], [(0.1, 0.35), *arc(0.32, 0.35, 0.2, 0.25, 150, 0), (0.52, 0)]],
    "S": [s_shape(1.0)],
    "s": [s_shape(X_HEIGHT)],
    "C": [arc(0.4, 0.5, 0.4, 0.5, 50, 310)],
    "c": [arc(0.4, X_HEIGHT / 2, 0.3, X_HEIGHT / 2, 50, 310)],
}
