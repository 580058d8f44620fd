"""Text lines from the maps of the layout network."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import median_filter

from handwriting.imaging.text_lines import HANDWRITING, PRINT, TextLine
from handwriting.pages.layout_maps import LayoutMaps
from handwriting.pages.reading_order import reading_order

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

OTHER_KIND, WALL = 0.5, 0.4
"""Difference between the shares of print of two lines; probability of a rule between them."""

STIFF = 1.0
"""Weight of a line's bends against the distances of its places."""

SHORTEST, LEAST_SCORE = 0.25, 0.5
"""Of a line, in core heights and as mean probability; what is less is a speck."""

LEAST_EVIDENCE, LEAST_OF_PIECE = 0.1, 0.02
"""Of a line and of a piece: its probabilities less one half, summed over squares of the core
height."""

SATELLITE = 0.75
"""What is nearer to the middle of a longer line, in core heights, is a part of it."""

MOST_PIECES = 1500
"""Of more than a page can have those with the most evidence are taken."""


@dataclass(frozen=True)
class FoundLine(TextLine):
    """A line that the layout network found.

    Attributes:
        score: mean probability of writing in its core zone, in 0..1.
    """

    score: float = 1.0


def lines_of(maps: LayoutMaps) -> list[FoundLine]:
    """The text lines that the maps show.

    Returns:
        The lines in reading order, in pixels of the picture; empty where nothing is written.
    """
    writing = np.clip(maps.core + maps.printed, 0, 1)
    heights = _smoothed(np.clip(maps.height / maps.step, THINNEST, TALLEST), writing)
    pieces = _pieces(maps, writing, heights)
    found = []
    for members in _joined(pieces, writing, maps.rules):
        line = _line(pieces.places(members), maps, writing, heights, pieces.slopes[members])
        if line is not None:
            found.append(line)
    found = _without_satellites(found)
    return [found[k] for k in reading_order(found)]


def _smoothed(heights: np.ndarray, writing: np.ndarray) -> np.ndarray:
    """Heights averaged over the writing around each place, float32 (rows, columns)."""
    weights = writing**2 + 1e-3
    total = cv2.blur(heights * weights, (5, 5))
    return total / cv2.blur(weights, (5, 5))


@dataclass(frozen=True)
class _Pieces:
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


def _pieces(maps: LayoutMaps, writing: np.ndarray, heights: np.ndarray) -> _Pieces:
    """The pieces of lines; those that hold two lines are cut once more along the page's slope."""
    mask = (writing > POSSIBLE) & ~_between_lines(writing, heights, 1.0, 0.0)
    printed = maps.printed / np.maximum(maps.core + maps.printed, 1e-6)
    pieces = _described(*_components(mask, writing, heights), writing, heights, printed)
    thick = np.flatnonzero(pieces.spread > TWO_LINES * pieces.heights)
    if not len(thick):
        return pieces
    doubtful = np.zeros_like(mask)
    doubtful[pieces.places(thick)] = True
    between = _between_lines(writing, heights, FAR, pieces.slope)
    mask &= ~(doubtful & between)
    return _described(*_components(mask, writing, heights), writing, heights, printed)


def _components(
    mask: np.ndarray, writing: np.ndarray, heights: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], int]:
    """Rows, columns and number of the component of each place, sorted by the latter; how many."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    rows, columns = np.nonzero(labels)
    owner, sure = labels[rows, columns], np.maximum(writing - 0.5, 0) / heights**2
    evidence = np.bincount(owner, sure[rows, columns], count)
    most = np.sort(evidence)[-min(MOST_PIECES, count)]
    kept = np.flatnonzero(evidence >= max(most, LEAST_OF_PIECE))
    numbers = np.full(count, -1)
    numbers[kept] = np.arange(len(kept))
    owner = numbers[owner]
    order = np.argsort(owner, kind="stable")[(owner < 0).sum() :]
    return (rows[order], columns[order], owner[order]), len(kept)


def _described(
    places: tuple[np.ndarray, np.ndarray, np.ndarray],
    count: int,
    writing: np.ndarray,
    heights: np.ndarray,
    printed: np.ndarray,
) -> _Pieces:
    """The pieces of places, given by rows, columns and pieces and sorted by the latter."""
    rows, columns, owner = places
    starts = np.searchsorted(owner, np.arange(count + 1))
    weights = writing[rows, columns].astype(np.float64)
    total = _sums(owner, weights, count)
    tall, share = (
        _sums(owner, weights * each[rows, columns], count) / total for each in (heights, printed)
    )
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, owner, columns)
    np.maximum.at(last, owner, columns)
    weighted = (rows, columns, owner, weights)
    _, slopes, _ = _fits(weighted, tall, np.zeros(count))
    length = last - first
    page = slopes[np.repeat(np.arange(count), np.where(length > 4 * tall, length, 0).astype(int))]
    slope = float(np.median(page)) if len(page) else 0.0
    _, slopes, spread = _fits(weighted, tall, np.full(count, slope))
    ends = []
    for edge, far in ((first - 0.5, columns - first[owner]), (last + 0.5, last[owner] - columns)):
        near = far < 4 * tall[owner]
        middle, rise, _ = _fits(tuple(each[near] for each in weighted), tall, slopes)
        ends.append(np.stack((edge, middle[:, 1] + rise * (edge - middle[:, 0]), rise), axis=1))
    return _Pieces(rows, columns, starts, tall, slopes, slope, spread, share, *ends)


def _sums(owner: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sums of values by their owner, float (count,)."""
    return np.bincount(owner, values, count).astype(np.float64)


