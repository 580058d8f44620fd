"""Frames, rows of boxes and tables, from the layout network's rules."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from handwriting.imaging.text_lines import TextLine
from handwriting.pages.layout_maps import LayoutMaps
from handwriting.pages.reading_order import page_slope

FRAME, BOXES, TABLE = "frame", "boxes", "table"
"""Kinds of a field: one rectangle, a row of boxes for a character each, a grid of cells."""

RULE, RUN, BREAK = 0.4, 5, 7
"""Least probability of a rule, the least length of one and the longest break in one, in places."""

SMALLEST, LEAST_FILL = 2, 0.6
"""Least width and height of the inside of a cell, in places, and the least part of its rectangle
that a cell fills."""

LARGEST = 0.6
"""A frame around more than this part of the picture is its border."""

SAME = 0.3
"""Sides and places of cells of one row or column differ by at most this part of a side."""

WIDEST_BOX = 1.7
"""Width of a box for one character by its height."""

WITHIN = 0.7
"""Least part of a line in the cell that it is said to be in."""

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
    if not lines:
        return []
    cells = _Cells.of(_inside_of_rules(maps.rules), page_slope(lines))
    visits = _visits(cells.labels, lines, maps.step)
    found = []
    for group in cells.groups():
        field = _field(cells, group, visits, lines, maps.step)
        if field is not None:
            found.append(field)
    return found


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
    """Rectangles between rules, C of them, in places of the map with its slope taken away.

    Attributes:
        labels: int (rows, columns), the cell of each place, else -1.
        left, top, right, bottom: float (C,), at the middle of the rules.
        slope: rise of the page's lines.
        shape: rows and columns of the map.
    """

    labels: np.ndarray
    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    slope: float

    @classmethod
    def of(cls, parts: np.ndarray, slope: float) -> "_Cells":
        """The parts that are nearly rectangles and do not touch the picture's sides."""
        count = int(parts.max()) + 1
        rows, columns = np.nonzero(parts)
        owner = parts[rows, columns]
        order = np.argsort(owner, kind="stable")
        rows, columns, owner = rows[order], columns[order], owner[order]
        starts = np.flatnonzero(np.diff(owner, prepend=0))
        x, y = columns + slope * rows, rows - slope * columns
        ends = [np.zeros(count) for _ in range(4)]
        for end, value, find in zip(ends, (x, y, x, y), (np.minimum,) * 2 + (np.maximum,) * 2,
                                    strict=True):  # fmt: skip
            if len(starts):
                end[owner[starts]] = find.reduceat(value, starts)
        left, top, right, bottom = ends
        wide, high = right - left + 1, bottom - top + 1
        area = np.bincount(owner, minlength=count)
        good = (np.minimum(wide, high) >= SMALLEST) & (area >= LEAST_FILL * wide * high)
        good &= area < LARGEST * parts.size
        for side in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
            good[side] = False
        good[0] = False
        numbers = np.where(good, np.cumsum(good) - 1, -1)
        # The middle of a rule is one place beside the inside.
        return cls(
            numbers[parts], left[good] - 1, top[good] - 1, right[good] + 1, bottom[good] + 1, slope
        )

    def groups(self) -> list[np.ndarray]:
        """Indices of the cells of each grid; those of a row are as high, those of a column as
        wide."""
        count = len(self.left)
        if not count:
            return []
        pairs = self._neighbours()
        a, b = pairs.T
        high, wide = self.bottom - self.top, self.right - self.left
        in_row = _alike(self.top, high, a, b) & _alike(self.bottom, high, a, b)
        in_column = _alike(self.left, wide, a, b) & _alike(self.right, wide, a, b)
        a, b = pairs[in_row | in_column].T
        links = coo_array((np.ones(len(a)), (a, b)), shape=(count, count))
        _, owner = connected_components(links, directed=False)
        order = np.argsort(owner, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(owner[order])) + 1)

    def _neighbours(self) -> np.ndarray:
        """Pairs of cells that only a rule or a narrow gap parts, int (N, 2)."""
        outside = (self.labels < 0).astype(np.uint8)
        far, nearest = cv2.distanceTransformWithLabels(
            outside, cv2.DIST_L1, 3, labelType=cv2.DIST_LABEL_PIXEL
        )
        known = np.full(int(nearest.max()) + 1, -1)
        known[nearest[outside == 0]] = self.labels[outside == 0]
        owner = known[nearest]
        reach = np.full(len(self.left) + 1, 2.0)
        sides = np.minimum(self.right - self.left, self.bottom - self.top)
        reach[:-1] = np.maximum(2.0, SAME * sides)
        owner[far > reach[owner]] = -1
        pairs = []
        for one, other in ((owner[:, :-1], owner[:, 1:]), (owner[:-1], owner[1:])):
            touching = (one != other) & (one >= 0) & (other >= 0)
            pairs.append(np.stack((one[touching], other[touching]), axis=1))
        return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)

    def outline(self, cell: int, step: float) -> np.ndarray:
        """Corners of a cell in pixels of the picture, float (4, 2)."""
        left, top, right, bottom = (
            float(side[cell]) for side in (self.left, self.top, self.right, self.bottom)
        )
        level = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        back = np.linalg.inv(np.array([[1.0, self.slope], [-self.slope, 1.0]]))
        return (level @ back.T + 0.5) * step


