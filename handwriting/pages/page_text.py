"""The text that was read in a picture: words and lines with their places, and what was not read.

Places are in pixels of the original image, upright by its EXIF.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from handwriting.lines.decoding import CharacterRead, likeliest_texts
from handwriting.recognition.recognizer import SURE


@dataclass(frozen=True)
class WordRead:
    """A predicted word or line.

    Attributes:
        text: the prediction.
        confidence: calibrated probability of an exact match, 0..1.
        polygon: float (4, 2), corners clockwise from the upper left, in pixels of the image.
        characters: predicted characters with their alternatives.
    """

    text: str
    confidence: float
    polygon: np.ndarray
    characters: list[CharacterRead]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of the image."""
        return _box_of(self.polygon)

    @property
    def is_sure(self) -> bool:
        """Whether `confidence` is not low (`recognizer.SURE`)."""
        return self.confidence >= SURE

    @property
    def alternatives(self) -> list[tuple[str, float]]:
        """The top-5 texts of this number of characters, the predicted one first, with the products
        of their characters' probabilities."""
        return likeliest_texts([character.ranked for character in self.characters])


@dataclass(frozen=True)
class LineOfPage:
    """A predicted line of a page.

    Attributes:
        whole: the whole line.
        words: its parts between spaces.
        indent: indentation in spaces, from the page's median width of a character.
        clearness: how much it looks like writing, 0..1 (`lines.decoding.clearness`).
    """

    whole: WordRead
    words: list[WordRead]
    indent: int = 0
    clearness: float = 1.0

    @property
    def text(self) -> str:
        """The predicted text, without indentation."""
        return self.whole.text

    @property
    def confidence(self) -> float:
        """Probability of an exact match, 0..1."""
        return self.whole.confidence

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of the image."""
        return self.whole.box

    @property
    def alternatives(self) -> list[tuple[str, float]]:
        """See :attr:`WordRead.alternatives`."""
        return self.whole.alternatives


@dataclass(frozen=True)
class Unread:
    """A place that looks like writing and is not part of the text.

    Attributes:
        polygon: float (P, 2), its outline in pixels of the image.
        why: ``print`` for printed text, ``unclear`` for what could not be read with any certainty,
            ``shows through`` for what is much fainter than the rest and unclear.
    """

    polygon: np.ndarray
    why: str

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of the image."""
        return _box_of(self.polygon)


@dataclass(frozen=True)
class CellRead:
    """A cell of a field, with its text.

    Attributes:
        polygon: float (4, 2), its corners in pixels of the image.
        row, column: its place in the field, from 0.
        text: what was read in it; lines are joined by spaces.
        lines: indices of the page's lines of which something is in it.
    """

    polygon: np.ndarray
    row: int
    column: int
    text: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class FieldRead:
    """A drawn field with its text.

    Attributes:
        kind: ``frame``, ``boxes`` (a row with a character in each) or ``table``.
        cells: row by row.
    """

    kind: str
    cells: list[CellRead]

    @property
    def text(self) -> str:
        """One word for a row of boxes; else cells with tabs between them, rows as lines."""
        if self.kind == "boxes":
            return "".join(cell.text for cell in self.cells).replace(" ", "")
        rows: dict[int, list[str]] = {}
        for cell in self.cells:
            rows.setdefault(cell.row, []).append(cell.text)
        return "\n".join("\t".join(row) for row in rows.values())

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of the image."""
        return _box_of(np.concatenate([cell.polygon for cell in self.cells]))

    def with_texts(self, texts: Sequence[str]) -> "FieldRead":
        """The field with the text of the page's lines in its cells.

        A line in several boxes of a row gives a character to each; the last one takes the rest.

        Args:
            texts: of all lines of the page.
        """
        visits = Counter(k for cell in self.cells for k in cell.lines)
        shares = {
            k: iter(_spread(texts[k], count)) if self.kind == "boxes" else repeat(texts[k])
            for k, count in visits.items()
        }
        cells = [
            dataclasses.replace(
                cell, text=" ".join(filter(None, (next(shares[k]) for k in cell.lines)))
            )
            for cell in self.cells
        ]
        return FieldRead(self.kind, cells)


def _spread(text: str, count: int) -> list[str]:
    characters = text.replace(" ", "")
    ends = [*range(1, count), len(characters)]
    return [characters[k:end] for k, end in enumerate(ends)]


def _box_of(polygon: np.ndarray) -> tuple[int, int, int, int]:
    low, high = np.floor(polygon.min(axis=0)), np.ceil(polygon.max(axis=0))
    left, top, right, bottom = (int(value) for value in (*low, *high))
    return left, top, right, bottom


def text_of_page(lines: list[LineOfPage]) -> str:
    """The text with line breaks and indentation."""
    return "\n".join(" " * line.indent + line.whole.text for line in lines)
