"""The order in which the lines of a page are read: columns, and within them rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handwriting.imaging.text_lines import TextLine

BESIDE = 0.2
"""Lines are side by side where they share less than this part of the shorter one's width."""

SAME_ROW, OF_SPACING = 0.6, 0.3
"""Lines side by side are of one row where they are less apart in height, in core heights or, where
both stand further from their neighbours above and below, as in forms, in parts of that spacing."""

_WIDEST_SPACING = 6.0
"""In core heights; nothing beyond is known to be of one row."""

GUTTER, NARROWEST = 0.8, 8.0
"""Least width of the gap between columns, and of a column of running text, in core heights."""

LEAST_ROWS = 3
"""Of a column that is read before what stands at its right."""

FILLED, ALIGNED = 0.8, 0.75
"""Entries of which most end before this part of their column's width, and of which this share
stands in a row with one at the right, are read row by row, as words with their meanings."""

_SAMPLES = 48


def reading_order(lines: Sequence[TextLine], groups: Sequence[Sequence[int]] = ()) -> list[int]:
    """Indices of the lines from the first to the last one read.

    Lines are read from top to bottom, columns of at least two rows one after the other, from left
    to right.

    Args:
        lines: of an upright page, of any slope.
        groups: indices of lines that are read one after the other in this order, as those of a
            table; no line is in two groups.
    """
    grouped = {k for group in groups for k in group}
    units = [list(group) for group in groups if group]
    units += [[k] for k in range(len(lines)) if k not in grouped]
    if not units:
        return []
    places = _Places.of([[lines[k] for k in unit] for unit in units])
    return [k for unit in _in_order(places, np.arange(len(units))) for k in units[unit]]


@dataclass(frozen=True)
class _Places:
    """Where lines or groups of lines are, N of them, the page's slope taken away.

    Attributes:
        left, right, top, bottom: float (N,), of the core zones.
        rows: float (N, S), y of the middle at S places along the page; NaN beside the line.
        height: of the core zone of the page's lines.
    """

    left: np.ndarray
    right: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    rows: np.ndarray
    height: float

    @classmethod
    def of(cls, units: Sequence[Sequence[TextLine]]) -> "_Places":
        """Places of groups of lines."""
        lines = [line for unit in units for line in unit]
        slope = page_slope(lines)
        level = [[_levelled(line, slope) for line in unit] for unit in units]
        left = np.array([min(points[0, 0] for points in unit) for unit in level])
        right = np.array([max(points[-1, 0] for points in unit) for unit in level])
        height = float(np.median([line.height for line in lines]))
        grid = np.linspace(left.min(), right.max(), _SAMPLES)
        middle, top, bottom = [], [], []
        for unit, points in zip(units, level, strict=True):
            halves = [line.height / 2 for line in unit]
            middle.append(_rows_of(points, grid))
            ys = [each[:, 1].mean() for each in points]
            top.append(min(y - half for y, half in zip(ys, halves, strict=True)))
            bottom.append(max(y + half for y, half in zip(ys, halves, strict=True)))
        return cls(left, right, np.array(top), np.array(bottom), np.array(middle), height)

    @property
    def middle(self) -> np.ndarray:
        """float (N,), y."""
        return (self.top + self.bottom) / 2

    @cached_property
    def is_beside(self) -> np.ndarray:
        """bool (N, N): whether two stand side by side."""
        width = self.right - self.left
        shared = np.minimum(self.right[:, None], self.right)
        shared = shared - np.maximum(self.left[:, None], self.left)
        return shared < BESIDE * np.minimum(width[:, None], width)

    @cached_property
    def near(self) -> np.ndarray:
        """float (N, N): how far apart in height two of one row may be."""
        apart = np.abs(self.middle[:, None] - self.middle)
        apart[self.is_beside] = np.inf
        np.fill_diagonal(apart, np.inf)
        spacing = apart.min(axis=1)
        spacing[~np.isfinite(spacing)] = 0
        least = np.minimum(spacing[:, None], spacing).clip(0, _WIDEST_SPACING * self.height)
        return np.maximum(SAME_ROW * self.height, OF_SPACING * least)


def page_slope(lines: Sequence[TextLine]) -> float:
    """Median rise of lines by their length, in pixels downwards per pixel to the right."""
    runs = np.array([line.points[-1] - line.points[0] for line in lines])
    runs = runs[runs[:, 0] > 0]
    if not len(runs):
        return 0.0
    slopes = runs[:, 1] / runs[:, 0]
    order = np.argsort(slopes)
    share = np.cumsum(runs[order, 0])
    return float(slopes[order][np.searchsorted(share, share[-1] / 2)])


def _levelled(line: TextLine, slope: float) -> np.ndarray:
    points = line.points - np.outer(line.points[:, 0] * slope, [0, 1])
    return points[np.argsort(points[:, 0], kind="stable")]