def _alike(ends: np.ndarray, sides: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(ends[a] - ends[b]) <= SAME * np.minimum(sides[a], sides[b]) + 1


def _visits(labels: np.ndarray, lines: Sequence[TextLine], step: float) -> list[dict[int, float]]:
    """For each line the cells in which parts of it are, with these parts of its length."""
    visits = []
    last = np.array(labels.shape) - 1
    for line in lines:
        count = max(3, int(np.ptp(line.points[:, 0]) / step))
        at = np.linspace(0, len(line.points) - 1, count)
        x, y = (np.interp(at, np.arange(len(line.points)), line.points[:, k]) for k in (0, 1))
        rows, columns = (np.clip(np.floor(v / step).astype(int), 0, m)
                         for v, m in zip((y, x), last, strict=True))  # fmt: skip
        inside = labels[rows, columns]
        cells, counts = np.unique(inside[inside >= 0], return_counts=True)
        on_rules = (inside < 0).sum()
        visits.append(
            {int(c): n / max(1, count - on_rules) for c, n in zip(cells, counts, strict=True)}
        )
    return visits


def _field(
    cells: _Cells,
    group: np.ndarray,
    visits: list[dict[int, float]],
    lines: Sequence[TextLine],
    step: float,
) -> Field | None:
    members = set(group.tolist())
    here = [k for k, cells_of in enumerate(visits) if members & cells_of.keys()]
    if not here:
        return None
    rows = _ranks(cells.top[group], cells.bottom[group])
    columns = _ranks(cells.left[group], cells.right[group])
    kind = FRAME if len(group) == 1 else TABLE
    if _are_boxes(cells, group, rows, [visits[k] for k in here], [lines[k] for k in here], step):
        kind = BOXES
        chosen = {k: set(visits[k]) for k in here}
    else:
        chosen = {
            k: {c for c, share in visits[k].items() if share >= WITHIN} & members for k in here
        }
        # The squares of paper lie under lines of any length.
        if sum(map(bool, chosen.values())) <= len(here) / 2:
            return None
    order = np.lexsort((columns, rows))
    return Field(
        kind,
        tuple(
            Cell(
                cells.outline(group[k], step),
                int(rows[k]),
                int(columns[k]),
                tuple(line for line in here if int(group[k]) in chosen[line]),
            )
            for k in order
        ),
    )


def _ranks(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Number of each cell's row, or column, from 0: cells whose middles are near share one."""
    middle = (low + high) / 2
    order = np.argsort(middle)
    near = SAME * np.median(high - low) + 1
    ranks = np.zeros(len(low), int)
    ranks[order[1:]] = np.cumsum(np.diff(middle[order]) > near)
    return ranks


def _are_boxes(
    cells: _Cells,
    group: np.ndarray,
    rows: np.ndarray,
    visits: list[dict[int, float]],
    lines: list[TextLine],
    step: float,
) -> bool:
    """Whether cells are a row of boxes, of a size for the letters in them."""
    if len(group) < 2 or rows.any():
        return False
    wide = cells.right[group] - cells.left[group]
    high = float(np.median(cells.bottom[group] - cells.top[group]))
    if np.median(wide) > WIDEST_BOX * high or np.ptp(wide) > 2 * SAME * np.median(wide) + 2:
        return False
    members = set(group.tolist())
    inside = [sum(share for cell, share in each.items() if cell in members) for each in visits]
    return min(inside) >= WITHIN and all(line.height / step * LEAST_BOX < high for line in lines)
