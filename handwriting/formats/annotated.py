"""A page with its lines, as files of ground truth and of answers keep it: no pixels, no network."""

import re
from dataclasses import dataclass

import numpy as np

_CROSSED_OUT = re.compile(r">(?! )[^<>]*(?<! )<")


def is_crossed_out(text: str) -> bool:
    """Whether a part of a line is marked as crossed out, ``>word<``."""
    return _CROSSED_OUT.search(text) is not None


def box_of(polygon: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a polygon, int (P, 2)."""
    left, top, right, bottom = (int(v) for v in (*polygon.min(axis=0), *polygon.max(axis=0)))
    return left, top, right, bottom


def polygon_on_page(outline: np.ndarray | None, width: int, height: int) -> np.ndarray | None:
    """An outline moved onto the page; ``None`` where less than a pixel of it lies there."""
    if outline is None or len(outline) < 3:
        return None
    inside = np.clip(outline, 0, (width, height))
    return inside if (np.ptp(inside, axis=0) > 0).all() else None


@dataclass(frozen=True)
class AnnotatedWord:
    """One word.

    Attributes:
        text: what it says.
        box: left, top, right, bottom, in pixels of the page.
        confidence: in 0..1, or ``None`` where nobody says.
    """

    text: str
    box: tuple[int, int, int, int]
    confidence: float | None = None


@dataclass(frozen=True)
class AnnotatedLine:
    """One line of text.

    Attributes:
        text: what it says; empty where it was not transcribed.
        polygon: int (P, 2), x and y of its outline, at least three points.
        baseline: int (B, 2), x and y from its first to its last character, or ``None``.
        kind: the type of line that the file names, as ``"print"``; empty without one.
        words: may be empty, even where the line has a text.
        confidence: in 0..1, or ``None`` where nobody says.
    """

    text: str
    polygon: np.ndarray
    baseline: np.ndarray | None = None
    kind: str = ""
    words: tuple[AnnotatedWord, ...] = ()
    confidence: float | None = None

    @property
    def parts(self) -> tuple[AnnotatedWord, ...]:
        """Its words; without words the line as one."""
        return self.words or (AnnotatedWord(self.text, self.box, self.confidence),)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the polygon."""
        return box_of(self.polygon)


@dataclass(frozen=True)
class AnnotatedPage:
    """One page.

    Attributes:
        image: the name of its image file, without folders.
        width, height: of the page, in the pixels that all places are given in; the image may have
            been made smaller since.
        lines: in reading order.
        unplaced: lines of the file that were left aside for want of a place on the page.
        number: of the page in its document, from 1.
    """

    image: str
    width: int
    height: int
    lines: tuple[AnnotatedLine, ...]
    unplaced: int = 0
    number: int = 1
