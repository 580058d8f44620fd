"""Words and lines composed of images of single characters, such as EMNIST's.

The writers are unknown, so the characters of a line are chosen by similar stroke width and slant.
"""

import cv2
import numpy as np

from handwriting.imaging.strokes import draw_strokes
from handwriting.labels import CLASSES
from handwriting.synthesis.composition import SIGNS, place, sign_strokes

CAPITAL = 48
"""Height of a capital, in pixels."""

MOST = 1500
"""Most images kept per character."""

_CANDIDATES = 8
_MARGIN = CAPITAL // 2

Glyph = tuple[np.ndarray, float, float]
"""uint8 (rows, columns), depth below the baseline, and space on its left, in pixels."""


class CharacterPictures:
    """Images of single characters to compose texts of.

    Args:
        images: uint8 (N, 28, 28), upright, white ink on black.
        labels: uint8 (N,), 0..61.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        order = np.random.default_rng(0).permutation(len(labels))
        of_class = (order[labels[order] == c][:MOST] for c in range(len(CLASSES)))
        rows = dict(zip(CLASSES, of_class, strict=True))
        used = np.unique(np.concatenate(list(rows.values())))
        dotted = np.isin(labels[used], [CLASSES.index(letter) for letter in "ij"])
        used = used[
            [_is_whole(images[row], bool(dot)) for row, dot in zip(used, dotted, strict=True)]
        ]
        self.images = images[used]
        self.boxes = np.array([cv2.boundingRect((one > 127).view(np.uint8)) for one in self.images])
        self.pens, self.slants = pen_widths(self.images), slants(self.images)
        self.of_all = {
            character: np.searchsorted(used, own[np.isin(own, used)])
            for character, own in rows.items()
        }
        self.of_all = {character: own for character, own in self.of_all.items() if len(own)}

    def can_write(self, character: str) -> bool:
        """Whether there is an image of the character, or it is a space or one of SIGNS."""
        return character == " " or character in SIGNS or character in self.of_all

    def compose(self, text: str, rng: np.random.Generator) -> np.ndarray:
        """Compose a text of characters with similar strokes.

        Args:
            text: of available characters, not only spaces.
            rng: random generator.

        Returns:
            uint8 (rows, columns), 0 paper, 255 ink; capitals are CAPITAL pixels high.
        """
        model = rng.integers(len(self.images))
        pen = CAPITAL * self.pens[model] / self.boxes[model, 3]
        loose = rng.uniform(0.05, 0.3)
        glyphs: list[Glyph] = []
        room = 0.0
        for character in text:
            if character == " ":
                room += CAPITAL * rng.uniform(0.3, 0.7)
                continue
            room += CAPITAL * max(0.02, rng.normal(loose, 0.04))
            if character in SIGNS:
                picture, below = _sign(character, pen, rng)
            else:
                picture, below = self._character(character, pen, self.slants[model], rng)
            glyphs.append((picture, below, room))
            room = 0.0
        return _laid(glyphs)

    def _character(
        self, character: str, pen: float, slant: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, float]:
        """The image most similar in stroke width and slant, scaled."""
        some = rng.choice(self.of_all[character], _CANDIDATES)
        placed = [place(character, self.boxes[row, 2:], rng) for row in some]
        scales = CAPITAL * np.array([scale for scale, _ in placed])
        unlike = np.abs(np.log(self.pens[some] * scales / pen)) + np.abs(self.slants[some] - slant)
        best = int(unlike.argmin())
        left, top, wide, high = self.boxes[some[best]]
        picture = self.images[some[best], top : top + high, left : left + wide]
        size = np.maximum(1, np.round(scales[best] * np.array([wide, high]))).astype(int)
        return cv2.resize(picture, size.tolist()), CAPITAL * placed[best][1]


def pen_widths(images: np.ndarray) -> np.ndarray:
    """Stroke widths in pixels: twice the area divided by the length of the edge.

    Args:
        images: uint8 (N, rows, columns), not blank.

    Returns:
        float (N,).
    """
    ink = np.pad(images.astype(np.float32), ((0, 0), (1, 1), (1, 1)))
    down, across = np.diff(ink, axis=1)[:, :, :-1], np.diff(ink, axis=2)[:, :-1]
    edge = np.hypot(down, across).sum(axis=(1, 2))
    return 2 * ink.sum(axis=(1, 2)) / edge


def slants(images: np.ndarray) -> np.ndarray:
    """Slants, as displacement to the right per pixel upwards, by second moments.

    Args:
        images: uint8 (N, rows, columns), not blank.

    Returns:
        float (N,), within -1..1.
    """
    ink = images.astype(np.float32)
    ink /= ink.sum(axis=(1, 2), keepdims=True)
    y, x = np.indices(images.shape[1:], dtype=np.float32)
    down = y - (ink * y).sum(axis=(1, 2), keepdims=True)
    across = x - (ink * x).sum(axis=(1, 2), keepdims=True)
    both, upright = (ink * down * across).sum(axis=(1, 2)), (ink * down**2).sum(axis=(1, 2))
    return np.clip(-both / np.maximum(upright, 1e-6), -1, 1)


def _is_whole(image: np.ndarray, dotted: bool) -> bool:
    """Whether there is ink and, for i and j, a separate dot, which many of NIST's images lack."""
    parts, _ = cv2.connectedComponents((image > 127).view(np.uint8))
    return parts > 1 + dotted


def _sign(sign: str, pen: float, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    strokes = [stroke * CAPITAL for stroke in sign_strokes(sign, rng)]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0) - pen / 2, points.max(axis=0) + pen / 2
    size = np.ceil(high - low).astype(int) + 1
    parts = ((stroke - low, pen) for stroke in strokes)
    return draw_strokes(parts, (int(size[1]), int(size[0])), finer=2), float(high[1])


def _laid(glyphs: list[Glyph]) -> np.ndarray:
    """Glyphs side by side on one line, with a margin."""
    above = max(len(picture) - below for picture, below, _ in glyphs)
    under = max(below for _, below, _ in glyphs)
    rows = int(np.ceil(max(above, 0) + max(under, 0))) + 2 * _MARGIN
    columns = int(sum(picture.shape[1] + room for picture, _, room in glyphs)) + 2 * _MARGIN
    line = np.zeros((rows, columns), dtype=np.uint8)
    base, x = _MARGIN + max(above, 0), float(_MARGIN)
    for picture, below, room in glyphs:
        x += room
        top, left = round(base + below - len(picture)), round(x)
        high, wide = picture.shape
        part = line[top : top + high, left : left + wide]
        np.maximum(part, picture[: part.shape[0], : part.shape[1]], out=part)
        x += wide
    return line
