"""Text lines cut off where the picture ends."""

from dataclasses import replace

import numpy as np

from handwriting.imaging.text_lines import TextLayout, TextLine

_PER_POINT = 12
_LEAST_INSIDE = 1.0


def inside(layout: TextLayout) -> TextLayout:
    """The parts of its lines that lie on the picture."""
    rows, columns = layout.rules.shape
    parts = (_clipped(line, columns, rows) for line in layout.lines)
    return replace(layout, lines=tuple(part for part in parts if part is not None))


def _clipped(line: TextLine, columns: int, rows: int) -> TextLine | None:
    """The longest part of a line on the picture; ``None`` for less than a core height."""

    def lies_inside(points: np.ndarray) -> np.ndarray:
        return ((points >= 0) & (points <= (columns - 1, rows - 1))).all(axis=1)

    if lies_inside(line.points).all():
        return line
    fine = np.linspace(0, len(line.points) - 1, _PER_POINT * (len(line.points) - 1) + 1)
    places = np.arange(len(line.points))
    points = np.stack([np.interp(fine, places, each) for each in line.points.T], axis=1)
    flags = np.concatenate(([0], lies_inside(points).astype(int), [0]))
    starts, stops = np.flatnonzero(np.diff(flags) == 1), np.flatnonzero(np.diff(flags) == -1)
    if not len(starts):
        return None
    longest = int((stops - starts).argmax())
    first, last = fine[starts[longest]], fine[stops[longest] - 1]
    middle = places[(places > first) & (places < last)]
    kept = np.concatenate(([first], middle, [last]))
    points = np.stack([np.interp(kept, places, each) for each in line.points.T], axis=1)
    heights = np.interp(kept, places, line.heights)
    if np.linalg.norm(points[-1] - points[0]) < _LEAST_INSIDE * np.median(heights):
        return None
    return replace(line, points=points, heights=heights, text="")
