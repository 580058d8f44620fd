"""Drawn fields are found with what is written in them, and nothing else is taken for one."""

import time

import numpy as np
import pytest

from handwriting.imaging.text_lines import TextLine
from handwriting.pages.fields import BOXES, FRAME, TABLE, fields_of
from handwriting.pages.found_layout import found_layout
from tests.pages.drawn_maps import Segment, box, maps_of, straight


def turned(lines: list[TextLine], rules: list[Segment], degrees: float) -> tuple[list, list]:
    """Lines and rules turned about the picture's middle."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0],
                     [0, 0, 1.0]])  # fmt: skip
    middle = np.array([[1, 0, 512], [0, 1, 384], [0, 0, 1.0]])
    matrix = middle @ turn @ np.linalg.inv(middle)
    moved = [tuple(tuple((matrix @ [*p, 1])[:2]) for p in segment) for segment in rules]
    return [line.moved(matrix) for line in lines], moved


def row_of_boxes(count: int, side: float, gap: float) -> list[Segment]:
    parts = [box(100 + k * (side + gap), 300, 100 + k * (side + gap) + side, 300 + 1.1 * side)
             for k in range(count)]  # fmt: skip
    return [segment for part in parts for segment in part]


def grid(xs: list[float], ys: list[float]) -> list[Segment]:
    across = [((xs[0], y), (xs[-1], y)) for y in ys]
    return across + [((x, ys[0]), (x, ys[-1])) for x in xs]


@pytest.mark.parametrize("degrees", [-8, 0, 5])
def test_a_frame_is_found_around_its_line(degrees):
    lines, rules = turned([straight(250, 500, 330)], box(200, 290, 700, 370), degrees)
    (field,) = found_layout(maps_of(lines, rules)).fields
    assert field.kind == FRAME and field.lines == [0]
    true = np.array([start for start, _ in rules])
    assert np.abs(field.cells[0].outline - true).max() < 10


@pytest.mark.parametrize("degrees", [-6, 0, 4])
@pytest.mark.parametrize("gap", [0, 10])
@pytest.mark.parametrize("side", [28, 60])
def test_a_row_of_boxes_is_one_field_with_all_its_cells(degrees, gap, side):
    written = straight(105, 100 + 4 * side + 3 * gap, 300 + 0.6 * side, height=0.4 * side)
    lines, rules = turned([written], row_of_boxes(9, side, gap), degrees)
    (field,) = found_layout(maps_of(lines, rules)).fields
    assert field.kind == BOXES and field.lines == [0]
    assert [cell.column for cell in field.cells] == list(range(9))
    assert [bool(cell.lines) for cell in field.cells] == [True] * 4 + [False] * 5


def test_letters_of_boxes_that_were_not_joined_are_one_field():
    letters = [straight(110 + 70 * k, 150 + 70 * k, 335, height=24) for k in range(4)]
    (field,) = fields_of(maps_of(letters, row_of_boxes(5, 60, 10)), letters)
    assert field.kind == BOXES and field.lines == [0, 1, 2, 3]


@pytest.mark.parametrize("degrees", [-8, 0, 5])
def test_a_table_is_read_row_by_row(degrees):
    xs, ys = [100, 400, 620, 900], [200, 260, 320, 380, 440]
    lines = [straight(x + 20, x + 150, y + 32, height=14) for y in ys[:-1] for x in xs[:-1]]
    lines.insert(0, straight(100, 700, 120))
    lines, rules = turned(lines, grid(xs, ys), degrees)
    layout = found_layout(maps_of(lines, rules))
    (field,) = layout.fields
    assert field.kind == TABLE and len(field.cells) == 12
    assert [(cell.row, cell.column) for cell in field.cells] == [
        (row, column) for row in range(4) for column in range(3)
    ]
    assert field.lines == list(range(1, 13))
    middles = [line.points.mean(axis=0) for line in layout.lines]
    assert np.abs(np.array(middles) - [line.points.mean(axis=0) for line in lines]).max() < 12


def test_a_line_across_cells_is_cut_at_their_rules():
    xs, ys = [100, 400, 620, 900], [200, 260, 320, 380]
    lines = [straight(x + 20, x + 150, y + 32, height=14) for y in ys[:-1] for x in xs[:-1]]
    joined = [*lines[:3], straight(120, 770, 292, height=14), *lines[6:]]
    layout = found_layout(maps_of(joined, grid(xs, ys)))
    assert len(layout.lines) == 9
    assert [cell.lines for cell in layout.fields[0].cells] == [(k,) for k in range(9)]
    ends = [line.points[[0, -1], 0].tolist() for line in layout.lines[3:6]]
    assert np.allclose(ends, [[120, 400], [400, 620], [620, 770]], atol=8)


def test_broken_rules_still_close_a_cell():
    maps = maps_of([straight(250, 500, 330)], box(200, 290, 700, 370))
    maps.rules[:, 80:84] = maps.rules[:, 120] = maps.rules[80:82] = 0
    assert [field.kind for field in fields_of(maps, [straight(250, 500, 330)])] == [FRAME]


def test_paper_with_rulings_or_squares_has_no_fields():
    lines = [straight(60, 960, 100 + 64 * k) for k in range(9)]
    rulings = [((0, y), (1023, y)) for y in range(20, 768, 32)]
    squares = rulings + [((x, 0), (x, 767)) for x in range(20, 1024, 32)]
    for rules in (rulings, squares):
        layout = found_layout(maps_of(lines, rules))
        assert layout.fields == [] and len(layout.lines) == 9


def test_open_rules_and_empty_frames_are_no_fields():
    lines = [straight(250, 500, 330)]
    under = [((200, 345), (700, 345)), *box(200, 500, 700, 580)]
    assert fields_of(maps_of(lines, under), lines) == []
    assert fields_of(maps_of([], box(200, 500, 700, 580)), []) == []


def test_ten_thousand_boxes_take_no_time():
    rules = [((0, y), (1023, y)) for y in range(2, 768, 12)]
    rules += [((x, 0), (x, 767)) for x in range(2, 1024, 12)]
    lines = [straight(60, 960, 40 + 30 * k) for k in range(20)]
    maps = maps_of(lines, rules)
    start = time.process_time()
    fields_of(maps, lines)
    assert time.process_time() - start < 1
