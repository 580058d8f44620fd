"""A sheet that is being written on: its colours, its ink and the truth about both."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from handwriting.imaging.text_lines import TextLayout, TextLine
from handwriting.synthesis.grounds import GROUNDS, INKS, Colour, Ground
from handwriting.synthesis.media import Medium
from handwriting.synthesis.pages.hands import Writing

_SHIFT = 4
_POINTS_EVERY = 3.0
_LEAST_RULE = 3


@dataclass(frozen=True)
class Bend:
    """How far a line departs from a straight, level one: slope and a slow wave.

    Attributes:
        slope: rise of y per x.
        wave: amplitude in pixels.
        length: of the wave, in pixels.
        phase: of the wave.
    """

    slope: float = 0.0
    wave: float = 0.0
    length: float = 1.0
    phase: float = 0.0

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Pixels by which the line lies lower at these places."""
        turn = 2 * np.pi * x / self.length + self.phase
        return self.slope * x + self.wave * (np.sin(turn) - np.sin(self.phase))

    @property
    def is_straight(self) -> bool:
        """Whether nothing is bent."""
        return not self.slope and not self.wave

    @classmethod
    def any(cls, core: float, rng: np.random.Generator, strength: float = 1.0) -> "Bend":
        """A slight random one; four lines in ten are straight."""
        if rng.random() < 0.4:
            return cls()
        wave, length = rng.normal(0, 0.12) * core, rng.uniform(15, 60) * core
        slope = rng.normal(0, 0.01)
        return cls(strength * slope, strength * wave, length, rng.uniform(0, 2 * np.pi))


STRAIGHT = Bend()


@dataclass
class Pen:
    """What writes: its ink on the whole sheet.

    Attributes:
        cover: uint8 (rows, columns), 255 ink.
        colour: of the ink.
        medium: of the strokes; ``None`` for print.
        core: height of its writing.
        strength: of print, 1 covers the ground.
    """

    cover: np.ndarray
    colour: Colour
    medium: Medium | None
    core: float
    strength: float = 1.0


@dataclass
class Sheet:
    """A sheet of paper or a board.

    Attributes:
        picture: float32 (rows, columns, 3), 0..255.
        ground: what it is made of.
        rules: uint8 (rows, columns), 255 on drawn lines.
        lines: of text, so far.
        pens: that wrote on it.
    """

    picture: np.ndarray
    ground: Ground
    rules: np.ndarray
    lines: list[TextLine] = field(default_factory=list)
    pens: list[Pen] = field(default_factory=list)

    @classmethod
    def of(
        cls, ground: str, shape: tuple[int, int], core: float, rng: np.random.Generator
    ) -> "Sheet":
        """An empty sheet; ``ground`` is one of GROUNDS."""
        made = GROUNDS[ground]
        return cls(made.paint(shape, 2 * core, rng), made, np.zeros(shape, dtype=np.uint8))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rules.shape

    def pen(
        self,
        core: float,
        rng: np.random.Generator,
        colour: Colour | None = None,
        medium: Medium | None = None,
    ) -> Pen:
        """A new pen as is used on this ground."""
        inks, media = self.ground.inks, self.ground.media
        colour = colour or inks[rng.integers(len(inks))]
        made = Pen(
            np.zeros(self.shape, dtype=np.uint8),
            colour,
            medium or media[rng.integers(len(media))],
            core,
        )
        self.pens.append(made)
        return made

    def press(self, colour: Colour = (25, 25, 28)) -> Pen:
        """What prints on this sheet."""
        self.pens.append(Pen(np.zeros(self.shape, dtype=np.uint8), colour, None, 10.0))
        return self.pens[-1]

    def write(
        self,
        writing: Writing,
        pen: Pen,
        x: float,
        y: float,
        bend: Bend = STRAIGHT,
        is_text: bool = True,
    ) -> TextLine | None:
        """Put a line on the sheet with its first ink at x and its baseline at y.

        Returns:
            The line as it stands there, which is added to ``lines`` unless ``is_text`` is unset;
            ``None`` where there is no ink.
        """
        first, last = writing.extent
        if last <= first:
            return None
        left, top = round(x) - first, round(y - writing.baseline)
        alpha = writing.alpha
        if not bend.is_straight:
            alpha, top = _bent(alpha, first, bend, top)
        paste(pen.cover, alpha, left, top)
        count = max(2, round((last - first) / (_POINTS_EVERY * writing.core)) + 1)
        at = np.linspace(0, last - first, count)
        # Where the strip really lies: it is put on whole pixels.
        baseline = round(y - writing.baseline) + writing.baseline
        middles = baseline - writing.core / 2 + bend(at)
        points = np.stack((round(x) + at, middles), axis=1)
        line = TextLine(points, np.full(count, writing.core), writing.kind, writing.text)
        if is_text:
            self.lines.append(line)
        return line

    def stroke(self, path: np.ndarray, pen: Pen, width: float, is_rule: bool = False) -> None:
        """Draw a path, float (points, 2), with a pen; a rule is noted as such."""
        _draw(pen.cover, path, width, 255)
        if is_rule:
            _draw(self.rules, path, max(width, _LEAST_RULE), 255)

    def rule(
        self, start: tuple[float, float], end: tuple[float, float], pen: Pen, width: float
    ) -> None:
        """Draw a straight line that is one of ``rules``."""
        self.stroke(np.array([start, end]), pen, width, is_rule=True)

    def frame(self, box: tuple[float, float, float, float], pen: Pen, width: float) -> None:
        """Draw a rectangle that is one of ``rules``: left, top, right, bottom."""
        left, top, right, bottom = box
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        self.stroke(np.array(corners), pen, width, is_rule=True)

    def finished(self, rng: np.random.Generator) -> TextLayout:
        """The sheet with its ink, uint8, and its truth."""
        for pen in self.pens:
            _ink(self.picture, pen, rng)
        picture = np.clip(self.picture, 0, 255).astype(np.uint8)
        known = np.full(self.shape, 255, dtype=np.uint8)
        return TextLayout(picture, tuple(self.lines), self.rules, known)


