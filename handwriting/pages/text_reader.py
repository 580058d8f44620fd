"""Python API of reading: text, lines and words of a photograph.

It wraps `lines.reader.Reader` and `pages.reading`; `read_picture.py` uses it.
"""

import dataclasses
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from handwriting import PROJECT
from handwriting.errors import HandwritingError
from handwriting.formats.document_pages import count_pages, page_title
from handwriting.imaging.sources import ImageLike, as_source
from handwriting.lines.decoding import Decoder
from handwriting.lines.languages import find_language
from handwriting.lines.options import checked, named_decoder, possible_characters
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.layout import LAYOUT_FOLDER, Layout, find_layout
from handwriting.pages.photographs import Photograph, open_photograph
from handwriting.pages.reading import PageReader, read_page, read_picture, read_single_line
from handwriting.pages.records import Page
from handwriting.recognition.recognizer import Recognizer, find_weights
from handwriting.runs import MODELS_FOLDER

LAYOUTS = {"auto": read_picture, "page": read_page, "line": read_single_line}
"""Functions by layout: lines as the layout network finds them, one line, or the better of both."""


class TextReader:
    """Trained models for pictures of any kind of text.

    Args:
        models: the text-line model, the layout network and the character model.
    """

    def __init__(self, models: PageReader) -> None:
        self.models = models

    @classmethod
    def load(
        cls,
        weights: str | Path = "latest",
        models: Path = PROJECT / LINES_FOLDER,
        layout: str | Path = "latest",
        layouts: Path = PROJECT / LAYOUT_FOLDER,
    ) -> "TextReader":
        """Load trained models.

        Args:
            weights: a weights file of a text-line model, the name of a run, or ``latest`` for the
                newest run.
            models: folder of its runs.
            layout: likewise, of a layout network.
            layouts: folder of its runs.

        Raises:
            HandwritingError: weights are missing or damaged.
        """
        reader = Reader.load(find_reader(str(weights), models))
        found = Layout.load(find_layout(str(layout), layouts))
        return cls(PageReader(reader, found, _character_model()))

    def read(
        self,
        image: ImageLike,
        *,
        layout: str = "auto",
        decoder: str | Decoder = "greedy",
        language: str = "en",
        characters: str | None = None,
        page: int | None = None,
    ) -> Page:
        """Read a photograph, a scan, or a page of a document.

        Args:
            image: a path, an open file, a Pillow image, or an array uint8 (height, width) or
                (height, width, 3 or 4).
            layout: ``page``, ``line``, or ``auto`` for whichever is more likely.
            decoder: ``greedy`` decoding; ``language`` or ``programs``, beam search with a model of
                the language or of programs; or a `Pattern` or `WordList` that each line matches.
            language: ``en``, ``fr``, ``de`` or ``any``; only its characters are read.
            characters: the only possible ones beside spaces: ``digits``, ``capitals``, ``small``,
                ``all`` of these, or the characters themselves, such as ``"0-9.,"``; ``None`` for
                those of the language.
            page: number of the page in a PDF, TIFF or GIF, from 1; ``None`` where there is only
                one.

        Raises:
            HandwritingError: the image cannot be read, an argument has none of these values, the
                language lacks characters that are asked for, characters are given with a
                pattern or a word list, or several pages are
                there and ``page`` does not say which.
        """
        source, name = as_source(image)
        count = count_pages(source, name)
        if page is None and count > 1:
            raise HandwritingError(
                f"{name} has {count} pages. Read them with read_pages, or say which page."
            )
        number = page if count > 1 else None
        title = page_title(name, number)
        photograph = open_photograph(source, layout == "line", title, number=page or 1)
        found = self.read_photograph(photograph, layout, decoder, language, characters)
        return dataclasses.replace(found, number=number)

    def read_pages(
        self,
        image: ImageLike,
        *,
        layout: str = "auto",
        decoder: str | Decoder = "greedy",
        language: str = "en",
        characters: str | None = None,
    ) -> Iterator[Page]:
        """Read the pages of a document, each when it is asked for; arguments and errors of
        :meth:`read`."""
        source, name = as_source(image)
        how = {"layout": layout, "decoder": decoder, "language": language, "characters": characters}
        for number in range(1, count_pages(source, name) + 1):
            yield self.read(source, **how, page=number)

    def read_photograph(
        self,
        photograph: Photograph,
        layout: str = "auto",
        decoder: str | Decoder = "greedy",
        language: str = "en",
        characters: str | None = None,
    ) -> Page:
        """:meth:`read` for an image opened by `pages.photographs.open_photograph`."""
        if layout not in LAYOUTS:
            raise HandwritingError(f"{layout!r} is not a layout: give one of {', '.join(LAYOUTS)}.")
        own = find_language(language)
        decoder = _decoder(decoder, language) if isinstance(decoder, str) else decoder
        models = self.models.for_language(own)
        if characters is not None:
            models = models.for_characters(possible_characters(characters, own, decoder))
        return LAYOUTS[layout](models, photograph, checked(decoder, own))


def _character_model() -> Recognizer | None:
    """The best character model; ``None`` without one, because words are read without it."""
    try:
        return Recognizer.load(find_weights("best", PROJECT / MODELS_FOLDER))
    except HandwritingError:
        return None


@cache
def _decoder(name: str, language: str) -> Decoder:
    return named_decoder(name, find_language(language), folder=PROJECT)
