"""One way from any picture to its text: find the lines with the layout network, read each one."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from handwriting.imaging.contrast import normalised
from handwriting.imaging.frames import without_frame
from handwriting.imaging.ink import find_ink
from handwriting.imaging.line import MARGIN, contrast_of_line, cut_line, writing_box
from handwriting.imaging.text_lines import PRINT
from handwriting.lines.decoding import GREEDY, MARKS, CharacterRead, Decoder, LineRead
from handwriting.lines.languages import Language
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.lines.reader import Reader
from handwriting.pages.box_rows import box_rows, lines_in, read_boxes
from handwriting.pages.cutting import Strip
from handwriting.pages.fields import BOXES, Field
from handwriting.pages.layout import Layout
from handwriting.pages.layout_lines import FoundLine
from handwriting.pages.page_text import CellRead, FieldRead, LineOfPage, Unread, WordRead
from handwriting.pages.photographs import Photograph
from handwriting.pages.records import Page
from handwriting.pages.single_character import FREE, as_character, read_alone
from handwriting.pages.upright import Seen, look
from handwriting.pages.view import View
from handwriting.recognition.recognizer import Recognizer

_NO_WRITING, _UNSEEN = 0.6, 0.75
_UNCLEAR, _SHORT_UNCLEAR, _SHORT = 0.5, 0.6, 3
_FEW, _MOST_OF = 2, 0.85
_FRONT, _FAINT = 0.8, 0.45


@dataclass(frozen=True)
class PageReader:
    """The networks that read a picture.

    Attributes:
        reader: the text-line model.
        layout: the layout network.
        recognizer: the character model, for a character alone, or ``None``.
    """

    reader: Reader
    layout: Layout
    recognizer: Recognizer | None = None

    def for_language(self, language: Language) -> "PageReader":
        """The same networks, for texts in a language."""
        return dataclasses.replace(self, reader=self.reader.for_language(language))

    def for_characters(self, characters: Collection[str]) -> "PageReader":
        """The same networks, for pictures with no other characters than these, and spaces."""
        recognizer = self.recognizer and self.recognizer.for_characters(characters)
        return PageReader(self.reader.for_characters(characters), self.layout, recognizer)


def read_picture(models: PageReader, photograph: Photograph, decoder: Decoder = GREEDY) -> Page:
    """Read whatever a picture shows: a page, some lines, a word, a number, or nothing.

    Few lines are compared with the whole picture as one line, and the clearer result counts
    (`lines.decoding.clearness`).
    """
    if photograph.is_strip:
        return read_single_line(models, photograph, decoder)
    page = read_page(models, photograph, decoder)
    if len(page.lines) > _FEW or any(f.kind == BOXES for f in page.fields):
        return page
    # One neat character looks like print, and is read all the same.
    if not any(place.why == "print" for place in page.unread):
        line = read_single_line(models, photograph, decoder)
        if _is_rather_line(line, page) and (page.lines or _has_ink(photograph)):
            page = _instead(line, page)
    return page if _letters(page) > 1 else _with_character(models, photograph, decoder, page)


def _with_character(
    models: PageReader, photograph: Photograph, decoder: Decoder, page: Page
) -> Page:
    """The picture as one character, if that is surer than what was read."""
    alone = read_alone(models.recognizer, photograph, decoder)
    least = page.lines[0].confidence if page.lines else _UNSEEN
    if alone is None or alone.clearness <= least:
        return page
    return _instead(Page(*photograph.size, [alone]), page)


def _instead(line: Page, page: Page) -> Page:
    """One line instead of what was found, with the places beside it that were not read."""
    left, top, right, bottom = line.lines[0].box
    outside = [
        place
        for place in page.unread
        if place.box[2] < left
        or place.box[0] > right
        or place.box[3] < top
        or place.box[1] > bottom
    ]
    return dataclasses.replace(line, unread=outside)


def read_page(models: PageReader, photograph: Photograph, decoder: Decoder = GREEDY) -> Page:
    """Read the lines that the layout network finds, in any direction of the picture."""
    seen = look(models.layout, models.reader, photograph)
    return _read_seen(models, seen, photograph, decoder)


def read_single_line(models: PageReader, photograph: Photograph, decoder: Decoder = GREEDY) -> Page:
    """Read an image as one line, without the layout network; empty without writing."""
    contrast = contrast_of_line(photograph.colours)
    height, width = contrast.shape
    contrast = without_frame(normalised(contrast))
    scales = np.array([width, height]) / photograph.size
    box = writing_box(contrast)
    strips = [] if box is None else [_whole_strip(contrast, box)]
    view = View(0, (width, height), scales)
    read = _read_strips(models.reader, strips, view, decoder)
    read = [
        as_character(models.recognizer, *pair, decoder) for pair in zip(strips, read, strict=True)
    ]
    return Page(*photograph.size, [line for line in read if line.text.strip(MARKS)])


def _whole_strip(contrast: np.ndarray, box: tuple[int, int, int, int]) -> Strip:
    """A picture of one level line as its strip."""
    height, width = contrast.shape
    middles = np.stack((np.arange(width), np.full(width, height // 2)), axis=1).astype(float)
    return Strip(contrast, box, middles, np.tile([0.0, 1.0], (width, 1)), height // 2)


def _read_seen(models: PageReader, seen: Seen, photograph: Photograph, decoder: Decoder) -> Page:
    """The lines that the layout network found, each read or told to be unread."""
    boxed, in_boxes = _read_box_rows(models.recognizer, seen, decoder)
    read, unread = {k: line for k, (line, _) in boxed.items()}, []
    there: list[tuple[int, Strip]] = []
    for number, (line, strip) in enumerate(zip(seen.lines, seen.strips, strict=True)):
        if number in in_boxes:
            continue
        if line.kind == PRINT:
            unread.append(Unread(_outline(line, seen.view), "print"))
        elif strip is not None:
            there.append((number, strip))
    answers = _read_strips(models.reader, [s for _, s in there], seen.view, decoder, _UNCLEAR)
    if len(there) == 1:
        answers = [as_character(models.recognizer, there[0][1], answers[0], decoder)]
    shows_through = _shows_through([strip for _, strip in there], answers)
    for (number, _), answer, is_from_back in zip(there, answers, shows_through, strict=True):
        line = seen.lines[number]
        if is_from_back:
            unread.append(Unread(_outline(line, seen.view), "shows through"))
        elif _is_clear(answer, line):
            read[number] = answer
        else:
            unread.append(Unread(_outline(line, seen.view), "unclear"))
    lines = _indented([read[k] for k in sorted(read)], seen.view)
    places = {k: place for place, k in enumerate(sorted(read))}
    fields = [
        _field(field, places, seen.view).with_texts([line.text for line in lines])
        for field in seen.fields
        if in_boxes.isdisjoint(field.lines)
    ]
    fields += [_of_line(row, places[k]) for k, (_, row) in boxed.items()]
    return Page(*photograph.size, lines, unread, fields)


def _read_box_rows(
    recognizer: Recognizer | None, seen: Seen, decoder: Decoder
) -> tuple[dict[float, tuple[LineOfPage, FieldRead]], set[int]]:
    """The rows of boxes with something in them, by their place among the lines; and the indices of
    the lines that the layout network found in them."""
    if recognizer is None or decoder.name not in FREE:
        return {}, set()
    read: dict[float, tuple[LineOfPage, FieldRead]] = {}
    in_boxes: set[int] = set()
    tops = np.array([line.points[:, 1].mean() for line in seen.lines])
    for row in box_rows(seen.colours):
        found = read_boxes(recognizer, seen.colours, row, seen.view)
        if found is None:
            continue
        own = lines_in(row, seen.lines)
        in_boxes.update(own)
        above = int((tops < row.outline[:, 1].mean()).sum())
        place = float(own[0]) if own else above - 0.5
        while place in read:
            place += 0.01
        read[place] = found
    return read, in_boxes


def _is_clear(read: LineOfPage, line: FoundLine) -> bool:
    """Whether a line is part of the text: both networks are sure of it, more so of few letters.

    Of 87 lines with a right word on photographs one had less, of 130 in pictures without writing
    most had.
    """
    is_short = len(read.text.replace(" ", "")) <= _SHORT
    least = _SHORT_UNCLEAR if is_short else _UNCLEAR
    return bool(read.text.strip(MARKS)) and read.clearness * line.score > least


def _shows_through(strips: Sequence[Strip], read: Sequence[LineOfPage]) -> np.ndarray:
    """bool (lines,): much fainter than most clear lines, and not clear: writing on the back."""
    darkness = np.array([strip.darkness for strip in strips])
    clearness = np.array([line.clearness for line in read])
    clear = darkness[clearness >= _FRONT]
    if not len(clear):
        return np.zeros(len(strips), dtype=bool)
    return (darkness < _FAINT * np.median(clear)) & (clearness < _FRONT)


def _field(found: Field, places: Mapping[float, int], view: View) -> FieldRead:
    """A field without its text; ``places`` are those of the lines among the page's."""
    cells = [
        CellRead(
            view.to_picture(cell.outline),
            cell.row,
            cell.column,
            lines=tuple(places[k] for k in cell.lines if k in places),
        )
        for cell in found.cells
    ]
    return FieldRead(found.kind, cells)


