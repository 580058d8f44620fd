"""Lines of known texts in fonts that imitate handwriting, for the text-line model."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handwriting.alphabet import OUTPUT, PLAIN
from handwriting.datasets.text_batches import Drawn
from handwriting.errors import HandwritingError
from handwriting.imaging.contrast import contrast_of
from handwriting.imaging.line import writing_box
from handwriting.synthesis.pages.hands import HANDWRITING, FontHand, Typeface
from handwriting.synthesis.text_sources import augmented_line
from handwriting.synthesis.writing import photograph_of_picture

_CORE = (18.0, 30.0)
_LONGEST = 60
_ACCENTED, _CAPITALS, _OF_LETTERS = 0.5, 0.1, 0.12

_VARIANTS: dict[str, list[str]] = defaultdict(list)
for _other, _plain in PLAIN.items():
    _VARIANTS[_plain].append(_other)


@dataclass(frozen=True)
class FontLines:
    """Texts in fonts, with more accents and signs than they have, so that all are learnt.

    Attributes:
        faces: the fonts.
        texts: what is written; parts of long ones.
        count: lines in an epoch.
        photographed: probability that a line is rendered as a photograph.
    """

    faces: Sequence[Typeface]
    texts: Sequence[str]
    count: int
    photographed: float = 0.4

    def __len__(self) -> int:
        return self.count if self.texts else 0

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A text of chance in a font of chance."""
        face = self.faces[rng.integers(len(self.faces))]
        hand = FontHand(
            face,
            HANDWRITING,
            unsteady=float(rng.uniform(0, 0.1)),
            slant=float(rng.normal(0, 0.15)),
            stroke=float(rng.choice([0, 0, 0.06])),
        )
        text = self._text(rng)
        able = "".join(filter(face.can_write, text)).strip() or "1"
        written = hand.exactly(able, float(rng.uniform(*_CORE)), rng).alpha
        if rng.random() < self.photographed:
            written = contrast_of(photograph_of_picture(written, rng))
        return Drawn(augmented_line(written, writing_box(written), rng), able, is_exact=True)

    def _text(self, rng: np.random.Generator) -> str:
        text = _part(self.texts[rng.integers(len(self.texts))], rng)
        if rng.random() < _CAPITALS:
            text = "".join(c if c.upper() not in OUTPUT else c.upper() for c in text)
        if rng.random() >= _ACCENTED:
            return text
        return "".join(
            str(rng.choice(_VARIANTS[c])) if c in _VARIANTS and rng.random() < _OF_LETTERS else c
            for c in text
        )


def _part(text: str, rng: np.random.Generator) -> str:
    """Whole words of a long text, from one of chance on."""
    if len(text) <= _LONGEST:
        return text
    words = text.split()
    start = int(rng.integers(len(words)))
    part = " ".join(words[start:])[:_LONGEST]
    return part.rpartition(" ")[0] or part


def load_fonts(folder: Path) -> list[Typeface]:
    """The fonts of a folder of `.ttf` files.

    Raises:
        HandwritingError: there is none, or one is damaged.
    """
    faces = [Typeface.read(path) for path in sorted(folder.glob("*.ttf"))]
    if not faces:
        raise HandwritingError(f"{folder} holds no font (.ttf).")
    return faces
