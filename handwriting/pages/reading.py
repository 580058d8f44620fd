"""From a photograph to its text: the page found, its lines cut out, each read by the line reader.

Boxes are in the pixels of the picture as it is shown, upright by its EXIF.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.contrast import normalised
from handwriting.imaging.line import MARGIN, contrast_of_line, cut_line, writing_box
from handwriting.lines.decoding import CharacterRead, text_of
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.lines.reader import Reader
from handwriting.pages.ink import page_contrast, page_ink
from handwriting.pages.lines import Line, find_lines
from handwriting.pages.sheet import View, find_page, sharpness

LONGEST = 2000
"""Pixels of a page's longer side; more are only slower."""

_PROBED = 6
_CLEAR = 1.6
_TURNED = 0.04
_EDGE = 9


@dataclass(frozen=True)
class WordRead:
    """A word, or a line.

    Attributes:
        text: what it says.
        confidence: mean probability of its characters, 0..1.
        polygon: float (4, 2), its corners clockwise from the upper left, in the picture's pixels.
        characters: each with the most likely ones.
    """

    text: str
    confidence: float
    polygon: np.ndarray
    characters: list[CharacterRead]


@dataclass(frozen=True)
class LineOfPage:
    """A line of a page.

    Attributes:
        whole: all of it.
        words: its parts between spaces.
        indent: spaces before it, as many as usual characters have room there.
    """

    whole: WordRead
    words: list[WordRead]
    indent: int = 0


def text_of_page(lines: list[LineOfPage]) -> str:
    """The text with its line breaks and indentation."""
    return "\n".join(" " * line.indent + line.whole.text for line in lines)


