"""What is written on a page and where: text lines and fields from the layout network's maps."""

from dataclasses import dataclass, replace

from handwriting.pages.cells import cut_at_walls
from handwriting.pages.fields import Field, fields_of
from handwriting.pages.layout_lines import FoundLine, lines_of
from handwriting.pages.layout_maps import LayoutMaps
from handwriting.pages.reading_order import reading_order


@dataclass(frozen=True)
class FoundLayout:
    """Text lines and fields of a page.

    Attributes:
        lines: in reading order; those of a table row by row.
        fields: with indices of these lines.
    """

    lines: list[FoundLine]
    fields: list[Field]


def found_layout(maps: LayoutMaps) -> FoundLayout:
    """The lines and fields that the maps of a page show."""
    lines = cut_at_walls(maps, lines_of(maps))
    fields = fields_of(maps, lines)
    order = reading_order(lines, [field.lines for field in fields])
    place = {old: new for new, old in enumerate(order)}
    return FoundLayout([lines[k] for k in order], [_renumbered(field, place) for field in fields])


def _renumbered(field: Field, place: dict[int, int]) -> Field:
    cells = [replace(cell, lines=tuple(place[k] for k in cell.lines)) for cell in field.cells]
    return replace(field, cells=tuple(cells))
