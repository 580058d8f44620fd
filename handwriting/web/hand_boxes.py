"""Boxes for the samples of writer adaptation: screens, ruled paper, and segmentation of samples."""

import json
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handwriting.errors import HandwritingError
from handwriting.imaging.character import character_from_strokes
from handwriting.labels import CHARACTER_SETS
from handwriting.recognition.hand import Taught
from handwriting.recognition.sizes import Lines
from handwriting.web.canvas import DAY, Colours, as_png, rule, strokes_of

GROUPS = {name: "".join(CHARACTER_SETS[name]) for name in ("Digits", "Capitals", "Small letters")}
BOXES = 4
"""Boxes of a screen, wide enough for a finger on a phone."""

LARGEST = 1.8
"""Most that a strip is enlarged where the window has room."""

SCREENS = tuple(
    (group, characters[first : first + BOXES])
    for group, characters in GROUPS.items()
    for first in range(0, len(characters), BOXES)
)
"""Group and characters of each screen."""

STRIP_WIDTH, STRIP_HEIGHT = 328, 190
STRIP = Lines(baseline=142, capital=66)

MOST_OF_DRAWING = 500_000
"""Maximum characters of a drawing's JSON; a point of a stroke takes about 80."""


def fit_to_keep(drawing: dict[str, Any]) -> dict[str, Any]:
    """Check a screen's drawing, and return it unchanged.

    Raises:
        HandwritingError: it is invalid, or too large for the session state.
    """
    strokes_of(drawing)
    if len(json.dumps(drawing)) > MOST_OF_DRAWING:
        raise HandwritingError("That is too much for four boxes. Clear them and write again.")
    return drawing


def taught_characters(drawings: dict[int, dict[str, Any]], scale: float = 1) -> list[Taught]:
    """Samples in the boxes of all screens, without empty boxes.

    Args:
        drawings: the canvas's JSON by screen.
        scale: of the strip, of :func:`scale_for`.

    Raises:
        HandwritingError: a drawing is invalid or too large.
    """
    return [
        sample
        for screen, drawing in sorted(drawings.items())
        for sample in _in_boxes(
            [stroke / scale for stroke in strokes_of(drawing)], SCREENS[screen][1]
        )
    ]


def scale_for(width: float) -> float:
    """How far a strip is enlarged in a window with this many pixels for it, 1..LARGEST."""
    return min(max(1.0, width / STRIP_WIDTH), LARGEST)


def _in_boxes(strokes: list[np.ndarray], characters: str) -> list[Taught]:
    """Samples of one screen; a stroke belongs to the box that contains its centre."""
    width = STRIP_WIDTH / BOXES
    boxes = [int((stroke[:, 0].min() + stroke[:, 0].max()) / 2 // width) for stroke in strokes]
    found = []
    for box, character in enumerate(characters):
        own = [stroke for stroke, place in zip(strokes, boxes, strict=True) if place == box]
        image = character_from_strokes(own)
        if image.bbox is not None:
            found.append(Taught(character, image.image, STRIP.measure(image.bbox)))
    return found


@lru_cache(maxsize=2 * len(SCREENS))
def ruled_strip(
    characters: str, x_height: float, colours: Colours = DAY, scale: float = 1
) -> bytes:
    """PNG of a screen: boxes with ruled lines, and the requested character above each."""
    size = (round(STRIP_WIDTH * scale), round(STRIP_HEIGHT * scale))
    paper = Image.new("RGB", size, colours.paper)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(26 * scale)
    width = STRIP_WIDTH / BOXES * scale
    lines = Lines(STRIP.baseline * scale, STRIP.capital * scale)
    rule(pen, lines, x_height, width * len(characters), colours)
    for box, character in enumerate(characters):
        right = round(width * (box + 1))
        pen.text((right - width / 2, 20 * scale), character, colours.print, font, anchor="mm")
        pen.line((right, 0, right, paper.height), fill=colours.strong, width=2)
    return as_png(paper)
