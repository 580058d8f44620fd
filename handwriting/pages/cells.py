"""Rectangles drawn with rules, from the layout network's map of rules, and lines within them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from handwriting.imaging.text_lines import TextLine
from handwriting.pages.layout_maps import LayoutMaps

RULE, RUN, BREAK = 0.22, 5, 7
"""Least probability of a rule, the least length of one and the longest break in one, in places."""

SMALLEST, LEAST_FILL, NARROWEST = 4, 0.75, 0.5
"""Of a cell: least places inside, least part of its four corners' area that it fills, and least
width by its height; the gap between two boxes is narrower."""

LARGEST = 0.6
"""A frame around more than this part of the picture is its border."""

SAME = 0.3
"""Corners of neighbours are apart by at most this part of a side."""

THICKEST = 0.12
"""Thickness of a rule that cells of a column share, by their height."""

WITHIN = 0.7
"""Least part of a line in the cell that it is said to be in."""

CONFINED, WIDE_CELL = 0.4, 5.0
"""Least part of a table's lines that are in one cell each, and least width of its cells in core
heights, where the other lines are cut at its rules."""

LEAST_PART = 0.4
"""Length of what a cut leaves, in core heights."""

Line = TypeVar("Line", bound=TextLine)


def _inside_of_rules(rules: np.ndarray) -> np.ndarray:
    """What rules enclose, int32 (rows, columns): a number for each part, 0 on rules."""
    mask = (rules > RULE).astype(np.uint8)
    walls = np.zeros_like(mask)
    for turned in (False, True):
        part = mask.T if turned else mask
        # A rule that is a little tilted goes on in the next row.
        thick = cv2.dilate(np.ascontiguousarray(part), np.ones((3, 1), np.uint8))
        runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, RUN), np.uint8))
        whole = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((1, BREAK), np.uint8))
        rule = (runs & part) | (whole & ~runs)
        walls |= rule.T if turned else rule
    _, labels = cv2.connectedComponents(1 - walls, connectivity=4, ltype=cv2.CV_32S)
    return labels


@dataclass(frozen=True)
class DrawnCells:
    """Quadrangles between rules, C of them, in places of the map.

    Attributes:
        labels: int (rows, columns), the cell of each place, else -1.
        corners: float (C, 4, 2), x and y of the rules' corners, clockwise from the upper left.
    """

    labels: np.ndarray
    corners: np.ndarray

    @property
    def sides(self) -> np.ndarray:
        """float (C, 2): width and height."""
        across = self.corners[:, [1, 2]] - self.corners[:, [0, 3]]
        down = self.corners[:, [3, 2]] - self.corners[:, [0, 1]]
        return np.stack([np.hypot(*each.mean(axis=1).T) for each in (across, down)], axis=1)


def cells_of(rules: np.ndarray) -> DrawnCells:
    """What rules enclose, as far as it is nearly a rectangle and not cut by the picture's sides.

    Args:
        rules: float (rows, columns), probability of a rule.
    """
    parts = _inside_of_rules(rules)
    count = int(parts.max()) + 1
    rows, columns = np.nonzero(parts)
    owner = parts[rows, columns]
    area = np.bincount(owner, minlength=count)
    good = (area >= SMALLEST) & (area < LARGEST * parts.size)
    for side in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        good[side] = False
    chosen = good[owner]
    order = np.argsort(owner[chosen], kind="stable")
    rows, columns, owner = (each[chosen][order] for each in (rows, columns, owner))
    numbers, starts = np.unique(owner, return_index=True)
    corners = np.zeros((len(numbers), 4, 2))
    # A corner is farthest in its direction; the middle of a rule is one place beside the inside.
    for k, (x, y) in enumerate(((-1, -1), (1, -1), (1, 1), (-1, 1))):
        far = np.lexsort((x * columns + y * rows, owner))
        at = far[np.append(starts[1:], len(owner)) - 1] if len(starts) else far
        corners[:, k] = np.stack((columns[at] + x, rows[at] + y), axis=1)
    cells = DrawnCells(parts, corners)
    x, y = corners.transpose(2, 0, 1)
    whole = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    wide, high = cells.sides.T
    # The inside of a quadrangle of rules is smaller by half of its outline.
    kept = area[numbers] >= LEAST_FILL * (whole - wide - high + 1)
    kept &= wide >= NARROWEST * high
    names = np.full(count, -1)
    names[numbers[kept]] = np.arange(kept.sum())
    return DrawnCells(names[parts], corners[kept])


@dataclass(frozen=True)
class Grid:
    """Cells that belong together: their indices, rows and columns, int (M,) each."""

    cells: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def grids_of(cells: DrawnCells) -> list[Grid]:
    """The cells of each row of boxes or grid."""
    count = len(cells.corners)
    if not count:
        return []
    pairs = _neighbours(cells)
    a, b = pairs.T
    middle, high = cells.corners.mean(axis=1), cells.sides[:, 1]
    swap = middle[a, 0] > middle[b, 0]
    left, right = np.where(swap, b, a), np.where(swap, a, b)
    near = SAME * np.minimum(high[a], high[b]) + 2
    in_row = _meet(cells.corners[left][:, [1, 2]], cells.corners[right][:, [0, 3]], near)
    swap = middle[a, 1] > middle[b, 1]
    upper, lower = np.where(swap, b, a), np.where(swap, a, b)
    near = np.maximum(THICKEST * np.minimum(high[a], high[b]), 2)
    in_column = _meet(cells.corners[upper][:, [3, 2]], cells.corners[lower][:, [0, 1]], near)
    rows, columns = (_connected(pairs[linked], count) for linked in (in_row, in_column))
    owner = _connected(pairs[in_row | in_column], count)
    order = np.argsort(owner, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(owner[order])) + 1)
    return [
        Grid(group, _ranks(rows[group], middle[group, 1]), _ranks(columns[group], middle[group, 0]))
        for group in members
    ]


def _neighbours(cells: DrawnCells) -> np.ndarray:
    """Pairs of cells that only a rule or a narrow gap parts, int (N, 2)."""
    outside = (cells.labels < 0).astype(np.uint8)
    far, nearest = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L1, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = np.full(int(nearest.max()) + 1, -1)
    known[nearest[outside == 0]] = cells.labels[outside == 0]
    owner = known[nearest]
    reach = np.maximum(2.0, SAME * cells.sides.min(axis=1))
    owner[far > reach[owner]] = -1
    pairs = []
    for one, other in ((owner[:, :-1], owner[:, 1:]), (owner[:-1], owner[1:])):
        touching = (one != other) & (one >= 0) & (other >= 0)
        pairs.append(np.stack((one[touching], other[touching]), axis=1))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)


def _meet(one: np.ndarray, other: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Whether both corners of sides, float (N, 2, 2), are near to each other, bool (N,)."""
    return (np.abs(one - other) <= near[:, None, None]).all(axis=(1, 2))