def _fits(
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


def _between_lines(
    writing: np.ndarray, heights: np.ndarray, far: float, slope: float
) -> np.ndarray:
    """Where two lines touch, bool (rows, columns): less probable than above and below.

    Args:
        writing, heights: maps.
        far: how far along the lines probabilities are averaged, in core heights.
        slope: of the lines.
    """
    between = np.zeros(writing.shape, bool)
    level = _sheared(writing, -slope)
    scales = np.round(2 * np.log2(heights)).astype(int)
    for scale in np.unique(scales[writing > POSSIBLE]):
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


def _joined(pieces: _Pieces, writing: np.ndarray, rules: np.ndarray) -> list[np.ndarray]:
    """Indices of the pieces of each line, from left to right."""
    count = len(pieces.heights)
    after, before = np.full(count, -1), np.full(count, -1)
    for a, b in _candidates(pieces, writing, rules):
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


def _candidates(pieces: _Pieces, writing: np.ndarray, rules: np.ndarray) -> np.ndarray:
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
    fits = (gap > -0.7) & (gap < EVIDENT_GAP) & (high < 1.8 * low)
    fits &= offset < OFFSET + 0.05 * np.maximum(gap, 0)
    np.fill_diagonal(fits, False)
    long = pieces.right[:, 0] - pieces.left[:, 0] > SHORT * pieces.heights
    fits &= ~(long[:, None] & long[None]) | (
        np.abs(pieces.printed[:, None] - pieces.printed[None]) < OTHER_KIND
    )
    a, b = np.nonzero(fits)
    evidence = _along(writing, pieces, a, b).mean(axis=1)
    allowed = gap[a, b] < GAP + (EVIDENT_GAP - GAP) * np.minimum(2 * evidence, 1)
    walled = (_along(rules, pieces, a, b).max(axis=1) > WALL) & (evidence < POSSIBLE)
    allowed &= ~walled | ~(long[a] | long[b])
    a, b = a[allowed], b[allowed]
    order = np.argsort(np.maximum(gap[a, b], 0) + 2 * offset[a, b])
    return np.stack((a[order], b[order]), axis=1)


def _along(values: np.ndarray, pieces: _Pieces, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Values of a map on the way from pieces to others, float32 (N, 9)."""
    way = np.linspace(0, 1, 9)[None, :, None]
    places = (1 - way) * pieces.right[a, None, :2] + way * pieces.left[b, None, :2]
    columns, rows = np.round(places).astype(int).transpose(2, 0, 1)
    last_row, last_column = np.array(values.shape) - 1
    return values[np.clip(rows, 0, last_row), np.clip(columns, 0, last_column)]


def _line(
    places: tuple[np.ndarray, np.ndarray],
    maps: LayoutMaps,
    writing: np.ndarray,
    heights: np.ndarray,
    slopes: np.ndarray,
) -> FoundLine | None:
    """The line through places; ``None`` where they are too few or too doubtful."""
    rows, columns = places
    weights = writing[places]
    height = float(np.median(heights[places]))
    direction = _direction(rows, columns, weights, height, float(np.median(slopes)))
    across = np.array([-direction[1], direction[0]])
    middle = np.array([np.average(columns, weights=weights), np.average(rows, weights=weights)])
    offset = np.stack((columns, rows), axis=1) - middle
    s, t = offset @ direction, offset @ across
    edges = np.linspace(s.min() - 0.5, s.max() + 0.5, max(2, round(np.ptp(s) / height) + 1))
    inside = np.ones(len(s), bool)
    for _ in range(2):
        curve = _smooth_curve(s[inside], t[inside], weights[inside], edges)
        away = np.abs(t - np.interp(s, edges, curve))
        inside = away <= 0.75 * height
        if not inside.any():
            return None
    length = edges[-1] - edges[0]
    score = float(weights[away <= max(0.4 * height, 0.6)].mean()) if inside.any() else 0.0
    thickness = float(weights[inside].sum()) / length
    evidence = float(np.maximum(weights - 0.5, 0)[inside].sum()) / height**2
    if length < SHORTEST * height or score < LEAST_SCORE or evidence < LEAST_EVIDENCE:
        return None
    tall = _heights_along(s[inside], heights[places][inside], edges)
    tall = np.clip(tall, 0.7 * thickness, 1.6 * thickness + 0.5)
    points = middle + edges[:, None] * direction + curve[:, None] * across
    is_print = maps.printed[places].sum() > maps.core[places].sum()
    return FoundLine(
        (points + 0.5) * maps.step,
        tall * maps.step,
        PRINT if is_print else HANDWRITING,
        score=score,
    )


def _direction(
    rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, height: float, prior: float
) -> np.ndarray:
    """Unit vector of a line to the right, float (2,)."""
    places = (rows, columns, np.zeros(len(rows), int), weights)
    _, slope, _ = _fits(places, np.array([height]), np.array([prior]))
    return np.array([1.0, slope[0]]) / np.hypot(1.0, slope[0])


def _smooth_curve(
    s: np.ndarray, t: np.ndarray, weights: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    """Offsets at the edges of bins, float (E,): the polyline through places at ``s`` along the
    line with the least sum of squared distances in ``t`` and of squared bends."""
    count, width = len(edges), edges[1] - edges[0]
    if count == 2:
        return np.full(2, np.average(t, weights=weights))
    place = np.clip((s - edges[0]) / width, 0, count - 1 - 1e-6)
    low = place.astype(int)
    share = place - low
    # A bin of a whole zone weighs one.
    scale = weights / width**2
    right = np.bincount(low, scale * (1 - share) * t, count)
    right += np.bincount(low + 1, scale * share * t, count)
    bands = np.zeros((3, count))
    bands[2] = np.bincount(low, scale * (1 - share) ** 2, count) + 1e-6
    bands[2] += np.bincount(low + 1, scale * share**2, count)
    bands[1] = np.bincount(low + 1, scale * share * (1 - share), count)
    for first, bend in enumerate((1.0, -2.0, 1.0)):
        bands[2, first : count - 2 + first] += STIFF * bend**2
    bands[1, 1:-1] -= 2 * STIFF
    bands[1, 2:] -= 2 * STIFF
    bands[0, 2:] += STIFF
    return solveh_banded(bands, right)


def _heights_along(s: np.ndarray, heights: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Heights at the edges of bins, float (E,): medians of the means of five bins."""
    nearest = np.round((s - edges[0]) / (edges[1] - edges[0])).astype(int)
    count = np.bincount(nearest, minlength=len(edges))
    known = np.flatnonzero(count)
    means = np.bincount(nearest, heights)[known] / count[known]
    return np.interp(np.arange(len(edges)), known, median_filter(means, 5, mode="nearest"))


def _without_satellites(lines: list[FoundLine]) -> list[FoundLine]:
    """Without bumps of a line that were taken for lines of their own."""
    lines = sorted(lines, key=lambda line: -np.ptp(line.points[:, 0]))
    middles = np.array([line.points.mean(axis=0) for line in lines]).reshape(-1, 2)
    alone = np.ones(len(lines), bool)
    for k, line in enumerate(lines):
        if alone[k]:
            x, y = middles[k + 1 :].T
            points = line.points[np.argsort(line.points[:, 0])]
            inside = (points[0, 0] <= x) & (x <= points[-1, 0])
            off = np.abs(y - np.interp(x, points[:, 0], points[:, 1]))
            alone[k + 1 :] &= ~inside | (off > SATELLITE * line.height)
    return [line for line, kept in zip(lines, alone, strict=True) if kept]
