"""Reading of an image file: its lines, words and boxes."""

import dataclasses
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.formats.document_pages import count_pages, open_page, page_title
from handwriting.imaging.character import character_of
from handwriting.imaging.photograph import ENOUGH_PIXELS
from handwriting.lines.decoding import CharacterRead, Decoder
from handwriting.pages.page_text import FieldRead, LineOfPage, Unread, WordRead
from handwriting.pages.photographs import Photograph, open_photograph
from handwriting.pages.reading import PageReader, read_picture, read_single_line
from handwriting.pages.records import Page
from handwriting.recognition.recognizer import Recognizer
from handwriting.web.answer import Options
from handwriting.web.components import MULTIPLE

NOTHING = "No handwriting was found."
NOT_ALL = "A dashed outline marks what was not read."
PRINT_ALONE = "This looks like print. Only handwriting is read."
_SHOWN, _QUALITY = 1400, 80

MOST_PIXELS = 60_000_000
"""Maximum of an image; with transparency they take 0.5 GB of memory temporarily."""

# The memory has room for one large image at a time.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Given:
    """An image of a person: a file, or a page of one.

    Attributes:
        name: of the file.
        content: of the file.
        page: number of the page in a document of several, from 1.
    """

    name: str
    content: bytes
    page: int | None = None

    @property
    def title(self) -> str:
        """The file's name, in a document of several pages with the page's number."""
        return page_title(self.name, self.page)


def pages_of(given: Given) -> list[Given]:
    """The pages of a document; a file that cannot be opened stays whole, so that reading it tells
    why."""
    try:
        count = count_pages(io.BytesIO(given.content), given.name)
    except HandwritingError:
        return [given]
    pages = range(1, count + 1) if count > 1 else [None]
    return [dataclasses.replace(given, page=number) for number in pages]


@dataclass(frozen=True)
class PictureRead:
    """Prediction for an image.

    Attributes:
        size: width and height of the image in pixels.
        lines: with boxes in these pixels.
        shown: JPEG of the image for display, at most 1,400 pixels wide or high.
        note: sentence about a limitation, or empty.
        unread: places that look like writing and are not part of the text.
        fields: frames, rows of boxes and tables with their text.
    """

    size: tuple[int, int]
    lines: list[LineOfPage]
    shown: bytes
    note: str = ""
    unread: list[Unread] = field(default_factory=list)
    fields: list[FieldRead] = field(default_factory=list)


Read = Callable[[Given], PictureRead]
"""Reads an image; raises HandwritingError if it cannot be opened."""


def text_reader(models: PageReader, decoder: Decoder, is_line: bool) -> Read:
    """A function that reads images, of whatever they show or of one line each."""

    def read(given: Given) -> PictureRead:
        with _one_at_a_time:
            photograph = _opened(given, is_line)
            how = read_single_line if is_line else read_picture
            page = how(models, photograph, decoder)
        notes = [photograph.note, _made_smaller(photograph), _note(page)]
        shown = _to_look_at(photograph)
        note = _joined(notes)
        return PictureRead(photograph.size, page.lines, shown, note, page.unread, page.fields)

    return read


def _note(page: Page) -> str:
    """What a person should know about places that were not read."""
    if not page.lines:
        is_print = any(place.why == "print" for place in page.unread)
        return PRINT_ALONE if is_print else NOTHING
    return NOT_ALL if page.unread else ""


def character_reader(recognizer: Recognizer, options: Options) -> Read:
    """A function that reads images with the character model, as a line of one word each."""

    def read(given: Given) -> PictureRead:
        with _one_at_a_time:
            photograph = _opened(given, is_line=False)
            character = character_of(_for_character(given))
        shown = _to_look_at(photograph)
        if character.bbox is None or not character.height:
            return PictureRead(photograph.size, [], shown, NOTHING)
        reading = recognizer.read(character.image, prior=options.prior, allowed=options.allowed)
        box = np.array(character.bbox) * photograph.size[1] / character.height
        polygon = box[[[0, 1], [2, 1], [2, 3], [0, 3]]]
        ranked = reading.ranked()
        word = WordRead(*ranked[0], polygon, [CharacterRead(0, 0, ranked)])
        notes = [
            photograph.note,
            _made_smaller(photograph),
            MULTIPLE if character.is_multiple else "",
        ]
        return PictureRead(photograph.size, [LineOfPage(word, [word])], shown, _joined(notes))

    return read


def _opened(given: Given, is_line: bool) -> Photograph:
    try:
        content, number = io.BytesIO(given.content), given.page or 1
        return open_photograph(content, is_line, given.title, MOST_PIXELS, number)
    except MemoryError as error:
        raise HandwritingError(f"{given.title} needs more memory than there is.") from error


def _for_character(given: Given) -> Image.Image:
    content, number = io.BytesIO(given.content), given.page or 1
    return open_page(content, number, given.title, ENOUGH_PIXELS).picture


def _to_look_at(photograph: Photograph) -> bytes:
    picture = Image.fromarray(photograph.colours)
    picture.thumbnail((_SHOWN, _SHOWN))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()


def _made_smaller(photograph: Photograph) -> str:
    width, height = photograph.size
    if not photograph.is_large:
        return ""
    return f"The image has {width}x{height} pixels and was downscaled."


def _joined(notes: list[str]) -> str:
    return " ".join(filter(None, notes))
