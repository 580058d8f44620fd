"""Hands that write lines of a given size: strokes, fonts, real ink, and print.

A hand is of one page: one writer, one slant, one pen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from handwriting.datasets.pen import PenArchive
from handwriting.imaging.core_zone import CAPITAL_CORE, core_zone, has_small_letters
from handwriting.imaging.strokes import draw_strokes
from handwriting.imaging.text_lines import HANDWRITING, PRINT
from handwriting.synthesis import plain_hand
from handwriting.synthesis.composition import CharacterPens, Strokes
from handwriting.synthesis.pages.texts import WORDS, word

_BETWEEN = (0.5, 1.1)
_TALLEST, _DEEPEST, _SUPERSAMPLING = 4.0, 3.0, 2
_CAPITAL = 1 / CAPITAL_CORE
_COMPOSED_X = 0.55
"""Height of an ``x`` of `composition` in heights of a capital."""


@dataclass(frozen=True)
class Writing:
    """A straight line of writing, before it is put on a page.

    Attributes:
        alpha: uint8 (rows, columns), 0 ground, 255 ink.
        baseline: row of the baseline.
        core: height of the core zone, in pixels.
        text: what it says; empty where nobody knows.
        kind: HANDWRITING or PRINT.
    """

    alpha: np.ndarray
    baseline: float
    core: float
    text: str = ""
    kind: str = HANDWRITING

    @cached_property
    def extent(self) -> tuple[int, int]:
        """First column with ink, and the one after the last."""
        columns = np.flatnonzero(self.alpha.max(axis=0, initial=0) > 40)
        return (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 0)

    @property
    def width(self) -> int:
        """Columns from the first to the last ink."""
        return self.extent[1] - self.extent[0]

    def scaled(self, factor: float) -> "Writing":
        """The line made larger or smaller."""
        size = [max(1, round(length * factor)) for length in self.alpha.shape[::-1]]
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        alpha = cv2.resize(self.alpha, size, interpolation=method)
        return replace(self, alpha=alpha, baseline=self.baseline * factor, core=self.core * factor)


class Hand(Protocol):
    """One writer with one pen, or one typeface."""

    kind: str

    def running(self, room: float, core: float, rng: np.random.Generator) -> Writing | None:
        """Some words that fill about ``room`` pixels, never more; ``None`` where none fits."""

    def exactly(self, text: str, core: float, rng: np.random.Generator) -> Writing:
        """A text; characters that the hand has not are left out."""


@dataclass(frozen=True)
class StrokeStyle:
    """How one writer's strokes are drawn.

    Attributes:
        pen: width of the pen in heights of the core zone.
        slant: displacement to the right per height.
        stretch: factor of the width.
        unsteady: standard deviation of a word's place above the baseline, in core heights.
    """

    pen: float
    slant: float = 0.0
    stretch: float = 1.0
    unsteady: float = 0.05

    @classmethod
    def any(cls, rng: np.random.Generator) -> "StrokeStyle":
        """A random one."""
        pen = float(np.exp(rng.normal(np.log(0.13), 0.4)))
        stretch = float(np.exp(rng.normal(0, 0.15)))
        return cls(min(pen, 0.4), float(rng.normal(0, 0.2)), stretch, float(rng.uniform(0, 0.12)))

    def draw(self, strokes: Strokes, core: float, text: str) -> Writing:
        """Strokes of x, y from the baseline, in heights of the core zone."""
        pen = max(1.0, self.pen * core)
        shear = np.array([[self.stretch, 0.0], [-self.slant, 1.0]]) * core
        paths = [stroke @ shear for stroke in strokes]
        low = np.min([path.min(axis=0) for path in paths], axis=0) - pen - 1
        high = np.max([path.max(axis=0) for path in paths], axis=0) + pen + 1
        # Whole pixels, so that the baseline is the same row of all that is written with it.
        low, high = np.floor(low), np.ceil(high)
        shape = (int(high[1] - low[1]) + 1, int(high[0] - low[0]) + 1)
        alpha = draw_strokes(((path - low, pen) for path in paths), shape, _SUPERSAMPLING)
        return Writing(alpha, float(-low[1]), core, text)


class NormalisedWords:
    """Words or lines of a pen archive, with the core zone from -1 to the baseline at 0.

    Args:
        archive: the strokes.
        samples: int64, which of them.
    """

    def __init__(self, archive: PenArchive, samples: np.ndarray) -> None:
        self.archive = archive
        order = np.argsort(archive.writer[samples], kind="stable")
        names, starts = np.unique(archive.writer[samples][order], return_index=True)
        self.of_writer = dict(
            zip(names.tolist(), np.split(samples[order], starts[1:]), strict=True)
        )
        self._known: dict[int, tuple[Strokes, float] | None] = {}

    def word(self, sample: int) -> tuple[Strokes, float] | None:
        """Strokes from x = 0 and their width; ``None`` where no core zone is found."""
        if sample not in self._known:
            self._known[sample] = self._normalised(sample)
        return self._known[sample]

    def text(self, sample: int) -> str:
        """What the sample says."""
        return str(self.archive.text[sample]).strip()

    def _normalised(self, sample: int) -> tuple[Strokes, float] | None:
        strokes = [stroke for stroke in self.archive.strokes(sample) if len(stroke)]
        text = self.text(sample)
        if not strokes or not text:
            return None
        points = np.concatenate(strokes)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        if extent[1] <= 0 or extent[0] > 60 * extent[1]:
            return None
        # Large enough to find the core zone, small enough to be quick.
        rows = 48 if extent[0] < 12 * extent[1] else 64
        scale = rows / extent[1]
        drawn = [((stroke - low) * scale + 2, 2.0) for stroke in strokes]
        shape = (rows + 5, int(extent[0] * scale) + 5)
        top, bottom = core_zone(draw_strokes(drawn, shape, 1), text)
        core = bottom - top
        if bottom / core > _TALLEST or (rows + 4 - bottom) / core > _DEEPEST:
            return None
        strokes = [(path - (2, bottom)) / core for path, _ in drawn]
        return [stroke.astype(np.float32) for stroke in strokes], float(extent[0] * scale / core)


@dataclass(frozen=True)
class PenHand:
    """Online handwriting of one writer.

    Attributes:
        words: of the archive.
        samples: int64, those of this writer.
        characters: for texts that are given.
        style: of the strokes.
    """

    words: NormalisedWords
    samples: np.ndarray
    characters: "CharacterHand | PlainHand"
    style: StrokeStyle
    kind: str = HANDWRITING

    def running(self, room: float, core: float, rng: np.random.Generator) -> Writing | None:
        """See :class:`Hand`."""
        laid: Strokes = []
        texts, x, space = [], 0.0, rng.uniform(*_BETWEEN)
        left = room / core / self.style.stretch
        misses = 0
        while misses < 3:
            sample = int(self.samples[rng.integers(len(self.samples))])
            found = self.words.word(sample)
            if found is None or x + found[1] > left:
                misses += 1
                continue
            shift = np.array([x, rng.normal(0, self.style.unsteady)], dtype=np.float32)
            laid += [stroke + shift for stroke in found[0]]
            texts.append(self.words.text(sample))
            x += found[1] + space * rng.uniform(0.8, 1.3)
        return self.style.draw(laid, core, " ".join(texts)) if laid else None

    def exactly(self, text: str, core: float, rng: np.random.Generator) -> Writing:
        """See :class:`Hand`."""
        return self.characters.exactly(text, core, rng)


@dataclass(frozen=True)
class CharacterHand:
    """Texts composed of one writer's isolated characters."""

    pens: CharacterPens
    style: StrokeStyle
    vocabulary: Sequence[str] = WORDS
    kind: str = HANDWRITING

    def running(self, room: float, core: float, rng: np.random.Generator) -> Writing | None:
        """See :class:`Hand`."""
        return _filled(self, self.vocabulary, room, core, rng)

    def exactly(self, text: str, core: float, rng: np.random.Generator) -> Writing:
        """See :class:`Hand`."""
        able = "".join(filter(self.pens.can_write, text)).strip() or "1"
        size = 1 / _COMPOSED_X if has_small_letters(able) else _CAPITAL
        strokes = [stroke * size for stroke in self.pens.compose(able, rng)]
        return self.style.draw(strokes, core, able)


