"""A picture set upright and looked at by the layout network at a fitting size."""

from dataclasses import dataclass

import numpy as np

from handwriting.imaging.line import cut_line
from handwriting.lines.reader import Reader
from handwriting.pages.cutting import Strip, strips_of
from handwriting.pages.fields import Field
from handwriting.pages.found_layout import found_layout
from handwriting.pages.layout import LONGEST, Layout
from handwriting.pages.layout_lines import FoundLine
from handwriting.pages.layout_maps import LayoutMaps
from handwriting.pages.photographs import Photograph
from handwriting.pages.view import View

_ENLARGED, _SMALLEST = 2.5, 320
_LOW, _FITTING, _HIGH = 6.0, 20.0, 40.0
_LARGEST = 1600
_LETTERS, _FEW = 10, 12
_PROBED, _PROBE = 4, 400
_SURE, _TURNED, _READABLE = 0.85, 0.08, 0.7


@dataclass(frozen=True)
class Seen:
    """An upright picture and what the layout network found in it.

    Attributes:
        colours: uint8 (height, width, 3), upright.
        view: its place in the original.
        maps: of the network.
        lines: in reading order, in pixels of ``colours``.
        fields: with indices of these lines.
        strips: the lines cut out; ``None`` for a line without ink.
    """

    colours: np.ndarray
    view: View
    maps: LayoutMaps
    lines: list[FoundLine]
    fields: list[Field]
    strips: list[Strip | None]


def look(layout: Layout, reader: Reader, photograph: Photograph) -> Seen:
    """Find the lines of a picture in the direction in which they can be read.

    The network says whether the lines are level or upright. Which of the two directions that
    leaves is right, a few lines tell that are read both ways. Few pictures are turned, so little
    writing decides nothing.
    """
    seen, votes = _seen(layout, photograph, 0)
    if votes[1] + votes[3] > votes[0] + votes[2] + _LETTERS:
        seen, _ = _seen(layout, photograph, 1)
    if _is_upside_down(reader, seen):
        seen, _ = _seen(layout, photograph, (seen.view.quarters + 2) % 4)
    return seen


def _seen(layout: Layout, photograph: Photograph, quarters: int) -> tuple[Seen, np.ndarray]:
    height, width = photograph.colours.shape[:2]
    colours = np.ascontiguousarray(np.rot90(photograph.colours, quarters))
    maps, votes = fitting_maps(layout, colours)
    view = View(quarters, (width, height), photograph.scales)
    found = found_layout(maps)
    strips = strips_of(colours, found.lines, maps)
    return Seen(colours, view, maps, found.lines, found.fields, strips), votes


def fitting_maps(layout: Layout, colours: np.ndarray) -> tuple[LayoutMaps, np.ndarray]:
    """The maps at a size at which letters are neither specks nor larger than the network knows.

    Args:
        layout: the network.
        colours: uint8 (height, width, 3).

    Returns:
        As :meth:`Layout.maps`.
    """
    extent = max(colours.shape[:2])
    longest = int(np.clip(_ENLARGED * extent, _SMALLEST, LONGEST))
    maps, votes = layout.maps(colours, longest)
    if not (written := _written(maps)).any():
        # A letter that fills the picture is larger than any that the network knows.
        longest = _SMALLEST
        maps, votes = layout.maps(colours, longest)
        written = _written(maps)
    if not written.any():
        return maps, votes
    usual = float(np.median(maps.height[written])) * longest / extent
    if _LOW <= usual <= _HIGH:
        return maps, votes
    better = int(np.clip(longest * _FITTING / usual, _SMALLEST, _LARGEST))
    if abs(better - longest) < 0.15 * longest:
        return maps, votes
    return layout.maps(colours, better)


def _written(maps: LayoutMaps) -> np.ndarray:
    return (maps.core + maps.printed) > 0.5


def _probes(seen: Seen) -> list[np.ndarray]:
    """Parts of a few long lines as model inputs, uint8 (40, width)."""
    there = [strip for strip in seen.strips if strip is not None]
    longest = sorted(there, key=lambda strip: strip.box[0] - strip.box[2])[:_PROBED]
    return [cut_line(strip.contrast, strip.box)[:, :_PROBE] for strip in longest]


def _is_upside_down(reader: Reader, seen: Seen) -> bool:
    """Whether lines can be read with more certainty upside down."""
    probes = _probes(seen)
    sure, letters = _sureness(reader, probes)
    if sure > _SURE or letters < _FEW:
        return False
    other, _ = _sureness(reader, [probe[::-1, ::-1].copy() for probe in probes])
    # What can be read neither way stays as it was given.
    return other > max(sure + _TURNED, _READABLE)


def _sureness(reader: Reader, probes: list[np.ndarray]) -> tuple[float, int]:
    """Mean probability of the characters of some lines, and their number."""
    read = reader.read(probes)
    sure = [character.ranked[0][1] for line in read for character in line.characters]
    return (float(np.mean(sure)) if sure else 0.0), len(sure)
