"""The text that was read in a picture: words and lines with their places, and what was not read.

Places are in pixels of the original image, upright by its EXIF.
"""

from dataclasses import dataclass

import numpy as np

from handwriting.lines.decoding import CharacterRead, likeliest_texts


@dataclass(frozen=True)
class WordRead:
    """A predicted word or line.

    Attributes:
        text: the prediction.
        confidence: probability of an exact match, 0..1; of a word the product of its characters'
            probabilities.
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
        why: ``print`` for printed text, ``unclear`` for what could not be read with any certainty.
    """

    polygon: np.ndarray
    why: str

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of the image."""
        return _box_of(self.polygon)


def _box_of(polygon: np.ndarray) -> tuple[int, int, int, int]:
    low, high = np.floor(polygon.min(axis=0)), np.ceil(polygon.max(axis=0))
    left, top, right, bottom = (int(value) for value in (*low, *high))
    return left, top, right, bottom


def text_of_page(lines: list[LineOfPage]) -> str:
    """The text with line breaks and indentation."""
    return "\n".join(" " * line.indent + line.whole.text for line in lines)
