"""Frames, rows of boxes and tables, with what is written in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.text_lines import TextLine
from handwriting.pages.cells import SAME, WITHIN, DrawnCells, Grid, Walk, cells_of, grids_of
from handwriting.pages.layout_maps import LayoutMaps

FRAME, BOXES, TABLE = "frame", "boxes", "table"
"""Kinds of a field: one rectangle, a row of boxes for a character each, a grid of cells."""

WIDEST_BOX = 1.7
"""Width of a box for one character by its height."""

VISIT = 0.25
"""Least part of a box that a line in a row of boxes takes to be in it."""

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
    cells = cells_of(maps.rules)
    walks = [Walk.of(line, maps.step, cells.labels) for line in lines]
    visited = {cell for walk in walks for cell in walk.shares}
    written = (group for group in grids_of(cells) if not visited.isdisjoint(group.cells.tolist()))
    found = (_field(cells, group, walks, maps.step) for group in written)
    return [field for field in found if field is not None]


def _field(cells: DrawnCells, group: Grid, walks: list[Walk], step: float) -> Field | None:
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


def _are_boxes(cells: DrawnCells, group: Grid, walks: list[Walk]) -> bool:
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
