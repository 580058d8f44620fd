"""The page's canvas: its ruled paper, and the pen's path from the drawing that it hands over."""

import io
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from handwriting.recognition.sizes import Lines

CANVAS_WIDTH, CANVAS_HEIGHT = 340, 320
LINES = Lines(baseline=230, capital=70)
DESCENDER = -0.4
"""Where the lowest line is drawn; a guide for the eye only."""

_PAPER, _FAINT, _STRONG = "#ffffff", "#d9e6f2", "#9dbbd8"
_CURVE_POINTS = 4


@cache
def ruled_paper(x_height: float) -> bytes:
    """White paper with a baseline and, fainter, lines for capitals, small letters, descenders;
    as PNG."""
    paper = Image.new("RGB", (CANVAS_WIDTH, CANVAS_HEIGHT), _PAPER)
    pen = ImageDraw.Draw(paper)
    unit = LINES.baseline - LINES.capital
    heights = ((1, _FAINT), (x_height, _FAINT), (DESCENDER, _FAINT), (0, _STRONG))
    for height, colour in heights:
        y = round(LINES.baseline - height * unit)
        pen.line((0, y, CANVAS_WIDTH, y), fill=colour, width=2)
    content = io.BytesIO()
    paper.save(content, "PNG")
    return content.getvalue()


def strokes_of(drawing: dict[str, Any] | None) -> list[np.ndarray]:
    """The pen's path from the canvas's JSON (Fabric.js paths): float (points, 2) per stroke.

    Strokes that were moved, scaled or turned on the canvas come as they are shown.
    """
    objects = (drawing or {}).get("objects", [])
    return [_as_shown(_points(o["path"]), o) for o in objects if o.get("path")]


def _points(commands: Sequence[Sequence[Any]]) -> np.ndarray:
    """Points along a path of moves, lines and quadratic curves."""
    points: list[tuple[float, float]] = []
    for name, *numbers in commands:
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if name == "Q" and points:
            points += _curve(points[-1], *pairs)
        else:
            points += pairs[-1:]
    return np.array(points, dtype=float)


def _curve(
    start: tuple[float, float], control: tuple[float, float], end: tuple[float, float]
) -> list[tuple[float, float]]:
    curve = []
    for t in np.linspace(0, 1, _CURVE_POINTS + 1)[1:]:
        weights = ((1 - t) ** 2, 2 * t * (1 - t), t**2)
        x, y = (
            sum(w * point[axis] for w, point in zip(weights, (start, control, end), strict=True))
            for axis in (0, 1)
        )
        curve.append((float(x), float(y)))
    return curve


def _as_shown(points: np.ndarray, shape: dict[str, Any]) -> np.ndarray:
    """Apply Fabric's scale, turn and place, which are about the middle of the path."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    if shape.get("originX") != "center" or shape.get("originY") != "center":
        return points
    scale = np.array(
        [
            shape.get("scaleX", 1) * (-1 if shape.get("flipX") else 1),
            shape.get("scaleY", 1) * (-1 if shape.get("flipY") else 1),
        ]
    )
    angle = math.radians(shape.get("angle", 0))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return ((points - middle) * scale) @ turn.T + np.array([shape["left"], shape["top"]])
