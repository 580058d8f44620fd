"""Pictures of pages whose lines or words have annotated places: ALTO, PAGE XML and `words.json`."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from handwriting.alphabet import in_alphabet
from handwriting.datasets.page_layouts import PRINT_KINDS, writer_of
from handwriting.datasets.photographed_text import has_words, masked, read_words
from handwriting.errors import HandwritingError
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage, is_crossed_out
from handwriting.formats.ground_truth import annotated_pages, annotation_files
from handwriting.formats.xml_files import rectangle
from handwriting.imaging.text_lines import HANDWRITING, TextLine

MOST_CHARACTERS = 100_000
"""Of one page; comparing more takes minutes."""

_SAMPLES, _FEWEST = 256, 4
_TRIMMED = 0.15
"""Share of a word's width at either end that is no part of a spine: outlines have margins."""

_RAISED = 0.25
"""Height of a spine above the baseline, in mean heights of the outline."""

_SLOPE = np.radians(2)
"""Slope that reading does not mind."""

_LONGEST = 12_000


@dataclass(frozen=True)
class PlacedWord:
    """A word and its place.

    Attributes:
        text: what it says, without spaces.
        polygon: float (P, 2), x and y of its outline, convex, P >= 1.
    """

    text: str
    polygon: np.ndarray


@dataclass(frozen=True)
class PlacedLine:
    """An annotated line.

    Attributes:
        text: what it says.
        polygons: float (P, 2) each, P >= 1, x and y of the outlines of its ink.
        spine: float (S, 2), S >= 1, x and y of places along the middle of its letters, from its
            first letter to its last.
        words: its words; empty if they have no places.
        counts: whether it is measured. Crossed-out, printed and typed lines, those without a letter
            or digit, and those in another script than Western Europe's are not.
    """

    text: str
    polygons: tuple[np.ndarray, ...]
    spine: np.ndarray
    words: tuple[PlacedWord, ...] = ()
    counts: bool = True


@dataclass(frozen=True)
class PlacedPage:
    """An annotated page.

    Attributes:
        file: its picture.
        lines: in reading order.
        writer: the photograph's name; of ALTO and PAGE that of `page_layouts.writer_of`.
        size: width and height in whose pixels places are given; ``None`` for those of the picture.
        annotated: the lines as their file gives them; ``None`` for a `words.json`.
    """

    file: Path
    lines: tuple[PlacedLine, ...]
    writer: str
    size: tuple[int, int] | None = None
    annotated: AnnotatedPage | None = None

    def scaled(self, size: tuple[int, int]) -> tuple[PlacedLine, ...]:
        """Its lines, with places in pixels of a picture of this width and height."""
        scales = np.array(size) / (self.size or size)
        return tuple(_scaled(line, scales) for line in self.lines)

    def respelled(self, spelling: Callable[[str], str]) -> "PlacedPage":
        """With its texts in another spelling."""
        lines = (
            replace(
                line,
                text=spelling(line.text),
                words=tuple(replace(word, text=spelling(word.text)) for word in line.words),
            )
            for line in self.lines
        )
        return replace(self, lines=tuple(lines))


def _scaled(line: PlacedLine, scales: np.ndarray) -> PlacedLine:
    return replace(
        line,
        polygons=tuple(polygon * scales for polygon in line.polygons),
        spine=line.spine * scales,
        words=tuple(replace(word, polygon=word.polygon * scales) for word in line.words),
    )


def load_placed_pages(folder: Path) -> list[PlacedPage]:
    """The pages of a folder with a `words.json`, or with ALTO or PAGE files and no `text.csv`; of
    another folder none.

    Raises:
        HandwritingError: a file is damaged, a picture is missing, or no line can be measured.
    """
    if has_words(folder):
        words = read_words(folder / "words.json")
        pages = [PlacedPage(folder / n, _lines_of_words(words[n]), n) for n in words]
    elif not (folder / "text.csv").is_file() and annotation_files(folder):
        pages = [_page_of_annotation(file, page) for file, page in annotated_pages(folder)]
    else:
        return []
    for page in pages:
        if sum(len(line.text) for line in page.lines) > MOST_CHARACTERS:
            raise HandwritingError(
                f"{page.file} has more than {MOST_CHARACTERS:,} characters of text, which is no "
                "page. Remove it."
            )
    if not any(line.counts for page in pages for line in page.lines):
        raise HandwritingError(
            f"{folder} has no handwritten line with a place and a text in "
            "letters of Western Europe."
        )
    return pages


def _lines_of_words(words: list[dict[str, Any]]) -> tuple[PlacedLine, ...]:
    """The lines of a photograph in the table's order, their words from left to right."""
    of_line: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for word in words:
        of_line[word["line"]].append(word)
    lines = (sorted(line, key=lambda word: word["box"][0]) for line in of_line.values())
    return tuple(map(_line_of_words, lines))


def _line_of_words(words: list[dict[str, Any]]) -> PlacedLine:
    polygons = tuple(_hull(word["polygon"]) for word in words)
    widths = np.array([np.ptp(polygon, axis=0).max() for polygon in polygons])
    samples = np.maximum(_FEWEST, np.rint(_SAMPLES * widths / max(widths.sum(), 1))).astype(int)
    middles = [_middle(*each, _TRIMMED)[0] for each in zip(polygons, samples, strict=True)]
    texts = [word["text"] for word in words]
    placed = tuple(map(PlacedWord, texts, polygons))
    return PlacedLine(" ".join(texts), polygons, np.concatenate(middles), placed)


