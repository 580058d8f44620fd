"""Sources of training images for the text-line model: pen strokes, compositions, photographs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from handwriting.datasets.pen import PenArchive
from handwriting.datasets.stroke_augmentation import LINE_VARIATION
from handwriting.datasets.text import line_strokes
from handwriting.datasets.text_batches import Drawn
from handwriting.imaging.contrast import contrast_of
from handwriting.imaging.line import cut_line, line_from_contrast, line_from_strokes, writing_box
from handwriting.synthesis.composition import CharacterPens, Strokes, joined_words
from handwriting.synthesis.invented_texts import invent
from handwriting.synthesis.picture_composition import CharacterPictures
from handwriting.synthesis.writing import photograph_of, photograph_of_picture

_BESIDE = 0.2


@dataclass(frozen=True)
class Hand:
    """Rendering of strokes: augmented, then drawn plainly or as a simulated photograph.

    Attributes:
        photographed: probability of a simulated photograph.
    """

    photographed: float = 0.4

    def draw(
        self, strokes: Strokes, rng: np.random.Generator, beside: Strokes | None = None
    ) -> np.ndarray:
        """uint8 (40, width)."""
        varied, pen = LINE_VARIATION(strokes, rng)
        if rng.random() >= self.photographed:
            return line_from_strokes(varied, pen)
        return line_from_contrast(contrast_of(photograph_of(varied, rng, beside=beside)))


@dataclass(frozen=True)
class PenSource:
    """Words or lines of a pen archive, re-rendered each time.

    Attributes:
        archive: the strokes.
        samples: int64, numbers of the samples.
        hand: how to render them.
    """

    archive: PenArchive
    samples: np.ndarray
    hand: Hand = Hand()

    def __len__(self) -> int:
        return len(self.samples)

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A sample with augmented strokes."""
        sample = int(self.samples[number])
        beside = None
        if rng.random() < _BESIDE:
            beside = line_strokes(self.archive, int(rng.choice(self.samples)))
        picture = self.hand.draw(line_strokes(self.archive, sample), rng, beside)
        return Drawn(picture, str(self.archive.text[sample]).strip())


class JoinedWords:
    """Lines of two to six words of one writer.

    Args:
        archive: words.
        samples: int64, which of them.
        count: lines in an epoch.
        hand: how they are drawn.
    """

    def __init__(
        self, archive: PenArchive, samples: np.ndarray, count: int, hand: Hand = Hand()
    ) -> None:
        of_writer: dict[str, list[int]] = defaultdict(list)
        for sample in samples.tolist():
            of_writer[str(archive.writer[sample])].append(sample)
        self.archive, self.count, self.hand = archive, count, hand
        self.of_writer = [own for own in of_writer.values() if len(own) > 1]

    def __len__(self) -> int:
        return self.count if self.of_writer else 0

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A random line."""
        own = self.of_writer[rng.integers(len(self.of_writer))]
        chosen = rng.choice(own, int(rng.integers(2, 7)))
        strokes, text = joined_words(self.archive, chosen, rng)
        return Drawn(self.hand.draw(strokes, rng), text)


@dataclass(frozen=True)
class ComposedCharacters:
    """Numbers, codes, identifiers and lines of programs, composed of isolated characters.

    Attributes:
        pens: the characters.
        words: for identifiers.
        count: texts per epoch.
        hand: how to render them.
    """

    pens: CharacterPens
    words: Sequence[str]
    count: int
    hand: Hand = Hand(0.6)

    def __len__(self) -> int:
        return self.count

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A text of chance."""
        text = _invented(self.pens, self.words, rng)
        return Drawn(self.hand.draw(self.pens.compose(text, rng), rng), text)


