"""Words and lines composed of one writer's strokes."""

from collections import defaultdict
from collections.abc import Sequence
from copy import copy

import numpy as np

from handwriting.datasets.pen import PenArchive
from handwriting.datasets.text import line_strokes

Strokes = list[np.ndarray]

_TALL, _LOW = 1.0, 0.55
_BAND: dict[str, tuple[float, float]] = (
    dict.fromkeys("acemnorsuvwxz", (_LOW, 0.0))
    | dict.fromkeys("bdfhkl", (_TALL, 0.0))
    | dict.fromkeys("gpqy", (_LOW, -0.4))
    | {"t": (0.85, 0.0), "i": (0.8, 0.0), "j": (0.8, -0.4)}
)
"""Top and bottom of a character above its baseline, in heights of a capital."""


def _arc(left: float, right: float) -> list[tuple[float, float]]:
    """A bracket from top to bottom, bulging from ``left`` to ``right``."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, 9)
    x = left + (right - left) * np.cos(angles)
    return list(zip(x.tolist(), (0.4 + 0.65 * -np.sin(angles)).tolist(), strict=True))


_SIGNS: dict[str, list[list[tuple[float, float]]]] = {
    ".": [[(0, 0.02), (0.03, 0)]],
    ",": [[(0.06, 0.05), (0, -0.15)]],
    ":": [[(0, 0.42), (0.02, 0.4)], [(0, 0.02), (0.02, 0)]],
    ";": [[(0.05, 0.42), (0.07, 0.4)], [(0.06, 0.05), (0, -0.15)]],
    "-": [[(0, 0.3), (0.3, 0.3)]],
    "_": [[(0, -0.08), (0.55, -0.08)]],
    "=": [[(0, 0.42), (0.4, 0.42)], [(0, 0.22), (0.4, 0.22)]],
    "+": [[(0, 0.33), (0.45, 0.33)], [(0.22, 0.55), (0.22, 0.1)]],
    "/": [[(0.35, 1.0), (0, -0.1)]],
    "(": [_arc(0.22, 0.0)],
    ")": [_arc(0.0, 0.22)],
    "[": [[(0.2, 1.05), (0, 1.05), (0, -0.2), (0.2, -0.2)]],
    "]": [[(0, 1.05), (0.2, 1.05), (0.2, -0.2), (0, -0.2)]],
    "<": [[(0.4, 0.6), (0, 0.33), (0.4, 0.05)]],
    ">": [[(0, 0.6), (0.4, 0.33), (0, 0.05)]],
    "'": [[(0.02, 1.05), (0, 0.8)]],
    '"': [[(0.02, 1.05), (0, 0.8)], [(0.16, 1.05), (0.14, 0.8)]],
    "!": [[(0, 1.0), (0, 0.25)], [(0, 0.02), (0.02, 0)]],
    "*": [[(0, 0.75), (0.3, 0.45)], [(0.3, 0.75), (0, 0.45)], [(0.15, 0.8), (0.15, 0.4)]],
    "#": [
        [(0.15, 0.9), (0.08, 0.05)],
        [(0.4, 0.9), (0.33, 0.05)],
        [(0, 0.62), (0.5, 0.66)],
        [(0, 0.3), (0.48, 0.34)],
    ],
    "%": [
        [(0.1, 0.9), (0, 0.75), (0.1, 0.6), (0.2, 0.75), (0.1, 0.9)],
        [(0.5, 0.95), (0.05, 0.0)],
        [(0.45, 0.3), (0.35, 0.15), (0.45, 0.0), (0.55, 0.15), (0.45, 0.3)],
    ],
}
"""Signs as strokes of x and height above the baseline, in heights of a capital."""

SIGNS = "".join(_SIGNS)


def sign_strokes(sign: str, rng: np.random.Generator) -> Strokes:
    """One of SIGNS with random variation; coordinates as in :meth:`CharacterPens.compose`."""
    jitter = np.exp(rng.normal(0, 0.12, 2))
    shift = np.array([0, rng.normal(0, 0.04)])
    return [(np.array(part, dtype=float) * jitter + shift) * (1, -1) for part in _SIGNS[sign]]


def place(character: str, extent: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """The size and position of a letter or digit on its line.

    Args:
        character: a letter or a digit.
        extent: width and height as written.
        rng: random generator.

    Returns:
        The scale, and the depth below the baseline after scaling, in heights of a capital.
    """
    top, bottom = _BAND.get(character, (_TALL, 0.0))
    # A capital I or a 1 may be a plain line: limit the scale by the width, too.
    size = max(float(extent[1]), float(extent[0]) / 2, 1e-6)
    scale = (top - bottom) * float(np.exp(rng.normal(0, 0.07))) / size
    return scale, float(-bottom + rng.normal(0, 0.03))


class CharacterPens:
    """Isolated characters of an archive, by writer.

    Args:
        archive: samples of one character each.
        samples: int64, numbers of the samples to use.
    """

    def __init__(self, archive: PenArchive, samples: np.ndarray) -> None:
        self.archive = archive
        self.of_all: dict[str, list[int]] = defaultdict(list)
        of_writer: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for sample in samples.tolist():
            character = str(archive.text[sample])
            self.of_all[character].append(sample)
            of_writer[str(archive.writer[sample])][character].append(sample)
        self.of_writer = list(of_writer.values())

    def of_one_writer(self, rng: np.random.Generator) -> "CharacterPens":
        """The same, but everything is composed by one random writer."""
        one = copy(self)
        one.of_writer = [self.of_writer[rng.integers(len(self.of_writer))]]
        return one

    def can_write(self, character: str) -> bool:
        """Whether any writer wrote the character, or it is a space or one of SIGNS."""
        return character == " " or character in _SIGNS or character in self.of_all

    def compose(self, text: str, rng: np.random.Generator) -> Strokes:
        """Compose a text of one writer's characters; missing ones come from other writers.

        Args:
            text: of available characters, not only spaces.
            rng: random generator.
        """
        return [stroke for drawn in self.compose_each(text, rng) for stroke in drawn]

    def compose_each(self, text: str, rng: np.random.Generator) -> list[Strokes]:
        """The strokes of each character of a text, none for a space; see :meth:`compose`."""
        own = self.of_writer[rng.integers(len(self.of_writer))]
        loose = rng.uniform(0.05, 0.3)
        x, written = 0.0, []
        for character in text:
            if character == " ":
                x += rng.uniform(0.3, 0.7)
                written.append([])
                continue
            drawn = self._character(character, own, rng)
            x += max(0.02, rng.normal(loose, 0.04))
            written.append([stroke + np.array([x, 0.0]) for stroke in drawn])
            x += max(float(stroke[:, 0].max()) for stroke in drawn)
        return written

    def _character(
        self, character: str, own: dict[str, list[int]], rng: np.random.Generator
    ) -> Strokes:
        """Strokes from x = 0, y downwards from the baseline; a capital is about 1 high."""
        if character in _SIGNS:
            return sign_strokes(character, rng)
        samples = own.get(character) or self.of_all[character]
        sample = samples[rng.integers(len(samples))]
        strokes = [stroke for stroke in self.archive.strokes(sample) if len(stroke)]
        points = np.concatenate(strokes)
        scale, below = place(character, np.ptp(points, axis=0), rng)
        low = np.array([points[:, 0].min(), points[:, 1].max()])
        return [(stroke - low) * scale + np.array([0, below]) for stroke in strokes]


def joined_words(
    archive: PenArchive, samples: Sequence[int], rng: np.random.Generator
) -> tuple[Strokes, str]:
    """Words of one writer on one line, and their text."""
    laid, texts, right = [], [], 0.0
    height = None
    for sample in samples:
        strokes = line_strokes(archive, int(sample))
        points = np.concatenate(strokes)
        height = height or max(float(np.ptp(points[:, 1])), 1e-6)
        shift = np.array([right - points[:, 0].min(), -np.median(points[:, 1])])
        shift[1] += rng.normal(0, 0.04 * height)
        laid += [stroke + shift for stroke in strokes]
        right += float(np.ptp(points[:, 0])) + height * rng.uniform(0.3, 0.9)
        texts.append(str(archive.text[sample]).strip())
    return laid, " ".join(texts)
