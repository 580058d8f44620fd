"""Images and pages of one person with predictions and corrections.

They are kept in memory until the person removes them or leaves.
"""

import hashlib
import logging
import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from weakref import WeakSet

from handwriting.errors import HandwritingError
from handwriting.pages.corrections import corrected, corrected_fields
from handwriting.pages.page_text import FieldRead, LineOfPage
from handwriting.pages.records import Page
from handwriting.web.picture_reading import Given, PictureRead, Read

MOST_PICTURES = 30
"""Maximum images and pages of one person."""

MOST_BYTES = 60_000_000
"""Maximum bytes of one person's files."""

MOST_BYTES_OF_ALL = 300_000_000
"""Maximum bytes of all persons' files."""

_NAMED = 3
_logger = logging.getLogger(__name__)
_shelves: "WeakSet[Shelf]" = WeakSet()
_all_at_once = threading.Lock()


@dataclass
class Entry:
    """An image on the shelf.

    Attributes:
        given: its file or page.
        asked: key of the options that it was read with.
        answer: the prediction, or an error sentence; ``None`` before reading.
        texts: corrected texts of words, by line and word.
    """

    given: Given
    asked: Hashable = None
    answer: PictureRead | str | None = None
    texts: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def lines(self) -> list[LineOfPage]:
        """Predicted lines with corrections; empty after an error."""
        found = self.answer.lines if isinstance(self.answer, PictureRead) else []
        return corrected(found, self.texts)

    @property
    def fields(self) -> list[FieldRead]:
        """Predicted fields with corrections; empty after an error."""
        if not isinstance(self.answer, PictureRead):
            return []
        return corrected_fields(self.answer.fields, self.answer.lines, self.texts)

    @property
    def page(self) -> Page:
        """What was read, with corrections; empty after an error."""
        answer, number = self.answer, self.given.page
        if not isinstance(answer, PictureRead):
            return Page(0, 0, [], number=number)
        return Page(*answer.size, self.lines, answer.unread, self.fields, number)

    def is_read(self, asked: Hashable) -> bool:
        """Whether it was read with the options of this key."""
        return self.answer is not None and self.asked == asked

    def read(self, read: Read, asked: Hashable) -> None:
        """Read the image and keep the prediction or the error; earlier corrections are dropped."""
        try:
            answer: PictureRead | str = read(self.given)
        except HandwritingError as error:
            answer = str(error)
        except Exception:
            # A crafted file must not break the tab at each rerun.
            _logger.exception("An image could not be read.")
            answer = f"{self.given.title} cannot be read."
        self.asked, self.answer, self.texts = asked, answer, {}


class Shelf:
    """Images without duplicates, newest first.

    Attributes:
        entries: by a digest of their content.
        left_out: sentence about images that exceeded the limits, or empty.
    """

    def __init__(self) -> None:
        # Never changed in place, because another thread may remove entries.
        self.entries: dict[str, Entry] = {}
        self.left_out = ""
        with _all_at_once:
            _shelves.add(self)

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return _size(self.entries)

    def put(self, pictures: Sequence[Given], lost: int = 0) -> None:
        """Add images up to the limits; older images are removed to make room.

        Args:
            pictures: files, with their names.
            lost: number of further files that the server has deleted.
        """
        before, digests = self.entries, _digests(pictures)
        added: dict[str, Entry] = {}
        left_out = []
        for given in pictures:
            digest = f"{digests[id(given.content)]}_{given.page or 1}"
            if _has_room(added, given):
                added.setdefault(digest, before.get(digest) or Entry(given))
            else:
                left_out.append(given)
        self.entries = added
        for digest, entry in before.items():
            if _has_room(self.entries, entry.given):
                self.entries.setdefault(digest, entry)
        self.left_out = _sentence(list(_titles(left_out)), lost)
        _make_room()

    def remove(self, digest: str) -> None:
        """Remove an image and its prediction."""
        self.entries = {key: entry for key, entry in self.entries.items() if key != digest}

    def clear(self) -> None:
        """Remove all images."""
        self.entries, self.left_out = {}, ""


def _make_room() -> None:
    """Remove the oldest images of the largest shelf until all shelves are within the limit."""
    with _all_at_once:
        shelves = list(_shelves)
        while sum(shelf.size for shelf in shelves) > MOST_BYTES_OF_ALL:
            fullest = max(shelves, key=lambda shelf: shelf.size)
            fullest.remove(list(fullest.entries)[-1])
            fullest.left_out = "The page ran short of memory: your oldest images were removed."


def _has_room(entries: dict[str, Entry], given: Given) -> bool:
    more = {**entries, "": Entry(given)}
    return len(entries) < MOST_PICTURES and _size(more) <= MOST_BYTES


def _size(entries: dict[str, Entry]) -> int:
    """Bytes of the files, each counted once for all of its pages."""
    contents = {id(entry.given.content): entry.given.content for entry in entries.values()}
    return sum(map(len, contents.values()))


def _digests(pictures: Sequence[Given]) -> dict[int, str]:
    """Digest of each file by the identity of its content, which its pages share."""
    contents = {id(given.content): given.content for given in pictures}
    return {key: hashlib.sha256(content).hexdigest()[:16] for key, content in contents.items()}


def _titles(left_out: Sequence[Given]) -> Iterator[str]:
    """Titles of images; the pages of a document have one for all of them."""
    for (name, is_page), group in groupby(left_out, lambda given: (given.name, bool(given.page))):
        own = list(group)
        if is_page and len(own) > 1:
            yield f"{name}, pages {own[0].page} to {own[-1].page}"
        else:
            yield from (given.title for given in own)


def _sentence(names: list[str], lost: int) -> str:
    if not names and not lost:
        return ""
    more = len(names[_NAMED:]) + lost
    named = ", ".join(names[:_NAMED])
    left_out = " and ".join(filter(None, [named, f"{more} more" if more else ""]))
    return (
        f"{MOST_PICTURES} images or pages, of {MOST_BYTES // 1_000_000} MB in total, are read at "
        f"once. Left out: {left_out}."
    )