@dataclass(frozen=True)
class ComposedPictures:
    """The same texts, composed of images of single characters.

    Attributes:
        pictures: the characters.
        words: for identifiers.
        count: texts per epoch.
        photographed: probability that a text is rendered as a photograph.
    """

    pictures: CharacterPictures
    words: Sequence[str]
    count: int
    photographed: float = 0.4

    def __len__(self) -> int:
        return self.count

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A text of chance."""
        text = _invented(self.pictures, self.words, rng)
        line = self.pictures.compose(text, rng)
        if rng.random() < self.photographed:
            line = contrast_of(photograph_of_picture(line, rng))
        return Drawn(augmented_line(line, writing_box(line), rng), text)


def _invented(
    characters: CharacterPens | CharacterPictures, words: Sequence[str], rng: np.random.Generator
) -> str:
    """A text of available characters, at least one."""
    text = "".join(filter(characters.can_write, invent(words, rng))).strip()
    return text or str(rng.choice(list(characters.of_all)))


@dataclass(frozen=True)
class PictureSource:
    """Photographs of words or lines, augmented each time.

    Attributes:
        pictures: uint8 (rows, columns), contrast, 0 paper, 255 ink.
        texts: the true texts.
        repeats: number of times each is used per epoch.
        boxes: of the writing in each, if known; else `imaging.line.writing_box` finds them.
        is_exact: see `Drawn`.
    """

    pictures: Sequence[np.ndarray]
    texts: Sequence[str]
    repeats: int = 1
    boxes: dict[int, tuple[int, int, int, int] | None] = field(default_factory=dict)
    is_exact: bool = False

    def __len__(self) -> int:
        return len(self.pictures) * self.repeats

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """Augment an image: bend, slant, stretch, thicken or thin, blur and crop it slightly."""
        number %= len(self.pictures)
        picture = self.pictures[number]
        if number not in self.boxes:
            self.boxes[number] = writing_box(picture)
        changed = augmented_line(picture, self.boxes[number], rng)
        return Drawn(changed, self.texts[number], self.is_exact)


def augmented_line(
    picture: np.ndarray, box: tuple[int, int, int, int] | None, rng: np.random.Generator
) -> np.ndarray:
    """The line in a box of an image, augmented as by another hand or camera."""
    if box is None:
        return line_from_contrast(picture)
    return _blurred(cut_line(_warped(_thickened(picture, rng), rng), _moved(box, rng)), rng)


def _thickened(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    if kind < 0.15:
        return cv2.dilate(picture, np.ones((2, 2), dtype=np.uint8))
    if kind < 0.3 and len(picture) > 40:
        return cv2.erode(picture, np.ones((2, 2), dtype=np.uint8))
    return picture


def _warped(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shear, rotate and bend about the centre, keeping the image's size."""
    rows, columns = picture.shape
    slant, turn = rng.normal(0, 0.18), rng.normal(0, 0.015)
    knots = (2, 3, 2 + round(1.5 * columns / rows))
    bends = rng.normal(0, rng.uniform(0, 0.06) * rows, knots).astype(np.float32)
    bend_x, bend_y = (
        cv2.resize(bend, (columns, rows), interpolation=cv2.INTER_CUBIC) for bend in bends
    )
    y, x = np.indices(picture.shape, dtype=np.float32)
    from_x = x + np.float32(slant) * (y - rows / 2) + bend_x
    from_y = y + np.float32(turn) * (x - columns / 2) + bend_y
    return cv2.remap(picture, from_x, from_y, cv2.INTER_LINEAR)


def _moved(
    box: tuple[int, int, int, int], rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """The box with each side moved by a fraction of its height."""
    height = box[3] - box[1]
    move = rng.normal(0.02, 0.05, 4) * height
    return box[0] - move[0], box[1] - move[1], box[2] + move[2], box[3] + move[3]


def _blurred(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stretch, and sometimes blur, lighten, darken, or erase a strip."""
    rows, columns = picture.shape
    size = (max(8, round(columns * np.exp(rng.normal(0, 0.15)))), rows)
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.2))
    elif rng.random() < 0.15:
        picture = _coarse(picture, rng)
    if rng.random() < 0.3:
        ink = (picture / 255.0) ** np.exp(rng.normal(0, 0.4))
        picture = (255 * ink).astype(np.uint8)
    if rng.random() < 0.2:
        picture = _rubbed(picture, rng)
    return picture


def _coarse(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As from a picture of few pixels: letters from 5 to 12 pixels high."""
    rows, columns = picture.shape
    factor = rng.uniform(0.3, 0.7)
    size = (max(2, round(columns * factor)), max(2, round(rows * factor)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR)


def _rubbed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fade a strip that is narrower than the gaps between a letter's strokes."""
    row = rng.integers(len(picture))
    rubbed = picture.copy()
    rubbed[row : row + rng.integers(1, 4)] //= int(rng.integers(2, 6))
    return rubbed
