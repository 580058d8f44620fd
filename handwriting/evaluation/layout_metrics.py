"""Metrics of whole pages: lines found, and words found and read, by their places."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import cv2
import numpy as np

from handwriting.datasets.annotated_pages import PlacedLine, PlacedWord
from handwriting.evaluation.text_metrics import plain

COVERED = 0.7
"""Minimum share of a true line's length that lies in the found line that counts as it."""

OVERLAP = 0.5
"""Minimum share of the smaller of two words' areas that both have in common, to be the same."""

FoundLine = Sequence[PlacedWord]
"""The words of a predicted line in reading order."""


@dataclass(frozen=True)
class PageCounts:
    """Counts of which the metrics are ratios; those of several pages add up.

    Attributes:
        true_words: annotated words.
        found_words: predicted words, without those on lines that are left aside.
        matched: words found and read, ignoring case and accents.
        matched_cased: words found and read exactly.
        lines: annotated lines.
        lines_found: those of them that one predicted line covers.
        left_aside: annotated lines that are not measured.
    """

    true_words: int = 0
    found_words: int = 0
    matched: int = 0
    matched_cased: int = 0
    lines: int = 0
    lines_found: int = 0
    left_aside: int = 0

    def __add__(self, other: "PageCounts") -> "PageCounts":
        names = [field.name for field in fields(self)]
        return PageCounts(*(getattr(self, name) + getattr(other, name) for name in names))

    def rates(self) -> dict[str, float]:
        """``precision``, ``recall`` and ``f1`` of words, ``f1_cased``, and ``words``; where lines
        were counted, ``lines_found`` (a share), ``lines`` and ``lines_left_aside``."""
        found = {
            "precision": self.matched / max(self.found_words, 1),
            "recall": self.matched / max(self.true_words, 1),
            "f1": 2 * self.matched / max(self.found_words + self.true_words, 1),
            "f1_cased": 2 * self.matched_cased / max(self.found_words + self.true_words, 1),
            "words": self.true_words,
        }
        if not self.lines:
            return found
        share = self.lines_found / self.lines
        return found | {
            "lines_found": share,
            "lines": self.lines,
            "lines_left_aside": self.left_aside,
        }


def count_texts(read: str, text: str) -> PageCounts:
    """Counts of the words of a text without places, by :func:`matched_in_order`."""
    found, true = read.split(), text.split()
    return PageCounts(len(true), len(found), *matched_in_order(found, true))


def measure_page(found: Sequence[FoundLine], true: Sequence[PlacedLine]) -> tuple[str, PageCounts]:
    """Compare a page with its annotation.

    Words match by :func:`matched_by_place` if all annotated words have places. Otherwise the words
    found on each annotated line are matched with its text by :func:`matched_in_order`; a word is
    on the line that has most of its spine in it. Lines are found as :func:`count_found_lines` says.

    Args:
        found: the predicted lines in reading order.
        true: the annotated lines in reading order.

    Returns:
        The predicted text, one line each, and the counts; both without the words on lines that are
        left aside.
    """
    counting = [line for line in true if line.counts]
    others = [line for line in true if not line.counts]
    spines = _Spines([line.spine for line in (*counting, *others)])
    lines, on_line = [], [[] for _ in counting]
    for line in found:
        placed = [(word, spines.most_in(word.polygon)) for word in line]
        lines.append([word for word, number in placed if number < len(counting)])
        for word, number in placed:
            if 0 <= number < len(counting):
                on_line[number].append(word.text)
    words = [word for line in lines for word in line]
    if all(line.words for line in counting):
        matched = matched_by_place(words, [word for line in counting for word in line.words])
    else:
        texts = [line.text.split() for line in counting]
        matched = np.sum(list(map(matched_in_order, on_line, texts)), axis=0).tolist()
    counts = PageCounts(
        sum(len(line.text.split()) for line in counting),
        len(words),
        *matched,
        lines=len(counting),
        lines_found=count_found_lines(lines, [line.spine for line in counting]),
        left_aside=len(others),
    )
    return "\n".join(" ".join(word.text for word in line) for line in lines if line), counts


def matched_in_order(found: Sequence[str], true: Sequence[str]) -> tuple[int, int]:
    """Number of words that an alignment of two sequences pairs, as many as possible (longest common
    subsequence): ignoring case and accents, and exactly."""
    return _common(list(map(plain, found)), list(map(plain, true))), _common(found, true)


def _common(found: Sequence[str], true: Sequence[str]) -> int:
    row = [0] * (len(true) + 1)
    for word in found:
        before = 0
        for k, other in enumerate(true, start=1):
            before, row[k] = row[k], before + 1 if word == other else max(row[k], row[k - 1])
    return row[-1]


def matched_by_place(found: Sequence[PlacedWord], true: Sequence[PlacedWord]) -> tuple[int, int]:
    """Number of annotated words that were found and read: ignoring case and accents, and exactly.

    A predicted and an annotated word match if their texts are equal and they have at least OVERLAP
    of the smaller one's area in common. Each word matches once; larger overlaps go first.
    """
    return _count_placed(found, true, plain), _count_placed(found, true, str)