def read_page(reader: Reader, colours: np.ndarray) -> list[LineOfPage]:
    """The lines of a page from top to bottom.

    Args:
        reader: what reads a line.
        colours: uint8 (height, width, 3), upright or turned by any multiple of 90 degrees.
    """
    scale = min(1.0, LONGEST / max(colours.shape[:2]))
    small = colours
    if scale < 1:
        small = cv2.resize(colours, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    view, ink = ink_of_page(small)
    quarters, lines = upright(reader, ink)
    view = view.turned(quarters)
    matrix = view.matrix @ np.diag([scale, scale, 1.0])
    return _read_lines(reader, lines, View(matrix, view.size))


def read_single_line(reader: Reader, colours: np.ndarray) -> list[LineOfPage]:
    """The only line of a picture, if something is written there."""
    contrast = contrast_of_line(colours)
    height, width = contrast.shape
    scales = [width / colours.shape[1], height / colours.shape[0], 1.0]
    line = Line(contrast, 0, np.zeros(width))
    return _read_lines(reader, [line], View(np.diag(scales), (width, height)))


def ink_of_page(colours: np.ndarray) -> tuple[View, np.ndarray]:
    """The page level or upright, and its ink as `pages.ink.page_ink` gives it."""
    view, mask = find_page(colours)
    contrast = page_contrast(view.of(colours))
    inside = cv2.erode(view.mask(mask), np.ones((_EDGE, _EDGE)), borderValue=0)
    return view, page_ink(np.where(inside > 0, contrast, 0).astype(np.uint8))


def upright(reader: Reader, ink: np.ndarray) -> tuple[int, list[Line]]:
    """How many times the page must be turned by 90 degrees against the clock, and its lines then.

    Whether lines are level or upright is seen from the ink where it is clear; what is left is
    decided by reading a few lines each way.
    """
    across, down = sharpness((ink > 127).astype(np.uint8), 0.0)
    if across > _CLEAR * down:
        candidates = [0, 2]
    elif down > _CLEAR * across:
        candidates = [1, 3]
    else:
        candidates = [0, 1, 2, 3]
    best, most, lines = 0, -1.0, []
    found: dict[int, list[Line]] = {}
    for quarters in candidates:
        found[quarters] = find_lines(np.ascontiguousarray(np.rot90(ink, quarters)))
        sure = _sureness(reader, found[quarters]) + (_TURNED if quarters == candidates[0] else 0)
        if sure > most:
            best, most, lines = quarters, sure, found[quarters]
    return best, lines


def _sureness(reader: Reader, lines: list[Line]) -> float:
    """Mean probability of the characters of the longest lines."""
    longest = sorted(lines, key=lambda line: -line.ink.shape[1])[:_PROBED]
    read = read_pictures(reader, [picture_of(line)[0] for line in longest])
    sure = [character.ranked[0][1] for characters in read for character in characters]
    return float(np.mean(sure)) if sure else 0.0


def read_pictures(reader: Reader, pictures: Sequence[np.ndarray]) -> list[list[CharacterRead]]:
    """The characters of line pictures, uint8 (40, width) each."""
    return reader.read(pictures)


def picture_of(line: Line) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A line as the reader sees it, and the box of its ink that fills the picture's height."""
    contrast = normalised(line.ink)
    box = writing_box(contrast) or (0, 0, 1, 1)
    return cut_line(contrast, box), box


def _read_lines(reader: Reader, lines: list[Line], view: View) -> list[LineOfPage]:
    pictures = [picture_of(line) for line in lines]
    read = read_pictures(reader, [picture for picture, _ in pictures])
    found = []
    for line, (picture, box), characters in zip(lines, pictures, read, strict=True):
        if text_of(characters):
            across = (picture.shape[1] - 2 * MARGIN) / max(box[2] - box[0], 1)
            found.append((line, box, _line_of_page(line, box, across, characters, view)))
    return _indented(found)


def _line_of_page(
    line: Line,
    box: tuple[int, int, int, int],
    across: float,
    characters: list[CharacterRead],
    view: View,
) -> LineOfPage:
    """What was read of a line, with its words and where they are."""

    def column(step: float) -> float:
        return box[0] + (step * COLUMNS_PER_STEP - MARGIN) / across

    spaces = [k for k, character in enumerate(characters) if character.character == " "]
    starts, ends = [0, *(k + 1 for k in spaces)], [*spaces, len(characters)]
    bounds = [
        box[0],
        *(column((characters[k].first + characters[k].last + 1) / 2) for k in spaces),
        box[2],
    ]
    words = [
        _word(line, box, (bounds[k], bounds[k + 1]), characters[start:end], view)
        for k, (start, end) in enumerate(zip(starts, ends, strict=True))
        if start < end
    ]
    return LineOfPage(_word(line, box, (box[0], box[2]), characters, view), words)


def _word(
    line: Line,
    box: tuple[int, int, int, int],
    bounds: tuple[float, float],
    characters: list[CharacterRead],
    view: View,
) -> WordRead:
    """Characters, and the corners of the ink between two columns of a line."""
    left = int(np.clip(bounds[0], 0, line.ink.shape[1] - 1))
    right = max(left + 1, round(bounds[1]))
    rows, columns = np.nonzero(line.ink[box[1] : box[3], left:right] > 127)
    if len(rows):
        low, high = box[1] + rows.min(), box[1] + rows.max() + 1
        left, right = left + columns.min(), left + columns.max() + 1
    else:
        low, high = box[1], box[3]
    corners = np.array([[left, low], [right, low], [right, high], [left, high]], dtype=float)
    sure = float(np.mean([character.ranked[0][1] for character in characters]))
    polygon = view.to_picture(line.to_page(corners))
    return WordRead(text_of(characters), sure, polygon, characters)


def _indented(
    found: list[tuple[Line, tuple[int, int, int, int], LineOfPage]],
) -> list[LineOfPage]:
    """Each line with its indentation, measured in the page's usual width of a character."""
    if not found:
        return []
    lefts = np.array([line.origin + box[0] for line, box, _ in found])
    widths = [(box[2] - box[0]) / len(read.whole.text) for _, box, read in found]
    spaces = np.round((lefts - lefts.min()) / max(float(np.median(widths)), 1)).astype(int)
    return [
        LineOfPage(read.whole, read.words, int(indent))
        for (_, _, read), indent in zip(found, spaces, strict=True)
    ]
