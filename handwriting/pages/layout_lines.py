"""Text lines from the maps of the layout network."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import median_filter

from handwriting.imaging.text_lines import HANDWRITING, PRINT, TextLine
from handwriting.pages.layout_maps import LayoutMaps
from handwriting.pages.line_pieces import Writing, fits, joined, pieces_of
from handwriting.pages.reading_order import reading_order

STIFF = 1.0
"""Weight of a line's bends against the distances of its places."""

SHORTEST, LEAST_SCORE = 0.25, 0.6
"""Of a line, in core heights and as mean probability; what is less is a speck."""

LEAST_EVIDENCE = 0.1
"""Of a line: its probabilities less one half, summed over squares of the core height."""

SATELLITE = 0.75
"""What is nearer to the middle of a longer line, in core heights, is a part of it."""


PRINT_IN_HANDWRITING, PRINT_IN_PRINT = 0.92, 0.84
"""Share of print among writing from which a line is print, on a page of handwriting and on one of
print: neat handprinting has much of it, and a page of it has no line of print."""


@dataclass(frozen=True)
class FoundLine(TextLine):
    """A line that the layout network found.

    Attributes:
        score: mean probability of writing in its core zone, in 0..1.
        print_share: share of print in that probability, in 0..1.
    """

    score: float = 1.0
    print_share: float = 0.0


def lines_of(maps: LayoutMaps) -> list[FoundLine]:
    """The text lines that the maps show.

    Returns:
        The lines in reading order, in pixels of the picture; empty where nothing is written.
    """
    writing = Writing.of(maps)
    pieces = pieces_of(writing)
    groups = joined(pieces, writing)
    slopes = [float(np.median(pieces.slopes[group])) for group in groups]
    lines = [
        _line(pieces.places(group), writing, slope, maps.step)
        for group, slope in zip(groups, slopes, strict=True)
    ]
    found = _with_kinds(_without_satellites([line for line in lines if line is not None]))
    return [found[k] for k in reading_order(found)]


def _with_kinds(lines: list[FoundLine]) -> list[FoundLine]:
    """The lines with their kinds, which depend on the other lines of the page too."""
    if not lines:
        return []
    lengths = [len(line.points) for line in lines]
    of_page = float(np.average([line.print_share for line in lines], weights=lengths))
    least = PRINT_IN_HANDWRITING + of_page * (PRINT_IN_PRINT - PRINT_IN_HANDWRITING)
    return [
        replace(line, kind=PRINT if line.print_share > least else HANDWRITING) for line in lines
    ]


def _line(
    places: tuple[np.ndarray, np.ndarray], writing: Writing, slope: float, step: float
) -> FoundLine | None:
    """The line through places; ``None`` where they are too few or too doubtful.

    Args:
        places: their rows and columns.
        writing: of the page.
        slope: of the line where it is hardly longer than high.
        step: pixels of the picture per place.
    """
    rows, columns = places
    weights, heights = writing.probability[places].astype(np.float64), writing.heights[places]
    height = float(np.median(heights))
    direction = _direction(rows, columns, weights, height, slope)
    across = np.array([-direction[1], direction[0]])
    offset = np.stack((columns, rows), axis=1)
    middle = np.average(offset, axis=0, weights=weights)
    s, t = (offset - middle) @ direction, (offset - middle) @ across
    edges = np.linspace(s.min() - 0.5, s.max() + 0.5, max(2, round(np.ptp(s) / height) + 1))
    inside = np.ones(len(s), bool)
    for _ in range(2):
        curve = _smooth_curve(s[inside], t[inside], weights[inside], edges)
        away = np.abs(t - np.interp(s, edges, curve))
        inside = away <= SATELLITE * height
        if not inside.any():
            return None
    length = edges[-1] - edges[0]
    # Beside the middle half of the zone probabilities fall off.
    score = float(weights[away <= max(0.4 * height, away.min())].mean())
    evidence = float(np.maximum(weights - 0.5, 0)[inside].sum()) / height**2
    if length < SHORTEST * height or score < LEAST_SCORE or evidence < LEAST_EVIDENCE:
        return None
    tall = _heights_along(s[inside], heights[inside], edges)
    # Where both disagree, the zone's own thickness says how high it is.
    thickness = float(weights[inside].sum()) / length
    tall = np.clip(tall, 0.7 * thickness, 1.6 * thickness + 0.5)
    points = middle + edges[:, None] * direction + curve[:, None] * across
    share = float(np.average(writing.printed[places], weights=weights))
    middle_line = (points + 0.5) * step
    return FoundLine(middle_line, tall * step, score=score, print_share=share)


def _direction(
    rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, height: float, prior: float
) -> np.ndarray:
    """Unit vector of a line to the right, float (2,)."""
    places = (rows, columns, np.zeros(len(rows), int), weights)
    _, slope, _ = fits(places, np.array([height]), np.array([prior]))
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
