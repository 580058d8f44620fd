"""The pictures that one person gave, what was read of them, and what was taken instead.

All of it is kept in memory until the person removes it or leaves.
"""

import hashlib
import logging
import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from weakref import WeakSet

from handwriting.errors import HandwritingError
from handwriting.pages.corrections import corrected
from handwriting.pages.reading import LineOfPage
from handwriting.web.picture_reading import Given, PictureRead, Read

MOST_PICTURES = 20
MOST_BYTES = 60_000_000
"""Of all files of one person."""

MOST_BYTES_OF_ALL = 300_000_000
"""Of all persons' files."""

_NAMED = 3
_logger = logging.getLogger(__name__)
_shelves: "WeakSet[Shelf]" = WeakSet()
_all_at_once = threading.Lock()


@dataclass
class Entry:
    """A picture on the shelf.

    Attributes:
        given: its file.
        asked: what it was last read with.
        answer: what was read, or the sentence why nothing was; ``None`` before that.
        texts: of words, taken instead of those read, by line and word.
    """

    given: Given
    asked: Hashable = None
    answer: PictureRead | str | None = None
    texts: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def lines(self) -> list[LineOfPage]:
        """What was read, corrected."""
        found = self.answer.lines if isinstance(self.answer, PictureRead) else []
        return corrected(found, self.texts)

    def is_read(self, asked: Hashable) -> bool:
        """Whether it was read with this."""
        return self.answer is not None and self.asked == asked

    def read(self, read: Read, asked: Hashable) -> None:
        """Read it, or keep the sentence why it cannot be; corrections of an old answer go."""
        try:
            answer: PictureRead | str = read(self.given)
        except HandwritingError as error:
            answer = str(error)
        except Exception:
            # Else a crafted file would stop the whole tab, again and again.
            _logger.exception("A picture could not be read.")
            answer = f"{self.given.name} cannot be read."
        self.asked, self.answer, self.texts = asked, answer, {}


class Shelf:
    """Pictures by their content, the newest first.

    Attributes:
        entries: by a short name of their content.
        left_out: a sentence about those of the last ones that found no room, or nothing.
    """

    def __init__(self) -> None:
        # Never changed in place: another person's shelf may take from it.
        self.entries: dict[str, Entry] = {}
        self.left_out = ""
        with _all_at_once:
            _shelves.add(self)

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(len(entry.given.content) for entry in self.entries.values())

    def put(self, pictures: Sequence[Given], lost: int = 0) -> None:
        """Add pictures; older ones make room, and of too many the first ones are taken.

        Args:
            pictures: files, with their names.
            lost: how many more were given, of which the server kept nothing.
        """
        before = self.entries
        added: dict[str, Entry] = {}
        names = []
        for given in pictures:
            digest = hashlib.sha256(given.content).hexdigest()[:16]
            if _has_room(added, given):
                added.setdefault(digest, before.get(digest) or Entry(given))
            else:
                names.append(given.name)
        self.entries = added
        for digest, entry in before.items():
            if _has_room(self.entries, entry.given):
                self.entries.setdefault(digest, entry)
        self.left_out = _sentence(names, lost)
        _make_room()

    def remove(self, digest: str) -> None:
        """Forget a picture and its answer."""
        self.entries = {key: entry for key, entry in self.entries.items() if key != digest}

    def clear(self) -> None:
        """Forget all of them."""
        self.entries, self.left_out = {}, ""


def _make_room() -> None:
    """Of too much on all shelves, the oldest pictures of the fullest one go."""
    with _all_at_once:
        shelves = list(_shelves)
        while sum(shelf.size for shelf in shelves) > MOST_BYTES_OF_ALL:
            fullest = max(shelves, key=lambda shelf: shelf.size)
            fullest.remove(list(fullest.entries)[-1])
            fullest.left_out = "The page ran short of memory: your oldest images were removed."


def _has_room(entries: dict[str, Entry], given: Given) -> bool:
    size = sum(len(entry.given.content) for entry in entries.values())
    return len(entries) < MOST_PICTURES and size + len(given.content) <= MOST_BYTES


def _sentence(names: list[str], lost: int) -> str:
    if not names and not lost:
        return ""
    more = len(names[_NAMED:]) + lost
    named = ", ".join(names[:_NAMED])
    left_out = " and ".join(filter(None, [named, f"{more} more" if more else ""]))
    return (
        f"{MOST_PICTURES} images of {MOST_BYTES // 1_000_000} MB in total are read at once. "
        f"Left out: {left_out}."
    )