def _count_placed(
    found: Sequence[PlacedWord], true: Sequence[PlacedWord], key: Callable[[str], str]
) -> int:
    by_text: dict[str, list[int]] = defaultdict(list)
    for number, word in enumerate(true):
        by_text[key(word.text)].append(number)
    # Of many equal words few are near.
    boxes = {text: _boxes([true[n].polygon for n in same]) for text, same in by_text.items()}
    pairs = []
    for number, word in enumerate(found):
        text = key(word.text)
        for near in _near(boxes[text], word.polygon) if text in boxes else ():
            other = by_text[text][near]
            pairs.append((overlap(word.polygon, true[other].polygon), number, other))
    return len(_one_to_one(pair for pair in pairs if pair[0] >= OVERLAP))


def _one_to_one(pairs: Iterable[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """Pairs of two numbers, each number once, those of the largest value first."""
    taken: tuple[set[int], set[int]] = (set(), set())
    chosen = []
    for _, first, second in sorted(pairs, key=lambda pair: -pair[0]):
        if first not in taken[0] and second not in taken[1]:
            taken[0].add(first)
            taken[1].add(second)
            chosen.append((first, second))
    return chosen


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Common area of two convex polygons, float (P, 2), as a share of the smaller one's, 0..1."""
    areas = [cv2.contourArea(polygon.astype(np.float32)) for polygon in (first, second)]
    if min(areas) <= 0:
        return 0.0
    common, _ = cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))
    return min(1.0, common / min(areas))


def count_found_lines(found: Sequence[FoundLine], spines: Sequence[np.ndarray]) -> int:
    """Number of annotated lines of which one predicted line covers at least COVERED.

    A predicted line covers its words and what lies between them; it counts for one line, the one
    that it covers most.

    Args:
        found: the predicted lines.
        spines: of the annotated lines, float (S, 2) each.
    """
    places = _Spines(spines)
    pairs = [
        (share, number, other)
        for number, line in enumerate(found)
        for other, share in places.shares_in(line).items()
        if share >= COVERED
    ]
    return len(_one_to_one(pairs))


class _Spines:
    """The spines of a page's lines, at least one place each."""

    def __init__(self, spines: Sequence[np.ndarray]) -> None:
        self.spines = spines
        self.boxes = _boxes(spines)

    def counts_in(self, parts: Sequence[np.ndarray]) -> dict[int, int]:
        """By number of the line, how many of its places lie in any of the convex polygons."""
        near = _near(self.boxes, np.concatenate(parts)) if len(parts) else []
        if not near:
            return {}
        spines = [self.spines[number] for number in near]
        places = np.concatenate(spines)
        inside = np.zeros(len(places), dtype=bool)
        for part in parts:
            inside |= contained(part, places)
        starts = np.cumsum([0, *map(len, spines[:-1])])
        return dict(zip(near, np.add.reduceat(inside.astype(int), starts).tolist(), strict=True))

    def most_in(self, polygon: np.ndarray) -> int:
        """Number of the line that has most of its places in a polygon; -1 if none has."""
        counts = self.counts_in([polygon])
        best = max(counts, key=counts.__getitem__, default=-1)
        return best if counts.get(best) else -1

    def shares_in(self, line: FoundLine) -> dict[int, float]:
        """By number of the line, the share of it in the words of another and between them."""
        words = [word.polygon for word in line]
        between = [np.concatenate(pair) for pair in pairwise(words)]
        counts = self.counts_in(words + between)
        return {number: counts[number] / len(self.spines[number]) for number in counts}


def _boxes(shapes: Sequence[np.ndarray]) -> np.ndarray:
    """float (N, 2, 2): the upper left and lower right corner of each float (P, 2)."""
    corners = [(shape.min(axis=0), shape.max(axis=0)) for shape in shapes]
    return np.array(corners, dtype=float).reshape(-1, 2, 2)


def _near(boxes: np.ndarray, points: np.ndarray) -> list[int]:
    """Numbers of the boxes that meet the box of points, float (P, 2)."""
    low, high = points.min(axis=0), points.max(axis=0)
    (left, top), (right, bottom) = np.moveaxis(boxes, 0, -1)
    meets = (left <= high[0]) & (top <= high[1]) & (right >= low[0]) & (bottom >= low[1])
    return np.flatnonzero(meets).tolist()


def contained(points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """bool (S,): which places, float (S, 2), lie in the convex hull of points, float (P, 2)."""
    hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(float)
    inside = ((places >= hull.min(axis=0)) & (places <= hull.max(axis=0))).all(axis=1)
    if inside.any():
        sides = np.roll(hull, -1, axis=0) - hull
        to_place = places[inside, None] - hull
        turns = sides[:, 0] * to_place[..., 1] - sides[:, 1] * to_place[..., 0]
        # Corners run clockwise as seen on the picture.
        inside[inside] = (turns >= 0).all(axis=1)
    return inside
