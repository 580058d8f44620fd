"""Pieces of text lines in the layout network's maps, and which of them are of one line."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from handwriting.pages.layout_maps import LayoutMaps

POSSIBLE = 0.35
"""Least probability of a place of a line."""

THINNEST, TALLEST = 1.5, 100.0
"""Heights of the core zone that a map can show, in places."""

VALLEY = 0.75
"""Two lines touch where the probability between them is below this share of that in both."""

TWO_LINES, FAR = 0.6, 3.0
"""A piece whose places are that far from a straight line, as a standard deviation in core heights,
may hold two lines; between these are averages over that many core heights along them."""

GAP, EVIDENT_GAP = 2.0, 5.0
"""Widest gap within a line in core heights, and one of places of a mean probability of one half."""

OFFSET = 0.5
"""How far a line's parts on the two sides of a gap may be apart across it, in core heights."""

SHORT = 2.0
"""Pieces longer than this, in core heights, have a kind and end at rules."""

OTHER_KIND, WALL = 0.5, 0.22
"""Difference between the shares of print of two lines; probability of a rule between them."""

LEAST_OF_PIECE = 0.02
"""Evidence of a piece: its probabilities less one half, summed over squares of the core height."""

MOST_PIECES = 1500
"""Of more than a page can have those with the most evidence are taken."""


@dataclass(frozen=True)
class Writing:
    """What maps say of writing of both kinds, float32 (rows, columns) each.

    Attributes:
        probability: of a core zone.
        heights: of the core zone, in places, averaged over the writing around.
        printed: share of print in the probability, in 0..1.
        rules: probability of rules.
    """

    probability: np.ndarray
    heights: np.ndarray
    printed: np.ndarray
    rules: np.ndarray

    @classmethod
    def of(cls, maps: LayoutMaps) -> "Writing":
        """The writing of maps."""
        probability = np.clip(maps.core + maps.printed, 0, 1)
        heights = np.clip(maps.height / maps.step, THINNEST, TALLEST)
        weights = probability**2 + 1e-3
        heights = cv2.blur(heights * weights, (5, 5)) / cv2.blur(weights, (5, 5))
        printed = maps.printed / np.maximum(maps.core + maps.printed, 1e-6)
        return cls(probability, heights, printed, maps.rules)