@dataclass(frozen=True)
class PlainHand:
    """The project's own plain hand, which needs no data."""

    style: StrokeStyle
    kind: str = HANDWRITING
    vocabulary: Sequence[str] = WORDS

    def running(self, room: float, core: float, rng: np.random.Generator) -> Writing | None:
        """See :class:`Hand`."""
        return _filled(self, self.vocabulary, room, core, rng)

    def exactly(self, text: str, core: float, rng: np.random.Generator) -> Writing:
        """See :class:`Hand`."""
        able = "".join(each if each in plain_hand.CHARACTERS else each.lower() for each in text)
        able = "".join(c for c in able if c == " " or c in plain_hand.CHARACTERS).strip() or "1"
        size = 2.0 if has_small_letters(able) else _CAPITAL
        return self.style.draw([s * size for s in plain_hand.write(able, rng)], core, able)


@dataclass(frozen=True)
class Typeface:
    """A font file.

    Attributes:
        path: of a TrueType file.
        characters: those that it has.
        x_height, capital: in sizes of the font.
    """

    path: Path
    characters: frozenset[str]
    x_height: float
    capital: float

    @classmethod
    def read(cls, path: Path) -> "Typeface":
        """Read a font's measures."""
        characters = {chr(point) for point in FT2Font(str(path)).get_charmap() if point < 0x2100}
        if path.name.startswith("cm"):
            # Their places beyond letters, digits and these hold other signs than their names say.
            characters = {c for c in characters if c.isascii() and (c.isalnum() or c in ".,:;()")}
        font = ImageFont.truetype(str(path), 200)
        tops = {c: -font.getbbox(c, anchor="ls")[1] / 200 for c in "acemnorsuvwxzHE1"}
        small = float(np.median([tops[letter] for letter in "acemnorsuvwxz"]))
        return cls(path, frozenset(characters), small, float(np.median([tops[c] for c in "HE1"])))

    def can_write(self, character: str) -> bool:
        """Whether the font has the character."""
        return character == " " or character in self.characters