def _of_line(row: FieldRead, place: int) -> FieldRead:
    """A row of boxes that stands in a line of the page."""
    cells = [dataclasses.replace(cell, lines=(place,)) if cell.text else cell for cell in row.cells]
    return FieldRead(row.kind, cells)


def _outline(line: FoundLine, view: View) -> np.ndarray:
    return view.to_picture(line.outline(1.3, 1.0))


def _is_rather_line(line: Page, page: Page) -> bool:
    """Whether one line explains a picture better than the lines that were found in it."""
    if not line.lines:
        return False
    clear = _mean_clearness(line.lines)
    if not page.lines:
        return clear > (_NO_WRITING if page.unread else _UNSEEN)
    # Two lines read as one give less text; a fragment beside a line gives a little more.
    if len(page.lines) > 1 and _letters(line) < _MOST_OF * _letters(page):
        return False
    return clear > max(_NO_WRITING, _mean_clearness(page.lines))


def _has_ink(photograph: Photograph) -> bool:
    """Whether there is more than light and shadow."""
    return bool(find_ink(Image.fromarray(photograph.colours)).any())


def _letters(page: Page) -> int:
    return sum(len(line.text.replace(" ", "")) for line in page.lines)


def _mean_clearness(lines: Sequence[LineOfPage]) -> float:
    """Mean over the lines, weighted by their length."""
    lengths = [len(line.whole.characters) for line in lines]
    return float(np.average([line.clearness for line in lines], weights=lengths))


