"""From a photograph to its text: the page found, its lines cut out, each read by the line reader.

Boxes are in the pixels of the picture as it is shown, upright by its EXIF.
"""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.contrast import normalised
from handwriting.imaging.line import MARGIN, contrast_of_line, cut_line, writing_box
from handwriting.imaging.scaling import scaled
from handwriting.lines.decoding import (
    GREEDY,
    CharacterRead,
    Decoder,
    LineRead,
    likeliest_texts,
)
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.lines.reader import Reader
from handwriting.pages.ink import page_contrast, page_ink
from handwriting.pages.lines import Line, find_lines, writing_of
from handwriting.pages.photographs import Photograph
from handwriting.pages.sheet import View, find_page, straightened
from handwriting.pages.tilt import sharpness

_PROBED, _LETTER = 6, 4
_CLEAR = 1.6
_TURNED = 0.04
_EDGE = 9
_NO_WRITING, _UNCLEAR, _FREE = 0.6, 0.65, ("greedy", "language")
_MARKS = "-_.,~= "
_LOW, _FOR_A_LINE, _FEW = 100, 0.1, 3


@dataclass(frozen=True)
class WordRead:
    """A word, or a line.

    Attributes:
        text: what it says.
        confidence: probability that all of it is right, 0..1; of a word its characters'
            probabilities multiplied.
        polygon: float (4, 2), its corners clockwise from the upper left, in the picture's pixels.
        characters: each with the most likely ones.
    """

    text: str
    confidence: float
    polygon: np.ndarray
    characters: list[CharacterRead]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in the picture's pixels."""
        low, high = np.floor(self.polygon.min(axis=0)), np.ceil(self.polygon.max(axis=0))
        left, top, right, bottom = (int(value) for value in (*low, *high))
        return left, top, right, bottom

    @property
    def alternatives(self) -> list[tuple[str, float]]:
        """The five most likely texts with the same number of characters, the one that was read
        first, and the product of their characters' probabilities."""
        return likeliest_texts([character.ranked for character in self.characters])


@dataclass(frozen=True)
class LineOfPage:
    """A line of a page.

    Attributes:
        whole: all of it.
        words: its parts between spaces.
        indent: spaces before it, as many as usual characters have room there.
        clearness: how much it looks like writing, as of `lines.decoding.clearness`.
    """

    whole: WordRead
    words: list[WordRead]
    indent: int = 0
    clearness: float = 1.0

    @property
    def text(self) -> str:
        """What it says, without its indentation."""
        return self.whole.text

    @property
    def confidence(self) -> float:
        """Probability that all of it is right, 0..1."""
        return self.whole.confidence

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in the picture's pixels."""
        return self.whole.box

    @property
    def alternatives(self) -> list[tuple[str, float]]:
        """As of its :class:`WordRead`."""
        return self.whole.alternatives


def text_of_page(lines: list[LineOfPage]) -> str:
    """The text with its line breaks and indentation."""
    return "\n".join(" " * line.indent + line.whole.text for line in lines)


def read_picture(
    reader: Reader, photograph: Photograph, decoder: Decoder = GREEDY
) -> list[LineOfPage]:
    """The lines of a page, or the only line of a picture, whichever it seems to be.

    A page needs room for two lines. Where few are found, the picture is read as one line too, and
    what the reader is surer of counts: of several lines, only if there is more text in the one.
    """
    if photograph.size[1] < _LOW or not _may_be_page(reader, photograph, decoder):
        return read_single_line(reader, photograph, decoder)
    page = read_page(reader, photograph, decoder)
    if len(page) > _FEW:
        return page
    line = read_single_line(reader, photograph, decoder)
    return line if line and _is_rather_line(line, page) else page


def _is_rather_line(line: list[LineOfPage], page: list[LineOfPage]) -> bool:
    if len(page) > 1 and len(text_of_page(line)) <= len(text_of_page(page)):
        return False
    less_sure = _FOR_A_LINE if len(page) == 1 else 0.0
    least = max(_NO_WRITING, _mean_clearness(page) - less_sure if page else 0.0)
    return _mean_clearness(line) > least


def _may_be_page(reader: Reader, photograph: Photograph, decoder: Decoder) -> bool:
    """Whether there are lines; a pattern would be found in a ruling, too, so it is left aside."""
    return decoder.name in _FREE or len(read_picture(reader, photograph)) > 1


def read_page(
    reader: Reader, photograph: Photograph, decoder: Decoder = GREEDY
) -> list[LineOfPage]:
    """The lines of a page from top to bottom, turned by any multiple of 90 degrees.

    Where none is found, or there is no room for two, the picture is read as one line. What is read
    with less certainty than any page with writing is no writing: a face, a landscape.
    """
    if photograph.is_strip:
        return read_single_line(reader, photograph, decoder)
    view, ink = ink_of_page(photograph.colours)
    quarters, lines = upright(reader, ink)
    view = view.turned(quarters)
    matrix = view.matrix @ np.diag([*photograph.scales, 1.0])
    found = _read_lines(reader, lines, View(matrix, view.size), decoder)
    return _clear_ones(found or read_single_line(reader, photograph, decoder))


def read_single_line(
    reader: Reader, photograph: Photograph, decoder: Decoder = GREEDY
) -> list[LineOfPage]:
    """The only line of a picture, if something is written there."""
    contrast = contrast_of_line(photograph.colours)
    height, width = contrast.shape
    scales = [width / photograph.size[0], height / photograph.size[1], 1.0]
    line = Line(contrast, 0, np.zeros(width))
    return _read_lines(reader, [line], View(np.diag(scales), (width, height)), decoder)