def _connected(pairs: np.ndarray, count: int) -> np.ndarray:
    """The number of each cell's component, int (C,)."""
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(count, count))
    return connected_components(links, directed=False)[1]


def _ranks(owner: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Numbers of rows or columns from 0, in the order of their cells' mean places, int (M,)."""
    _, owner = np.unique(owner, return_inverse=True)
    means = np.bincount(owner, place) / np.bincount(owner)
    return np.argsort(np.argsort(means))[owner]


@dataclass(frozen=True)
class Walk:
    """A line's way over the map.

    Attributes:
        points: float (W, 2), x and y in places.
        height: of the core zone, in places.
        labels: int (W,), the cell at each of them, else -1.
        shares: parts of the line in each cell that it visits.
    """

    points: np.ndarray
    height: float
    labels: np.ndarray
    shares: dict[int, float]

    @classmethod
    def of(cls, line: TextLine, step: float, labels: np.ndarray) -> "Walk":
        """The way of a line over cells."""
        count = max(3, int(np.ptp(line.points[:, 0]) / step))
        at = np.linspace(0, len(line.points) - 1, count)
        ways = [np.interp(at, np.arange(len(line.points)), line.points[:, k]) for k in (0, 1)]
        points = np.stack(ways, axis=1) / step - 0.5
        columns, rows = np.clip(np.round(points).astype(int), 0, np.array(labels.shape[::-1]) - 1).T
        here = labels[rows, columns]
        cells, counts = np.unique(here, return_counts=True)
        shares = dict(zip(cells.tolist(), (counts / count).tolist(), strict=True))
        shares.pop(-1, None)
        return cls(points, line.height / step, here, shares)

    def within(self, least: dict[int, float]) -> set[int]:
        """Of these cells those that hold most of the line, or at least so many places of it."""
        return {
            cell
            for cell, share in self.shares.items()
            if cell in least and (share >= WITHIN or share * len(self.points) >= least[cell])
        }


def cut_at_walls(maps: LayoutMaps, lines: Sequence[Line]) -> list[Line]:
    """The lines, those that run from cell to cell of a table cut at the rules between them.

    Lines over the squares of paper and over boxes for a character each stay whole.

    Args:
        maps: of the page.
        lines: found on it; what is cut keeps its other attributes.
    """
    cells = cells_of(maps.rules)
    walks = [Walk.of(line, maps.step, cells.labels) for line in lines]
    group_of = _tables(cells, walks)
    wide = cells.sides[:, 0]
    parts = [
        _cut(line, _walls(walk, group_of, wide)) for line, walk in zip(lines, walks, strict=True)
    ]
    return [part for each in parts for part in each]


def _tables(cells: DrawnCells, walks: list[Walk]) -> np.ndarray:
    """The grid of each cell, int (C,); -1 where few of a grid's lines are in one cell each."""
    group_of = np.full(len(cells.corners), -1)
    groups = [group for group in grids_of(cells) if group.rows.any() and group.columns.any()]
    for number, group in enumerate(groups):
        group_of[group.cells] = number
    visitors, confined = np.zeros(len(groups) + 1), np.zeros(len(groups) + 1)
    for walk in walks:
        visitors[np.unique(group_of[list(walk.shares)])] += 1
        within = [cell for cell, share in walk.shares.items() if share >= WITHIN]
        confined[group_of[within]] += 1
    is_table = confined >= CONFINED * np.maximum(visitors, 1)
    is_table[-1] = False
    return np.where(is_table[group_of], group_of, -1)


def _walls(walk: Walk, group_of: np.ndarray, wide: np.ndarray) -> list[float]:
    """Where a line goes from one wide cell of a table to the next, in parts of its way."""
    inside = np.flatnonzero(walk.labels >= 0)
    walls = []
    for here, there in itertools.pairwise(inside.tolist()):
        one, other = walk.labels[here], walk.labels[there]
        is_wall = one != other and group_of[one] == group_of[other] >= 0
        if is_wall and min(wide[one], wide[other]) > WIDE_CELL * walk.height:
            walls.append((here + there) / 2 / (len(walk.labels) - 1))
    return walls


def _cut(line: Line, walls: list[float]) -> list[Line]:
    """The parts of a line between places given in parts of its way; tiny ones are left out."""
    if not walls:
        return [line]
    at = np.linspace(0, 1, len(line.points))
    parts = []
    for start, end in itertools.pairwise([0.0, *walls, 1.0]):
        ways = np.concatenate(([start], at[(at > start) & (at < end)], [end]))
        points = np.stack([np.interp(ways, at, line.points[:, k]) for k in (0, 1)], axis=1)
        if np.linalg.norm(points[-1] - points[0]) > LEAST_PART * line.height:
            heights = np.interp(ways, at, line.heights)
            parts.append(replace(line, points=points, heights=heights))
    return parts