def _read_strips(
    reader: Reader,
    strips: Sequence[Strip],
    view: View,
    decoder: Decoder,
    least_clear: float = 0.0,
) -> list[LineOfPage]:
    pictures = [cut_line(strip.contrast, strip.box) for strip in strips]
    read = reader.read(pictures, decoder, least_clear)
    return [
        _line_of_page(strip, picture.shape[1], answer, view)
        for strip, picture, answer in zip(strips, pictures, read, strict=True)
    ]


def _line_of_page(strip: Strip, width: int, answer: LineRead, view: View) -> LineOfPage:
    """The prediction for a line, with its words and their places.

    Args:
        strip: the line.
        width: of the text-line model's input, in pixels.
        answer: of the text-line model.
        view: of the picture.
    """
    characters = answer.characters
    left, _, right, _ = strip.box
    across = max(1, width - 2 * MARGIN) / (right - left)

    def column(step: float) -> float:
        return left + (step * COLUMNS_PER_STEP - MARGIN) / across

    spaces = [k for k, character in enumerate(characters) if character.character == " "]
    starts, ends = [0, *(k + 1 for k in spaces)], [*spaces, len(characters)]
    bounds = [
        left,
        *(column((characters[k].first + characters[k].last + 1) / 2) for k in spaces),
        right,
    ]
    words = [
        _word(
            strip,
            (bounds[k], bounds[k + 1]),
            characters[start:end],
            answer.word_confidence(start, end),
            view,
        )
        for k, (start, end) in enumerate(zip(starts, ends, strict=True))
        if start < end
    ]
    whole = _word(strip, (left, right), characters, answer.confidence, view)
    return LineOfPage(whole, words, clearness=answer.clearness)


def _word(
    strip: Strip,
    bounds: tuple[float, float],
    characters: list[CharacterRead],
    confidence: float,
    view: View,
) -> WordRead:
    """A word of some characters, with the corners of the ink between two columns."""
    _, top, _, bottom = strip.box
    left = int(np.clip(bounds[0], 0, strip.contrast.shape[1] - 1))
    right = max(left + 1, round(bounds[1]))
    rows, columns = np.nonzero(strip.contrast[top:bottom, left:right] > 127)
    if len(rows):
        low, high = top + rows.min(), top + rows.max() + 1
        left, right = left + columns.min(), left + columns.max() + 1
    else:
        low, high = top, bottom
    corners = np.array([[left, low], [right, low], [right, high], [left, high]], dtype=float)
    polygon = view.to_picture(strip.to_picture(corners))
    text = "".join(character.character for character in characters)
    return WordRead(text, confidence, polygon, characters)


def _indented(lines: list[LineOfPage], view: View) -> list[LineOfPage]:
    """The lines with their indentation, in units of the page's median width of a character."""
    if not lines:
        return []
    corners = [line.whole.polygon * view.scales for line in lines]
    if view.quarters:
        return lines
    lefts = np.array([corner[[0, 3], 0].mean() for corner in corners])
    widths = [np.ptp(c[:, 0]) / len(line.text) for c, line in zip(corners, lines, strict=True)]
    spaces = np.round((lefts - lefts.min()) / max(float(np.median(widths)), 1)).astype(int)
    return [
        dataclasses.replace(line, indent=int(indent))
        for line, indent in zip(lines, spaces, strict=True)
    ]