def paste(cover: np.ndarray, alpha: np.ndarray, left: int, top: int) -> None:
    """The darker of both, where they overlap; uint8, in place."""
    rows, columns = cover.shape
    from_x, from_y = max(0, -left), max(0, -top)
    to_x, to_y = min(alpha.shape[1], columns - left), min(alpha.shape[0], rows - top)
    if to_x <= from_x or to_y <= from_y:
        return
    place = cover[top + from_y : top + to_y, left + from_x : left + to_x]
    np.maximum(place, alpha[from_y:to_y, from_x:to_x], out=place)


def any_ink(rng: np.random.Generator) -> Colour:
    """A random colour of ink on paper."""
    return INKS[rng.integers(len(INKS))]


def _bent(alpha: np.ndarray, first: int, bend: Bend, top: int) -> tuple[np.ndarray, int]:
    """A strip bent downwards by ``bend``, and the row that it begins at."""
    shifts = bend(np.arange(alpha.shape[1], dtype=np.float32) - first).astype(np.float32)
    low, high = int(np.floor(shifts.min())), int(np.ceil(shifts.max()))
    y, x = np.indices((alpha.shape[0] + high - low, alpha.shape[1]), dtype=np.float32)
    y += low - shifts
    return cv2.remap(alpha, x, y, cv2.INTER_LINEAR), top + low


def _draw(image: np.ndarray, path: np.ndarray, width: float, value: int) -> None:
    points = np.round(np.asarray(path, dtype=np.float64) * 2**_SHIFT).astype(np.int32)
    thick = max(1, round(width))
    # Lines finer than a pixel are fainter.
    value = round(value * min(1.0, max(width, 0.4)))
    cv2.polylines(image, [points], False, value, thick, cv2.LINE_AA, _SHIFT)


def _ink(picture: np.ndarray, pen: Pen, rng: np.random.Generator) -> None:
    """Blend a pen's ink with the ground, in place."""
    left, top, wide, high = cv2.boundingRect(pen.cover)
    if not wide:
        return
    # Strokes spread beyond what was drawn.
    around = 4
    rows = slice(max(0, top - around), top + high + around)
    columns = slice(max(0, left - around), left + wide + around)
    cover = pen.cover[rows, columns].astype(np.float32) / 255
    if pen.medium is not None:
        cover = pen.medium.inked(cover, 0.15 * pen.core, 2 * pen.core, rng)
    else:
        cover *= np.float32(pen.strength)
    place = picture[rows, columns]
    colour = np.broadcast_to(np.array(pen.colour, dtype=np.float32), place.shape)
    place += (colour - place) * cover[:, :, None]
