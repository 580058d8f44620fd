"""Frames, rows of boxes and tables, from the layout network's rules."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from handwriting.imaging.text_lines import TextLine
from handwriting.pages.layout_maps import LayoutMaps

FRAME, BOXES, TABLE = "frame", "boxes", "table"
"""Kinds of a field: one rectangle, a row of boxes for a character each, a grid of cells."""

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
"""Of a rule that two cells share, by their height."""

WIDEST_BOX = 1.7
"""Width of a box for one character by its height."""

WITHIN, VISIT = 0.7, 0.25
"""Least part of a line in the cell that it is said to be in; in one of a row of boxes a line may
also take this part of the box."""

LEAST_BOX = 1.2
"""Least height of a box in core heights of the line in it; the squares of paper are smaller."""


@dataclass(frozen=True)
class Cell:
    """A rectangle drawn with rules.

    Attributes:
        outline: float (4, 2), x and y of its corners in pixels of the picture, clockwise from the
            upper left.
        row, column: its place in the field, from 0.
        lines: indices of the text lines of which something is in it.
    """

    outline: np.ndarray
    row: int
    column: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Field:
    """Cells that belong together.

    Attributes:
        kind: FRAME of one cell, BOXES of one row, whose text is one word or number, or TABLE.
        cells: row by row.
    """

    kind: str
    cells: tuple[Cell, ...]

    @property
    def lines(self) -> list[int]:
        """Indices of the text lines in it, cell by cell, each once."""
        return list(dict.fromkeys(k for cell in self.cells for k in cell.lines))

    @property
    def outline(self) -> np.ndarray:
        """Float (4, 2): the smallest rectangle around it, of any direction."""
        corners = np.concatenate([cell.outline for cell in self.cells]).astype(np.float32)
        return cv2.boxPoints(cv2.minAreaRect(corners))


def fields_of(maps: LayoutMaps, lines: Sequence[TextLine]) -> list[Field]:
    """The drawn fields of a page in which something is written.

    Args:
        maps: of the page.
        lines: found on it, from above to below in each cell.

    Returns:
        Fields with at least one line; of those a table or a row of boxes has empty cells too.
    """
    cells = _cells(_inside_of_rules(maps.rules))
    walks = [_Walk.of(line, maps.step, cells.labels) for line in lines]
    visited = {cell for walk in walks for cell in walk.shares}
    written = (group for group in _groups(cells) if not visited.isdisjoint(group.cells.tolist()))
    found = (_field(cells, group, walks, maps.step) for group in written)
    return [field for field in found if field is not None]


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
class _Cells:
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


def _cells(parts: np.ndarray) -> _Cells:
    """The parts that are nearly rectangles and do not touch the picture's sides."""
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
    cells = _Cells(parts, corners)
    x, y = corners.transpose(2, 0, 1)
    whole = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    wide, high = cells.sides.T
    # The inside of a quadrangle of rules is smaller by half of its outline.
    kept = area[numbers] >= LEAST_FILL * (whole - wide - high + 1)
    kept &= wide >= NARROWEST * high
    names = np.full(count, -1)
    names[numbers[kept]] = np.arange(kept.sum())
    return _Cells(names[parts], corners[kept])


def _groups(cells: _Cells) -> list["_Group"]:
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
        _Group(
            group, _ranks(rows[group], middle[group, 1]), _ranks(columns[group], middle[group, 0])
        )
        for group in members
    ]


@dataclass(frozen=True)
class _Group:
    """Cells that belong together: their indices, rows and columns, int (M,) each."""

    cells: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def _neighbours(cells: _Cells) -> np.ndarray:
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
class _Walk:
    """A line's way over the map.

    Attributes:
        points: float (W, 2), x and y in places.
        height: of the core zone, in places.
        shares: parts of the line in each cell that it visits.
    """

    points: np.ndarray
    height: float
    shares: dict[int, float]

    @classmethod
    def of(cls, line: TextLine, step: float, labels: np.ndarray) -> "_Walk":
        """The way of a line over cells."""
        count = max(3, int(np.ptp(line.points[:, 0]) / step))
        at = np.linspace(0, len(line.points) - 1, count)
        ways = [np.interp(at, np.arange(len(line.points)), line.points[:, k]) for k in (0, 1)]
        points = np.stack(ways, axis=1) / step - 0.5
        columns, rows = np.clip(np.round(points).astype(int), 0, np.array(labels.shape[::-1]) - 1).T
        cells, counts = np.unique(labels[rows, columns], return_counts=True)
        shares = dict(zip(cells.tolist(), (counts / count).tolist(), strict=True))
        shares.pop(-1, None)
        return cls(points, line.height / step, shares)

    def within(self, least: dict[int, float]) -> set[int]:
        """Of these cells those that hold most of the line, or at least so many places of it."""
        return {
            cell
            for cell, share in self.shares.items()
            if cell in least and (share >= WITHIN or share * len(self.points) >= least[cell])
        }


def _field(cells: _Cells, group: _Group, walks: list[_Walk], step: float) -> Field | None:
    """The field of a group; ``None`` where less than half of its lines are inside of cells."""
    members = set(group.cells.tolist())
    here = [k for k, walk in enumerate(walks) if members & walk.shares.keys()]
    kind = FRAME if len(members) == 1 else TABLE
    least = dict.fromkeys(members, np.inf)
    if _are_boxes(cells, group, [walks[k] for k in here]):
        kind = BOXES
        least = dict(zip(group.cells.tolist(), VISIT * cells.sides[group.cells, 0], strict=True))
    inside = {k: walks[k].within(least) for k in here}
    # Lines of any length run over the squares of paper.
    if sum(map(bool, inside.values())) <= len(here) / 2:
        return None
    order = np.lexsort((group.columns, group.rows))
    found = []
    for k in order.tolist():
        cell = int(group.cells[k])
        outline = (cells.corners[cell] + 0.5) * step
        lines = tuple(line for line in here if cell in inside[line])
        found.append(Cell(outline, int(group.rows[k]), int(group.columns[k]), lines))
    return Field(kind, tuple(found))


def _are_boxes(cells: _Cells, group: _Group, walks: list[_Walk]) -> bool:
    """Whether cells are a row of boxes, of a size for the letters in them."""
    if len(group.cells) < 2 or group.rows.any():
        return False
    wide, high = cells.sides[group.cells].T
    usual = np.median(wide)
    if usual > WIDEST_BOX * np.median(high) or np.ptp(wide) > 2 * SAME * usual + 2:
        return False
    # Gaps between boxes are in none of them.
    around = cv2.convexHull(cells.corners[group.cells].reshape(-1, 2).astype(np.float32))
    for walk in walks:
        within = [cv2.pointPolygonTest(around, tuple(p), False) >= 0 for p in walk.points.tolist()]
        if np.mean(within) < WITHIN or walk.height * LEAST_BOX > np.median(high):
            return False
    return True
