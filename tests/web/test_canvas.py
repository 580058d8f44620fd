"""The pen's path comes from the canvas as it is shown, and the paper has the lines."""

import io

import numpy as np
import pytest
from PIL import Image

from handwriting.web.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, LINES, ruled_paper, strokes_of


def path(**more) -> dict:
    shape = {"originX": "center", "originY": "center", "left": 20.0, "top": 35.0}
    commands = [["M", 10, 20], ["Q", 10, 20, 20, 30], ["L", 30, 50]]
    return {"objects": [shape | {"path": commands} | more]}


def test_strokes_come_as_they_were_drawn():
    (stroke,) = strokes_of(path())
    assert stroke[0].tolist() == [10, 20] and stroke[-1].tolist() == [30, 50]


def test_a_stroke_moved_and_scaled_on_the_canvas_comes_as_shown():
    (stroke,) = strokes_of(path(left=120.0, scaleX=2, scaleY=2))
    assert stroke[0].tolist() == [100, 5] and stroke[-1].tolist() == [140, 65]


def test_a_stroke_turned_or_mirrored_on_the_canvas_comes_as_shown():
    (turned,) = strokes_of(path(angle=90))
    assert turned[0] == pytest.approx([35, 25]) and turned[-1] == pytest.approx([5, 45])
    (mirrored,) = strokes_of(path(flipX=True))
    assert mirrored[0].tolist() == [30, 20] and mirrored[-1].tolist() == [10, 50]


def test_a_curve_is_followed():
    commands = [["M", 0, 0], ["Q", 10, 0, 10, 10]]
    (stroke,) = strokes_of({"objects": [{"path": commands}]})
    t = np.linspace(0, 1, len(stroke))
    expected = np.stack([2 * t * (1 - t) * 10 + t**2 * 10, t**2 * 10], axis=1)
    np.testing.assert_allclose(stroke, expected)
    assert len(stroke) > 3


def test_several_strokes_come_in_their_order():
    drawing = {"objects": [*path()["objects"], *path(left=120.0)["objects"]]}
    first, second = strokes_of(drawing)
    assert first[0].tolist() == [10, 20] and second[0].tolist() == [110, 20]


@pytest.mark.parametrize("drawing", [None, {}, {"objects": []}, {"objects": [{"type": "Rect"}]}])
def test_no_drawing_gives_no_strokes(drawing):
    assert strokes_of(drawing) == []


def test_the_paper_is_white_with_four_lines_where_they_count():
    x_height = 0.7
    paper = Image.open(io.BytesIO(ruled_paper(x_height)))
    assert paper.size == (CANVAS_WIDTH, CANVAS_HEIGHT)
    rows = np.asarray(paper.convert("L"))
    assert (rows == rows[:, :1]).all(), "lines go all the way across"
    lined = np.flatnonzero(rows[:, 0] < 255)
    groups = np.split(lined, np.flatnonzero(np.diff(lined) > 1) + 1)
    unit = LINES.baseline - LINES.capital
    expected = [LINES.baseline - height * unit for height in (1, x_height, 0, -0.4)]
    assert [group.mean() for group in groups] == pytest.approx(expected, abs=1)
    darkest = min(groups, key=lambda group: rows[group[0], 0])
    assert darkest.mean() == pytest.approx(LINES.baseline, abs=1)
