"""The canvas of the web app: ruled paper, and conversion of its drawings to pen strokes."""

import io
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from handwriting.errors import HandwritingError
from handwriting.recognition.sizes import Lines

MOST_STROKES, MOST_POINTS = 1_000, 20_000
"""Limits of a drawing; a page of a hundred words has fewer."""

DAMAGED = "The drawing came damaged and cannot be read. Clear the canvas and write again."

DESCENDER = -0.4
"""Position of the lowest ruled line, in units of the line; it has no effect on predictions."""

_BASELINE, _CAPITAL = 0.72, 0.22
_LOWEST, _HIGHEST = 190, 480
_OF_HEIGHT, _OF_WIDTH = 0.48, 0.7
_FAR = 20_000


class Colours(NamedTuple):
    """Colours of paper, ink, faint and strong ruled lines, and print on it."""

    paper: str
    ink: str
    faint: str
    strong: str
    print: str


DAY = Colours("#ffffff", "#1a1a1a", "#d9e6f2", "#9dbbd8", "#4a5568")
NIGHT = Colours("#1a202d", "#f0ece2", "#2c3850", "#54688f", "#b9c3d6")
"""Colours in the light and in the dark theme; they have no effect on predictions."""


class Paper(NamedTuple):
    """The canvas's size in pixels."""

    width: int
    height: int

    @property
    def lines(self) -> Lines:
        """Its ruled line, in pixels."""
        return Lines(round(_BASELINE * self.height), round(_CAPITAL * self.height))


CANVAS_WIDTH, CANVAS_HEIGHT = 328, 240
"""Pixels until the window's size is known; narrow enough for any phone."""

PAPER = Paper(CANVAS_WIDTH, CANVAS_HEIGHT)
LINES = PAPER.lines


def paper_for(window: Sequence[float]) -> Paper:
    """Paper with the available width, and a height that leaves room for the prediction below.

    Args:
        window: available width for the canvas and height of the window, in pixels.
    """
    width, height = window
    wanted = min(_OF_HEIGHT * height, _OF_WIDTH * width)
    return Paper(round(width), round(min(max(wanted, _LOWEST), _HIGHEST)))


@lru_cache(maxsize=64)
def ruled_paper(x_height: float, paper: Paper = PAPER, colours: Colours = DAY) -> bytes:
    """PNG of paper with a baseline and fainter lines for capitals, small letters and
    descenders."""
    picture = Image.new("RGB", paper, colours.paper)
    rule(ImageDraw.Draw(picture), paper.lines, x_height, paper.width, colours)
    return as_png(picture)


def rule(
    pen: ImageDraw.ImageDraw, lines: Lines, x_height: float, right: float, colours: Colours
) -> None:
    """Draw the lines of :func:`ruled_paper` from the left edge to x ``right``."""
    unit = lines.baseline - lines.capital
    faint, strong = colours.faint, colours.strong
    heights = ((1, faint), (x_height, faint), (DESCENDER, faint), (0, strong))
    for height, colour in heights:
        y = round(lines.baseline - height * unit)
        pen.line((0, y, right, y), fill=colour, width=2)


def as_png(picture: Image.Image) -> bytes:
    """An image as PNG."""
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def strokes_of(drawing: dict[str, Any] | None) -> list[np.ndarray]:
    """Pen strokes of the canvas's JSON (Fabric.js paths), float (points, 2) each, in pixels.

    Moved, scaled and rotated strokes are returned as displayed.

    Raises:
        HandwritingError: the drawing is too large or invalid.
    """
    try:
        objects = [shape for shape in (drawing or {}).get("objects", []) if shape.get("path")]
        points = sum(len(shape["path"]) for shape in objects[: MOST_STROKES + 1])
        if len(objects) > MOST_STROKES or points > MOST_POINTS:
            raise HandwritingError(
                f"That is too much to read at once: more than {MOST_STROKES} strokes or "
                f"{MOST_POINTS} points. Clear the canvas and write less."
            )
        with np.errstate(invalid="ignore", over="ignore"):
            strokes = [_as_shown(_points(shape["path"]), shape) for shape in objects]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise HandwritingError(DAMAGED) from error
    # NaN fails this comparison too.
    if not all((np.abs(stroke) < _FAR).all() for stroke in strokes):
        raise HandwritingError(
            "A stroke lies far outside of the canvas. Clear the canvas and write again."
        )
    return strokes


_T = np.arange(1, 5)[:, None] / 4
_CURVE = np.hstack(((1 - _T) ** 2, 2 * _T * (1 - _T), _T**2))
"""Weights of start, control and end point of a quadratic curve at four parameters."""


def _points(commands: Sequence[Sequence[Any]]) -> np.ndarray:
    """float (points, 2): points along a path of moves, lines and quadratic curves."""
    controls = np.array([command[1:3] for command in commands], dtype=float)
    ends = np.array([command[-2:] for command in commands], dtype=float)
    curves = np.stack((ends[:-1], controls[1:], ends[1:]))
    return np.concatenate((ends[:1], np.einsum("pk,kcx->cpx", _CURVE, curves).reshape(-1, 2)))


def _as_shown(points: np.ndarray, shape: dict[str, Any]) -> np.ndarray:
    """Apply Fabric's scale, rotation and translation, which refer to the path's centre."""
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