@lru_cache(maxsize=256)
def _font(path: Path, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


@dataclass(frozen=True)
class FontHand:
    """A font, of handwriting or of print.

    Attributes:
        face: the font.
        kind: HANDWRITING or PRINT.
        vocabulary: its running text.
        unsteady: standard deviation of a word's place above the baseline, in core heights.
        slant: displacement to the right per height.
        stroke: width added to the strokes, in core heights.
    """

    face: Typeface
    kind: str = PRINT
    vocabulary: Sequence[str] = WORDS
    unsteady: float = 0.0
    slant: float = 0.0
    stroke: float = 0.0

    def running(self, room: float, core: float, rng: np.random.Generator) -> Writing | None:
        """See :class:`Hand`."""
        return _filled(self, self.vocabulary, room, core, rng)

    def exactly(self, text: str, core: float, rng: np.random.Generator) -> Writing:
        """See :class:`Hand`."""
        able = "".join(filter(self.face.can_write, text)).strip() or "1"
        height = self.face.x_height if has_small_letters(able) else CAPITAL_CORE * self.face.capital
        font = _font(self.face.path, round(core / height, 1))
        words = able.split(" ")
        space = core * (0.8 if self.kind == PRINT else rng.uniform(*_BETWEEN))
        margin, rows = int(1.5 * core) + 2, int(9 * core) + 8
        starts = margin + np.cumsum([0.0, *(font.getlength(word) + space for word in words)])
        picture = Image.new("L", (int(starts[-1]) + margin, rows))
        baseline, drawing = int(5 * core) + 4, ImageDraw.Draw(picture)
        bold = int(self.stroke * core)
        for each, start in zip(words, starts.tolist(), strict=False):
            y = baseline + rng.normal(0, self.unsteady) * core
            place = (start, y if self.unsteady else baseline)
            drawing.text(place, each, fill=255, font=font, anchor="ls", stroke_width=bold)
        alpha = np.asarray(picture)
        if self.slant:
            matrix = np.array([[1, -self.slant, self.slant * baseline], [0, 1, 0.0]])
            alpha = cv2.warpAffine(alpha, matrix, alpha.shape[::-1])
        return _trimmed(Writing(alpha, float(baseline), core, able, self.kind))


def _trimmed(writing: Writing) -> Writing:
    """Without empty rows around it."""
    rows = np.flatnonzero(writing.alpha.max(axis=1) > 0)
    if not len(rows):
        return writing
    first, last = int(rows[0]), int(rows[-1]) + 1
    alpha = writing.alpha[first:last]
    return replace(writing, alpha=alpha, baseline=writing.baseline - first)


@dataclass(frozen=True)
class InkHand:
    """Real ink: lines of one writer cut out of scans.

    Attributes:
        lines: of the writer.
        other: writes texts that are given.
        largest: most times that ink is enlarged.
    """

    lines: Sequence[Writing]
    other: Hand
    largest: float = 1.6
    kind: str = HANDWRITING

    def running(self, room: float, core: float, rng: np.random.Generator) -> Writing | None:
        """See :class:`Hand`."""
        line = self.lines[rng.integers(len(self.lines))]
        factor = core / line.core
        if factor > self.largest:
            return self.other.running(room, core, rng)
        part = _cut(line, room / factor)
        return None if part is None else part.scaled(factor)

    def exactly(self, text: str, core: float, rng: np.random.Generator) -> Writing:
        """See :class:`Hand`."""
        return self.other.exactly(text, core, rng)


def _cut(line: Writing, room: float) -> Writing | None:
    """The line's beginning, up to a gap between words, where it is too long."""
    first, last = line.extent
    if last - first <= room:
        return line
    gap = np.ones(max(2, int(0.5 * line.core)))
    has_ink = line.alpha[:, first : first + int(room)].max(axis=0, initial=0) > 60
    empty = np.convolve(~has_ink, gap, "valid") == len(gap)
    places = np.flatnonzero(empty)
    if not len(places) or places[-1] < 0.3 * room:
        return None
    stop = first + int(places[-1]) + len(gap) // 2
    return replace(line, alpha=line.alpha[:, :stop], text="")


def _filled(
    hand: "CharacterHand | PlainHand | FontHand",
    vocabulary: Sequence[str],
    room: float,
    core: float,
    rng: np.random.Generator,
) -> Writing | None:
    """Random words, as many as fit."""
    # A letter with its space is about a core zone wide.
    letters = room / core
    text = ""
    while len(text) < letters * 0.95:
        text = f"{text} {word(vocabulary, rng)}".strip()
    for _ in range(4):
        written = hand.exactly(text, core, rng)
        if written.width <= room:
            return written
        keep = int(len(text) * room / written.width * 0.97)
        text = text[: text.rfind(" ", 0, keep + 1)] if " " in text[: keep + 1] else text[:keep]
        if not text.strip():
            return None
    return None
