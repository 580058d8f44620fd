"""Page reading: find the page, segment its lines, read each line with the text-line model.

Boxes are in pixels of the original image, upright by its EXIF.
"""

import dataclasses

import cv2
import numpy as np

from handwriting.imaging.contrast import normalised
from handwriting.imaging.line import MARGIN, contrast_of_line, cut_line, writing_box
from handwriting.imaging.scaling import scaled
from handwriting.lines.decoding import (
    GREEDY,
    MARKS,
    CharacterRead,
    Decoder,
    LineRead,
)
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.lines.reader import Reader
from handwriting.pages.ink import page_contrast, page_ink
from handwriting.pages.lines import Line, find_lines, writing_of
from handwriting.pages.page_text import LineOfPage, WordRead, text_of_page
from handwriting.pages.photographs import Photograph
from handwriting.pages.sheet import View, find_page, straightened
from handwriting.pages.tilt import sharpness

_PROBED, _LETTER = 6, 4
_CLEAR = 1.6
_TURNED = 0.04
_EDGE = 9
_NO_WRITING, _UNCLEAR, _FREE = 0.6, 0.65, ("greedy", "language")
_LOW, _FOR_A_LINE, _FEW = 100, 0.1, 3


def read_picture(
    reader: Reader, photograph: Photograph, decoder: Decoder = GREEDY
) -> list[LineOfPage]:
    """Read an image as a page or as one line, whichever is more likely.

    A page needs room for two lines. If few lines are found, the image is read as one line too, and
    the clearer result counts (`lines.decoding.clearness`). One line replaces several only with more
    text.
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
    """Whether there are several lines, ignoring a pattern, which matches even ruled lines."""
    return decoder.name in _FREE or len(read_picture(reader, photograph)) > 1


def read_page(
    reader: Reader, photograph: Photograph, decoder: Decoder = GREEDY
) -> list[LineOfPage]:
    """Read a page, rotated by any multiple of 90 degrees; lines are from top to bottom.

    An image without lines, or with room for one only, is read as one line. Results less clear than
    any page of writing, as of a face or a landscape, are dropped (`lines.decoding.clearness`).
    """
    if photograph.is_strip:
        return read_single_line(reader, photograph, decoder)
    view, ink = ink_of_page(photograph.colours)
    quarters, lines = upright(reader, ink)
    view = view.turned(quarters)
    matrix = view.matrix @ np.diag([*photograph.scales, 1.0])
    least = _UNCLEAR * _NO_WRITING
    found = _read_lines(reader, lines, View(matrix, view.size), decoder, least)
    return _clear_ones(found or read_single_line(reader, photograph, decoder))


def read_single_line(
    reader: Reader, photograph: Photograph, decoder: Decoder = GREEDY
) -> list[LineOfPage]:
    """Read an image as one line; the list is empty without writing."""
    contrast = contrast_of_line(photograph.colours)
    height, width = contrast.shape
    scales = [width / photograph.size[0], height / photograph.size[1], 1.0]
    line = Line(contrast, 0, np.zeros(width))
    return _read_lines(reader, [line], View(np.diag(scales), (width, height)), decoder)


def ink_of_page(colours: np.ndarray) -> tuple[View, np.ndarray]:
    """The page with horizontal or vertical lines, and its ink of `pages.ink.page_ink`.

    Args:
        colours: uint8 (height, width, 3).
    """
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
    """Number of counter-clockwise turns by 90 degrees to make a page upright, and its lines then.

    The ink decides between horizontal and vertical lines where it is clear. Reading a few lines in
    each direction decides the rest.

    Args:
        reader: the text-line model.
        ink: uint8 (height, width), of `pages.ink.page_ink`.
    """
    across, down = evenness(ink)
    if across > _CLEAR * down:
        candidates = [0, 2]
    elif down > _CLEAR * across:
        # Columns of an upright table are regular as well.
        candidates = [0, 1, 3]
    else:
        candidates = [0, 1, 2, 3]
    # Lines of an upside-down page are those of the upright one, so they are reused as probes.
    found = {k: _lines_turned(ink, k) for k in candidates if k < 2}
    probes = {k: _pictures_of_longest(lines) for k, lines in found.items()}
    sure = np.array([_sureness(reader, probes[k % 2], is_upside_down=k >= 2) for k in candidates])
    # Few pages are rotated, so another orientation needs a margin.
    sure[0] += _TURNED
    best = candidates[int(sure.argmax())]
    return best, found[best] if best in found else _lines_turned(ink, best)


def _lines_turned(ink: np.ndarray, quarters: int) -> list[Line]:
    return find_lines(np.ascontiguousarray(np.rot90(ink, quarters)))


def _clear_ones(lines: list[LineOfPage]) -> list[LineOfPage]:
    """The lines about as clear as the others; none if all of them hardly look like writing."""
    mean = _mean_clearness(lines) if lines else 0.0
    return [line for line in lines if line.clearness > _UNCLEAR * mean and mean > _NO_WRITING]


def _mean_clearness(lines: list[LineOfPage]) -> float:
    """Mean over the lines, weighted by their length."""
    lengths = [len(line.whole.characters) for line in lines]
    return float(np.average([line.clearness for line in lines], weights=lengths))


def evenness(ink: np.ndarray) -> tuple[float, float]:
    """Sharpness of the row sums and of the column sums, of ink downscaled to small letters.

    Args:
        ink: uint8 (height, width).
    """
    small = _small_writing(ink)
    return (1.0, 0.0) if small is None else sharpness(small)


def _small_writing(ink: np.ndarray) -> np.ndarray | None:
    """The writing, downscaled until letters are a few pixels high; ``None`` without writing."""
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
    """Mean probability of the characters of some lines, upright or upside down."""
    quarters = 2 if is_upside_down else 0
    read = reader.read([np.rot90(picture, quarters).copy() for picture in pictures])
    sure = [character.ranked[0][1] for line in read for character in line.characters]
    return float(np.mean(sure)) if sure else 0.0


def picture_of(line: Line) -> tuple[np.ndarray, tuple[int, int, int, int]] | None:
    """Model input of a line, uint8 (40, width), and the box of its ink; ``None`` if it is blank."""
    contrast = normalised(line.ink)
    box = writing_box(contrast)
    return None if box is None else (cut_line(contrast, box), box)


def _read_lines(
    reader: Reader, lines: list[Line], view: View, decoder: Decoder, least_clear: float = 0.0
) -> list[LineOfPage]:
    pictured = [(line, *found) for line in lines if (found := picture_of(line)) is not None]
    read = reader.read([picture for _, picture, _ in pictured], decoder, least_clear)
    found = []
    for (line, picture, box), answer in zip(pictured, read, strict=True):
        # Rests of ruled lines and dust are predicted as dashes and dots.
        if answer.text.strip(MARKS):
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
    """The prediction for a line, with its words and their boxes."""
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
    """A word of some characters, with the corners of the ink between two columns."""
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
    """The lines with their indentation, in units of the page's median width of a character."""
    if not found:
        return []
    lefts = np.array([line.origin + box[0] for line, box, _ in found])
    widths = [(box[2] - box[0]) / len(read.whole.text) for _, box, read in found]
    spaces = np.round((lefts - lefts.min()) / max(float(np.median(widths)), 1)).astype(int)
    return [
        dataclasses.replace(read, indent=int(indent))
        for (_, _, read), indent in zip(found, spaces, strict=True)
    ]
