"""Lines are read as a person reads them: columns one after the other, rows from the left."""

import numpy as np
import pytest

from handwriting.imaging.text_lines import TextLine
from handwriting.pages.reading_order import reading_order
from tests.pages.drawn_maps import straight


def is_read_in_order(lines: list[TextLine]) -> bool:
    """Whether lines that are given in their order are read so, however they are mixed."""
    mixed = np.random.default_rng(0).permutation(len(lines))
    return [int(mixed[k]) for k in reading_order([lines[k] for k in mixed])] == list(
        range(len(lines))
    )


def column(left: float, right: float, top: float, count: int, slope: float = 0.0) -> list[TextLine]:
    """Lines below each other, every third of them indented or short."""
    return [
        straight(left + 25 * (k % 3 == 0), right - 40 * (k % 3 == 1), top + 30 * k, slope)
        for k in range(count)
    ]


@pytest.mark.parametrize("slope", [-0.3, -0.1, 0.0, 0.1, 0.3])
def test_a_page_is_read_from_top_to_bottom(slope):
    assert is_read_in_order(column(60, 900, 300, 20, slope))


def test_a_date_at_the_right_comes_before_the_greeting_below_it():
    head = [straight(650, 900, 60), straight(620, 900, 95), straight(60, 300, 140)]
    assert is_read_in_order([*head, *column(60, 900, 190, 10)])


def test_a_curved_page_is_read_from_top_to_bottom():
    x = np.linspace(60, 900, 40)
    curve = 60 * np.sin(x / 280)
    lines = [
        TextLine(np.stack((x[a:b], y + curve[a:b]), axis=1), np.full(b - a, 12.0))
        for y, (a, b) in zip(range(100, 500, 30), [(0, 40), (5, 40), (0, 12)] * 4 + [(0, 40)] * 2,
                             strict=True)
    ]  # fmt: skip
    assert is_read_in_order(lines)


@pytest.mark.parametrize("slope", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize("shift", [0, 14])
def test_columns_are_read_one_after_the_other_between_what_is_across_them(slope, shift):
    lines = [
        straight(60, 900, 60, slope),
        *column(60, 440, 110, 9, slope),
        *column(500, 900, 110 + 440 * slope + shift, 8, slope),
        straight(60, 900, 400, slope),
    ]
    assert is_read_in_order(lines)


def test_three_columns_are_read_from_the_left():
    parts = [column(left, left + 250, 100 + 5 * k, 8) for k, left in enumerate((60, 350, 640))]
    assert is_read_in_order([line for part in parts for line in part])


def test_a_note_in_the_margin_is_read_after_the_text_beside_it():
    text, below = column(60, 700, 100, 8), column(60, 900, 360, 3)
    note = [straight(740, 900, 160 + 22 * k, height=8) for k in range(4)]
    assert is_read_in_order([*text, *note, *below])


def test_marks_and_sums_stand_in_the_row_of_their_line():
    lines = []
    for k in range(8):
        lines += [straight(60, 85, 100 + 40 * k), straight(120, 300 + 60 * (k % 4), 102 + 40 * k)]
        lines += [straight(800, 860, 98 + 40 * k)]
    assert is_read_in_order(lines)


@pytest.mark.parametrize("slope", [0.0, 0.06])
def test_what_is_written_above_a_rule_stands_in_the_row_of_its_printed_name(slope):
    rows = [
        [
            straight(150, 240, 280 + 105 * k, slope),
            straight(310, 560, 282 + 105 * k + 160 * slope + up, slope),
        ]
        for k, up in enumerate([0, 8, -20, 6])
    ]
    assert is_read_in_order([line for row in rows for line in row])


def test_groups_stay_together_in_their_own_order():
    lines = [straight(60, 900, 50), *(straight(60 + 300 * (k % 2), 250 + 300 * (k % 2),
             100 + 40 * (k // 2)) for k in range(6)), straight(60, 900, 260)]  # fmt: skip
    group = [1, 3, 5, 2, 4, 6]
    assert reading_order(lines, [group]) == [0, *group, 7]


def test_no_lines_have_no_order():
    assert reading_order([]) == []