def _rows_of(lines: Sequence[np.ndarray], grid: np.ndarray) -> np.ndarray:
    """Mean y of lines along a grid, float (S,); NaN beside them, at least one place is none."""
    left, right = min(p[0, 0] for p in lines), max(p[-1, 0] for p in lines)
    ys = np.mean([np.interp(grid, points[:, 0], points[:, 1]) for points in lines], axis=0)
    inside = (grid >= left) & (grid <= right)
    inside[np.abs(grid - (left + right) / 2).argmin()] = True
    return np.where(inside, ys, np.nan)


def _in_order(places: _Places, chosen: np.ndarray) -> list[int]:
    """The chosen ones in order: what is above two columns, the columns, what is below them."""
    parts = _columns(places, chosen)
    if parts is None:
        return _row_by_row(places, chosen)
    return [k for part in parts for k in _in_order(places, part)]


def _columns(places: _Places, chosen: np.ndarray) -> list[np.ndarray] | None:
    """Lines above, left, right and below of the gap between two columns with the most lines."""
    best, parts = 0, None
    left, right, middle = places.left[chosen], places.right[chosen], places.middle[chosen]
    for cut in np.unique(right):
        # Ends of lines may reach a little into the gap.
        slack = np.minimum(BESIDE * (right - left), 2 * places.height)
        crossing = (left + slack < cut) & (right - slack > cut)
        at_left = ~crossing & (right - slack <= cut)
        borders = np.concatenate(([-np.inf], np.sort(middle[crossing]), [np.inf]))
        stretch = np.searchsorted(borders, middle, side="right") - 1
        for number in range(len(borders) - 1):
            inside = ~crossing & (stretch == number)
            one, other = inside & at_left, inside & ~at_left
            count = min(one.sum(), other.sum()) * 1000 + inside.sum()
            if count > best and _are_columns(places, chosen[one], chosen[other]):
                above = ~inside & (middle < middle[inside].mean())
                best, parts = count, [above, one, other, ~inside & ~above]
    return None if parts is None else [chosen[part] for part in parts if part.any()]


def _are_columns(places: _Places, one: np.ndarray, other: np.ndarray) -> bool:
    """Whether lines at the left are read before those at the right, not row by row."""
    if _rows(places, one) < LEAST_ROWS or _rows(places, other) < 2:
        return False
    if places.left[other].min() - np.median(places.right[one]) < GUTTER * places.height:
        return False
    if min(_rows_beside(places, one, other), _rows_beside(places, other, one)) < 2:
        return False
    apart = np.abs(places.middle[one][:, None] - places.middle[other])
    in_row = apart < places.near[np.ix_(one, other)]
    aligned = min(in_row.any(axis=1).sum(), in_row.any(axis=0).sum())
    return aligned < ALIGNED * min(in_row.shape) or _is_running_text(places, one)


def _rows(places: _Places, part: np.ndarray) -> int:
    """Number of rows of lines."""
    steps = np.diff(np.sort(places.middle[part]))
    return int((steps > SAME_ROW * places.height).sum()) + min(1, len(part))


def _rows_beside(places: _Places, part: np.ndarray, other: np.ndarray) -> int:
    """Number of rows of lines between the highest and the lowest one of another column."""
    middle = places.middle[part]
    inside = (middle > places.top[other].min()) & (middle < places.bottom[other].max())
    return _rows(places, part[inside])


def _is_running_text(places: _Places, part: np.ndarray) -> bool:
    """Whether most lines go on to the same margin, and far."""
    left, right = places.left[part].min(), places.right[part]
    width = right.max() - left
    return np.median(right) - left > FILLED * width and width > NARROWEST * places.height


def _row_by_row(places: _Places, chosen: np.ndarray) -> list[int]:
    """From top to bottom, within a row from left to right."""
    before = _precedence(places, chosen)
    waits = before.sum(axis=0)
    key = places.middle[chosen].copy()
    order: list[int] = []
    left = np.ones(len(chosen), bool)
    while left.any():
        ready = left & (waits == 0)
        # Lines that wait for each other in a circle are read by their height alone.
        among = np.flatnonzero(ready if ready.any() else left)
        first = among[key[among].argmin()]
        order.append(int(chosen[first]))
        left[first] = False
        waits = waits - before[first]
    return order


def _precedence(places: _Places, chosen: np.ndarray) -> np.ndarray:
    """bool (N, N): the first is read before the second, which is below it or in its row."""
    left, right, rows = places.left[chosen], places.right[chosen], places.rows[chosen]
    middle, pairs = places.middle[chosen], np.ix_(chosen, chosen)
    beside = places.is_beside[pairs]
    apart = middle[None] - middle[:, None]
    for k in range(len(chosen)):
        both = np.isfinite(rows[k]) & np.isfinite(rows)
        common = both.any(axis=1)
        differences = np.where(both, rows - rows[k], 0).sum(axis=1) / np.maximum(both.sum(1), 1)
        apart[k, common] = differences[common]
    below = ~beside & (apart > 0)
    further = left[None] + right[None] > left[:, None] + right[:, None]
    return below | (beside & (np.abs(apart) < places.near[pairs]) & further)
