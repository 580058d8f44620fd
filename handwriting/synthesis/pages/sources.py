"""What pages are composed of: pens, fonts, real ink and typefaces of print."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np

from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.text import left_out, written
from handwriting.errors import HandwritingError
from handwriting.imaging.text_lines import HANDWRITING, PRINT
from handwriting.synthesis.composition import CharacterPens
from handwriting.synthesis.pages.hands import (
    CharacterHand,
    FontHand,
    Hand,
    InkHand,
    NormalisedWords,
    PenHand,
    PlainHand,
    StrokeStyle,
    Typeface,
    Writing,
)
from handwriting.synthesis.pages.texts import WORDS

_PRINT = (
    *("DejaVuSans*.ttf", "DejaVuSerif*.ttf", "STIXGeneral*.ttf"),
    *("cmr10.ttf", "cmb10.ttf", "cmss10.ttf", "cmti10.ttf", "cmtt10.ttf"),
)
_LEAST_SAMPLES = 5


@cache
def print_faces() -> tuple[Typeface, ...]:
    """The typefaces that come with Matplotlib."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    paths = sorted({path for pattern in _PRINT for path in folder.glob(pattern)})
    return tuple(Typeface.read(path) for path in paths if "Display" not in path.name)


@dataclass(frozen=True)
class PageSources:
    """Sources of composed pages; all of them are optional.

    Attributes:
        pens: words and lines of online handwriting.
        characters: isolated characters of online handwriting, for texts that are given.
        fonts: fonts that imitate handwriting.
        ink: lines of real ink, of one writer each (`real_ink`).
        faces: typefaces of print.
        vocabulary: words of fonts and composed characters.
    """

    pens: Sequence[NormalisedWords] = ()
    characters: CharacterPens | None = None
    fonts: Sequence[Typeface] = ()
    ink: Sequence[Sequence[Writing]] = ()
    faces: Sequence[Typeface] = field(default_factory=print_faces)
    vocabulary: Sequence[str] = WORDS

    @classmethod
    def load(
        cls,
        pens: Path | None = None,
        fonts: Path | None = None,
        ink: Sequence[Sequence[Writing]] = (),
        held_out: float = 0.0,
    ) -> "PageSources":
        """Read the sources that are there.

        Args:
            pens: folder of pen archives: `words.npz`, `text.npz`, `characters.npz`.
            fonts: folder of `.ttf` files.
            ink: lines of real ink, by writer.
            held_out: fraction of the pens' writers that is held out (`datasets.text.left_out`).

        Raises:
            HandwritingError: a folder holds none of the files, or one of them is damaged.
        """
        faces = [] if fonts is None else [Typeface.read(path) for path in _files(fonts, "*.ttf")]
        archives: dict[str, tuple[PenArchive, np.ndarray]] = {}
        for path in [] if pens is None else _files(pens, "*.npz"):
            archive = load_pen(path)
            samples = written(archive)
            kept = ~left_out(archive.writer[samples], held_out)
            archives[path.stem] = archive, samples[kept]
        characters = archives.pop("characters", None)
        if characters is not None:
            archive, samples = characters
            samples = samples[np.isin(samples, archive.characters())]
            characters = CharacterPens(archive, samples)
        words = [NormalisedWords(*archive) for archive in archives.values()]
        return cls(words, characters, faces, ink)

    def hand(self, rng: np.random.Generator) -> Hand:
        """A random hand for a page."""
        kinds = (self.pens, self.fonts, self.ink)
        weights = np.array([0.45, 0.25, 0.3]) * [bool(kind) for kind in kinds]
        if not weights.any():
            return self.able_hand(rng)
        kind = rng.choice(3, p=weights / weights.sum())
        if kind == 0:
            return self._pen_hand(rng)
        if kind == 1:
            return self._font_hand(rng)
        return InkHand(self.ink[rng.integers(len(self.ink))], self.able_hand(rng))

    def able_hand(self, rng: np.random.Generator) -> "CharacterHand | FontHand | PlainHand":
        """A hand that writes any text."""
        if self.fonts and (self.characters is None or rng.random() < 0.4):
            return self._font_hand(rng)
        return self._characters(rng, StrokeStyle.any(rng))

    def printed(self, rng: np.random.Generator) -> FontHand:
        """A typeface of print."""
        face = self.faces[rng.integers(len(self.faces))]
        return FontHand(face, PRINT, self.vocabulary)

    def _characters(
        self, rng: np.random.Generator, style: StrokeStyle
    ) -> "CharacterHand | PlainHand":
        if self.characters is None:
            return PlainHand(style, vocabulary=self.vocabulary)
        return CharacterHand(self.characters.of_one_writer(rng), style, self.vocabulary)

    def _pen_hand(self, rng: np.random.Generator) -> PenHand:
        words = self.pens[rng.integers(len(self.pens))]
        names = [name for name, own in words.of_writer.items() if len(own) >= _LEAST_SAMPLES]
        samples = words.of_writer[names[rng.integers(len(names))]]
        style = StrokeStyle.any(rng)
        return PenHand(words, samples, self._characters(rng, style), style)

    def _font_hand(self, rng: np.random.Generator) -> FontHand:
        face = self.fonts[rng.integers(len(self.fonts))]
        slant, unsteady = float(rng.normal(0, 0.12)), float(rng.uniform(0, 0.12))
        return FontHand(face, HANDWRITING, self.vocabulary, unsteady, slant)


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise HandwritingError(f"{folder} holds no {pattern}. Give a folder that does.")
    return found