@dataclass(frozen=True)
class Pieces:
    """Connected pieces of lines, P of them, in places.

    Attributes:
        rows, columns: int (N,), places of all pieces, one piece after the other.
        starts: int (P + 1,), where each piece begins in them.
        heights: float (P,), of the core zone.
        slopes: float (P,), of the whole piece.
        slope: of the page.
        spread: float (P,), standard deviation of the places from a straight line.
        printed: float (P,), share of print in it, in 0..1.
        left, right: float (P, 3), x, y and slope at the ends.
    """

    rows: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    heights: np.ndarray
    slopes: np.ndarray
    slope: float
    spread: np.ndarray
    printed: np.ndarray
    left: np.ndarray
    right: np.ndarray

    def places(self, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of some pieces."""
        parts = [np.arange(self.starts[k], self.starts[k + 1]) for k in members]
        chosen = np.concatenate(parts)
        return self.rows[chosen], self.columns[chosen]


def pieces_of(writing: Writing) -> Pieces:
    """The pieces of lines; those that hold two lines are cut once more along the page's slope."""
    mask = (writing.probability > POSSIBLE) & ~_between_lines(writing, 1.0, 0.0)
    pieces = _described(mask, writing)
    thick = np.flatnonzero(pieces.spread > TWO_LINES * pieces.heights)
    if not len(thick):
        return pieces
    sizes = pieces.starts[thick + 1] - pieces.starts[thick]
    doubtful, heights = pieces.places(thick), writing.heights.copy()
    heights[doubtful] = np.repeat(pieces.heights[thick], sizes)
    between = _between_lines(replace(writing, heights=heights), FAR, pieces.slope)
    mask[doubtful] = ~between[doubtful]
    return _described(mask, writing)


def _components(mask: np.ndarray, writing: Writing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and number from 0 of the component of each place, sorted by the latter."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    rows, columns = np.nonzero(labels)
    owner = labels[rows, columns]
    sure = np.maximum(writing.probability - 0.5, 0) / writing.heights**2
    evidence = np.bincount(owner, sure[rows, columns], count)
    most = np.sort(evidence)[-min(MOST_PIECES, count)]
    kept = np.flatnonzero(evidence >= max(most, LEAST_OF_PIECE))
    numbers = np.full(count, -1)
    numbers[kept] = np.arange(len(kept))
    owner = numbers[owner]
    order = np.argsort(owner, kind="stable")[(owner < 0).sum() :]
    return rows[order], columns[order], owner[order]


def _described(mask: np.ndarray, writing: Writing) -> Pieces:
    """The connected pieces of a mask, bool (rows, columns)."""
    rows, columns, owner = _components(mask, writing)
    count = int(owner[-1]) + 1 if len(owner) else 0
    starts = np.searchsorted(owner, np.arange(count + 1))
    weights = writing.probability[rows, columns].astype(np.float64)
    total = _sums(owner, weights, count)
    tall, share = (
        _sums(owner, weights * each[rows, columns], count) / total
        for each in (writing.heights, writing.printed)
    )
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, owner, columns)
    np.maximum.at(last, owner, columns)
    weighted = (rows, columns, owner, weights)
    _, slopes, _ = fits(weighted, tall, np.zeros(count))
    length = last - first
    page = slopes[np.repeat(np.arange(count), np.where(length > 4 * tall, length, 0).astype(int))]
    slope = float(np.median(page)) if len(page) else 0.0
    _, slopes, spread = fits(weighted, tall, np.full(count, slope))
    ends = []
    for edge, far in ((first - 0.5, columns - first[owner]), (last + 0.5, last[owner] - columns)):
        near = far < 4 * tall[owner]
        middle, rise, _ = fits(tuple(each[near] for each in weighted), tall, slopes)
        ends.append(np.stack((edge, middle[:, 1] + rise * (edge - middle[:, 0]), rise), axis=1))
    return Pieces(rows, columns, starts, tall, slopes, slope, spread, share, *ends)


def _sums(owner: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sums of values by their owner, float (count,)."""
    return np.bincount(owner, values, count).astype(np.float64)


def fits(
    places: tuple[np.ndarray, ...], tall: np.ndarray, prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Straight lines through the places of each piece: a point (P, 2), the slope and the standard
    deviation from it, both (P,).

    The slope of what is hardly longer than high is drawn to the prior.

    Args:
        places: rows, columns, pieces and weights.
        tall: height of each piece's core zone.
        prior: slope of each piece where it is not known.
    """
    rows, columns, owner, weights = places
    count = len(tall)
    total = _sums(owner, weights, count)
    x = _sums(owner, weights * columns, count) / total
    y = _sums(owner, weights * rows, count) / total
    dx, dy = columns - x[owner], rows - y[owner]
    xx = _sums(owner, weights * dx * dx, count) / total
    xy = _sums(owner, weights * dx * dy, count) / total
    # The spread of a zone as long as it is high says nothing of its slope.
    doubt = tall**2 / 4
    slope = (xy + doubt * prior) / (xx + doubt)
    off = dy - slope[owner] * dx
    return np.stack((x, y), axis=1), slope, np.sqrt(_sums(owner, weights * off**2, count) / total)


def _between_lines(writing: Writing, far: float, slope: float) -> np.ndarray:
    """Where two lines touch, bool (rows, columns): less probable than above and below.

    Args:
        writing: of the page.
        far: how far along the lines probabilities are averaged, in core heights.
        slope: of the lines.
    """
    level = _sheared(writing.probability, -slope)
    between = np.zeros(level.shape, bool)
    scales = np.round(2 * np.log2(writing.heights)).astype(int)
    for scale in np.unique(scales[writing.probability > POSSIBLE]):
        height = 2.0 ** (scale / 2)
        blurred = cv2.GaussianBlur(level, (0, 0), sigmaX=far * height, sigmaY=0.25 * height)
        blurred = _sheared(blurred, slope)
        reach = max(2, round(2 * height))
        column = np.ones((reach + 1, 1), np.uint8)
        above = cv2.dilate(blurred, column, anchor=(0, reach))
        below = cv2.dilate(blurred, column, anchor=(0, 0))
        between |= (scales == scale) & (blurred < VALLEY * np.minimum(above, below))
    return between


def _sheared(values: np.ndarray, slope: float) -> np.ndarray:
    """A map whose columns are moved down by the slope times their distance from the middle."""
    if slope == 0:
        return values
    shift = np.array([[1.0, 0, 0], [slope, 1.0, -slope * values.shape[1] / 2]])
    return cv2.warpAffine(values, shift, values.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


def joined(pieces: Pieces, writing: Writing) -> list[np.ndarray]:
    """Indices of the pieces of each line, from left to right."""
    count = len(pieces.heights)
    after, before = np.full(count, -1), np.full(count, -1)
    for a, b in _candidates(pieces, writing):
        if after[a] < 0 and before[b] < 0 and not _leads_to(after, b, a):
            after[a], before[b] = b, a
    groups = []
    for k in np.flatnonzero(before < 0):
        group = [k]
        while after[group[-1]] >= 0:
            group.append(after[group[-1]])
        groups.append(np.array(group))
    return groups


def _leads_to(after: np.ndarray, start: int, end: int) -> bool:
    while start >= 0 and start != end:
        start = after[start]
    return start == end


def _candidates(pieces: Pieces, writing: Writing) -> np.ndarray:
    """Pairs of pieces, int (N, 2), the second at the right of the first; the likeliest first.

    No rule stands between them, unless both are single letters, as in boxes.
    """
    ax, ay, aslope = pieces.right.T[:, :, None]
    bx, by, bslope = pieces.left.T[:, None, :]
    low = np.minimum(pieces.heights[:, None], pieces.heights[None])
    high = np.maximum(pieces.heights[:, None], pieces.heights[None])
    height = np.sqrt(low * high)
    gap = (bx - ax) / height
    half = (bx - ax) / 2
    offset = np.abs(ay + half * aslope - by + half * bslope) / height
    close = (gap > -0.7) & (gap < EVIDENT_GAP) & (high < 1.8 * low)
    close &= offset < OFFSET + 0.05 * np.maximum(gap, 0)
    np.fill_diagonal(close, False)
    long = pieces.right[:, 0] - pieces.left[:, 0] > SHORT * pieces.heights
    kinds = np.abs(pieces.printed[:, None] - pieces.printed[None])
    close &= (kinds < OTHER_KIND) | ~(long[:, None] & long[None])
    a, b = np.nonzero(close)
    evidence = _along(writing.probability, pieces, a, b).mean(axis=1)
    allowed = gap[a, b] < GAP + (EVIDENT_GAP - GAP) * np.minimum(2 * evidence, 1)
    walled = (_along(writing.rules, pieces, a, b).max(axis=1) > WALL) & (evidence < POSSIBLE)
    allowed &= ~walled | ~(long[a] | long[b])
    a, b = a[allowed], b[allowed]
    order = np.argsort(np.maximum(gap[a, b], 0) + 2 * offset[a, b])
    return np.stack((a[order], b[order]), axis=1)


def _along(values: np.ndarray, pieces: Pieces, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Values of a map on the way from pieces to others, float32 (N, 9)."""
    way = np.linspace(0, 1, 9)[None, :, None]
    places = (1 - way) * pieces.right[a, None, :2] + way * pieces.left[b, None, :2]
    columns, rows = np.round(places).astype(int).transpose(2, 0, 1)
    last_row, last_column = np.array(values.shape) - 1
    return values[np.clip(rows, 0, last_row), np.clip(columns, 0, last_column)]