def _page_of_annotation(file: Path, page: AnnotatedPage) -> PlacedPage:
    lines = tuple(map(_annotated_line, page.lines))
    return PlacedPage(file, lines, writer_of(file.stem), (page.width, page.height), page)


def _annotated_line(line: AnnotatedLine) -> PlacedLine:
    outline = line.polygon.astype(float)
    texts = line.text.split()
    boxes = [(word.text, rectangle(*word.box)) for word in line.words]
    if len(texts) == 1:
        boxes = [(texts[0], outline)]
    words = tuple(PlacedWord(text, _hull(place)) for text, place in boxes)
    if [word.text for word in words] != texts:
        words = ()
    return PlacedLine(
        line.text, (outline,), _spine(outline, line.baseline), words, _is_measured(line)
    )


def placed_line(line: TextLine) -> PlacedLine:
    """A line whose core zone is known; print, and what has no text, is left aside."""
    return PlacedLine(
        line.text,
        (line.outline(1.5, 1.0),),
        _evenly(line.points),
        counts=line.kind == HANDWRITING and any(map(str.isalnum, line.text)),
    )


def _is_measured(line: AnnotatedLine) -> bool:
    printed = any(name in line.kind.casefold() for name in PRINT_KINDS)
    has_text = any(map(str.isalnum, in_alphabet(line.text) or ""))
    return has_text and not printed and not is_crossed_out(line.text)


def _hull(polygon: np.ndarray) -> np.ndarray:
    return cv2.convexHull(polygon.astype(np.float32))[:, 0].astype(float)


def _spine(outline: np.ndarray, baseline: np.ndarray | None) -> np.ndarray:
    """The baseline raised to the middle of small letters; without one the outline's middle."""
    middle, height = _middle(outline, _SAMPLES)
    if baseline is None:
        return middle
    spine = _evenly(baseline.astype(float))
    along = np.gradient(spine, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return spine + _RAISED * height * np.stack((along[:, 1], -along[:, 0]), axis=1)


def _evenly(path: np.ndarray) -> np.ndarray:
    """_SAMPLES places at equal distances along a path, float (P, 2)."""
    lengths = np.append(0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    wanted = np.linspace(0, lengths[-1], _SAMPLES)
    return np.stack([np.interp(wanted, lengths, side) for side in path.T], axis=1)


def _middle(outline: np.ndarray, samples: int, trimmed: float = 0.0) -> tuple[np.ndarray, float]:
    """Places halfway between the edges of an outline along its longer direction, level or upright.

    Args:
        outline: float (P, 2).
        samples: number of places.
        trimmed: share of its length at either end without places.

    Returns:
        float (samples, 2), and the mean distance between the edges.
    """
    axis = int(np.ptp(outline, axis=0).argmax())
    along, across = outline[:, axis], outline[:, 1 - axis]
    if not np.ptp(along):
        return outline[:1], 0.0
    shares = trimmed + (1 - 2 * trimmed) * (np.arange(samples) + 0.5) / samples
    wanted = along.min() + shares * np.ptp(along)
    ahead, aside = np.roll(along, -1), np.roll(across, -1)
    crosses = (np.minimum(along, ahead) <= wanted[:, None]) & (
        wanted[:, None] < np.maximum(along, ahead)
    )
    parts = (wanted[:, None] - along) / np.where(ahead == along, 1, ahead - along)
    edges = across + parts * (aside - across)
    low = np.where(crosses, edges, np.inf).min(axis=1)
    high = np.where(crosses, edges, -np.inf).max(axis=1)
    places = np.stack((wanted, (low + high) / 2), axis=1)
    return places[:, :: 1 - 2 * axis], float((high - low).mean())


def cut_given(photograph: np.ndarray, line: PlacedLine) -> np.ndarray:
    """What lies in the outlines of a line, level, on a ground of its median colour.

    Args:
        photograph: uint8 (height, width, 3).
        line: its places are in pixels of the photograph.

    Returns:
        uint8 (rows, columns, 3).
    """
    matrix = _levelling(line)
    turned = [polygon @ matrix[:, :2].T for polygon in line.polygons]
    points = np.concatenate(turned)
    low = np.floor(points.min(axis=0))
    wide, high = np.minimum(np.ceil(np.ptp(points, axis=0)) + 1, _LONGEST).astype(int).tolist()
    matrix[:, 2] = -low
    part = cv2.warpAffine(photograph, matrix, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    return masked(part, [polygon - low for polygon in turned])


def _levelling(line: PlacedLine) -> np.ndarray:
    """float (2, 3): the rotation that makes a line level, if it is not nearly so."""
    # Outlines of single words are too rough to tell a slope.
    points = np.array([word.polygon.mean(axis=0) for word in line.words] or line.spine)
    across, down = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
    sign = np.copysign(1, np.dot(points[-1] - points[0], (across, down)))
    angle = np.arctan2(sign * down, sign * across) if len(points) > 1 else 0.0
    cos, sin = (np.cos(angle), np.sin(angle)) if abs(angle) > _SLOPE else (1.0, 0.0)
    return np.array([[cos, sin, 0.0], [-sin, cos, 0.0]])