def ink_of_page(colours: np.ndarray) -> tuple[View, np.ndarray]:
    """The page level or upright, and its ink as `pages.ink.page_ink` gives it."""
    view, mask = find_page(colours)
    ink = _ink_in(view, mask, colours)
    small = _small_writing(ink)
    better = None if small is None else straightened(view, small)
    return (view, ink) if better is None else (better, _ink_in(better, mask, colours))


def _ink_in(view: View, mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    contrast = page_contrast(view.of(colours))
    inside = cv2.erode(view.mask(mask), np.ones((_EDGE, _EDGE)), borderValue=0)
    return page_ink(np.where(inside > 0, contrast, 0).astype(np.uint8))


def upright(reader: Reader, ink: np.ndarray) -> tuple[int, list[Line]]:
    """How many times the page must be turned by 90 degrees against the clock, and its lines then.

    Whether lines are level or upright is seen from the ink where it is clear; what is left is
    decided by reading a few lines each way.
    """
    across, down = evenness(ink)
    if across > _CLEAR * down:
        candidates = [0, 2]
    elif down > _CLEAR * across:
        # Columns of a level table are even as well.
        candidates = [0, 1, 3]
    else:
        candidates = [0, 1, 2, 3]
    # Upside down the lines are where they were: to look for them again is for what is read best.
    found = {k: _lines_turned(ink, k) for k in candidates if k < 2}
    probes = {k: _pictures_of_longest(lines) for k, lines in found.items()}
    sure = np.array([_sureness(reader, probes[k % 2], is_upside_down=k >= 2) for k in candidates])
    # Few pages are upside down: those must read better by more than chance.
    sure[0] += _TURNED
    best = candidates[int(sure.argmax())]
    return best, found[best] if best in found else _lines_turned(ink, best)


def _lines_turned(ink: np.ndarray, quarters: int) -> list[Line]:
    return find_lines(np.ascontiguousarray(np.rot90(ink, quarters)))


def _clear_ones(lines: list[LineOfPage]) -> list[LineOfPage]:
    """The lines that are about as clear as the others; none where all hardly look like writing."""
    mean = _mean_clearness(lines) if lines else 0.0
    return [line for line in lines if line.clearness > _UNCLEAR * mean and mean > _NO_WRITING]


def _mean_clearness(lines: list[LineOfPage]) -> float:
    """Of all lines, each by its length."""
    lengths = [len(line.whole.characters) for line in lines]
    return float(np.average([line.clearness for line in lines], weights=lengths))


def evenness(ink: np.ndarray) -> tuple[float, float]:
    """How much the sums of rows, and of columns, differ where a letter is a few pixels high."""
    small = _small_writing(ink)
    return (1.0, 0.0) if small is None else sharpness(small)


def _small_writing(ink: np.ndarray) -> np.ndarray | None:
    """The writing alone, a letter a few pixels high, so that lines are what shows; ``None``
    without any."""
    written, size = writing_of(ink)
    if size is None:
        return None
    scale = min(1.0, _LETTER / size)
    alone = np.where(written, ink, 0).astype(np.uint8)
    return scaled(alone, scale)


def _pictures_of_longest(lines: list[Line]) -> list[np.ndarray]:
    longest = sorted(lines, key=lambda line: -line.ink.shape[1])[:_PROBED]
    return [found[0] for line in longest if (found := picture_of(line)) is not None]


def _sureness(reader: Reader, pictures: list[np.ndarray], is_upside_down: bool) -> float:
    """Mean probability of the characters of some lines, as they are or turned over."""
    quarters = 2 if is_upside_down else 0
    read = reader.read([np.rot90(picture, quarters).copy() for picture in pictures])
    sure = [character.ranked[0][1] for line in read for character in line.characters]
    return float(np.mean(sure)) if sure else 0.0


def picture_of(line: Line) -> tuple[np.ndarray, tuple[int, int, int, int]] | None:
    """A line as the reader sees it, uint8 (40, width), and the box of its ink, which fills the
    picture's height; ``None`` if it is blank."""
    contrast = normalised(line.ink)
    box = writing_box(contrast)
    return None if box is None else (cut_line(contrast, box), box)


def _read_lines(
    reader: Reader, lines: list[Line], view: View, decoder: Decoder
) -> list[LineOfPage]:
    pictured = [(line, *found) for line in lines if (found := picture_of(line)) is not None]
    read = reader.read([picture for _, picture, _ in pictured], decoder)
    found = []
    for (line, picture, box), answer in zip(pictured, read, strict=True):
        # What is left of a ruling or of dust is read as dashes and dots.
        if answer.text.strip(_MARKS):
            across = max(1, picture.shape[1] - 2 * MARGIN) / (box[2] - box[0])
            found.append((line, box, _line_of_page(line, box, across, answer, view)))
    return _indented(found)


def _line_of_page(
    line: Line,
    box: tuple[int, int, int, int],
    across: float,
    answer: LineRead,
    view: View,
) -> LineOfPage:
    """What was read of a line, with its words and where they are."""
    characters = answer.characters

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
    whole = _word(line, box, (box[0], box[2]), characters, view)
    whole = dataclasses.replace(whole, confidence=answer.confidence)
    return LineOfPage(whole, words, clearness=answer.clearness)


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
    sure = float(np.prod([character.ranked[0][1] for character in characters]))
    polygon = view.to_picture(line.to_page(corners))
    text = "".join(character.character for character in characters)
    return WordRead(text, sure, polygon, characters)


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
        dataclasses.replace(read, indent=int(indent))
        for (_, _, read), indent in zip(found, spaces, strict=True)
    ]
