"""The pen's path matches the canvas as shown, and the paper has the ruled lines."""

import io
import math
import time

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.web.canvas import DESCENDER, PAPER, Paper, paper_for, ruled_paper, strokes_of
from tests.support import run_program


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


@pytest.mark.parametrize("paper", [PAPER, Paper(1248, 342)])
def test_the_paper_is_white_with_four_lines_where_they_count(paper):
    x_height = 0.7
    picture = Image.open(io.BytesIO(ruled_paper(x_height, paper)))
    assert picture.size == paper
    rows = np.asarray(picture.convert("L"))
    assert (rows == rows[:, :1]).all(), "lines go all the way across"
    lined = np.flatnonzero(rows[:, 0] < 255)
    groups = np.split(lined, np.flatnonzero(np.diff(lined) > 1) + 1)
    lines = paper.lines
    unit = lines.baseline - lines.capital
    expected = [lines.baseline - height * unit for height in (1, x_height, 0, DESCENDER)]
    assert [group.mean() for group in groups] == pytest.approx(expected, abs=1)
    darkest = min(groups, key=lambda group: rows[group[0], 0])
    assert darkest.mean() == pytest.approx(lines.baseline, abs=1)


@pytest.mark.parametrize("window", [(366, 844), (336, 740), (820, 390), (1248, 900)])
def test_the_paper_is_as_wide_as_there_is_room_and_leaves_room_for_the_answer(window):
    width, height = window
    paper = paper_for(window)
    assert paper.width == width
    assert 190 <= paper.height <= height / 2


JUNK = [
    *([], "M 0 0", 5, [1, 2]),
    {"objects": 5},
    {"objects": ["M"]},
    {"objects": [{"path": 5}]},
    {"objects": [{"path": "M 0 0"}]},
    {"objects": [{"path": {"M": 0}}]},
    {"objects": [{"path": [["M"]]}]},
    {"objects": [{"path": [["M", 0, 0], ["L", 1]]}]},
    {"objects": [{"path": [["M", 0, 0], ["L", "a", "b"]]}]},
    {"objects": [{"path": [["M", 0, 0], ["L", None, {}]]}]},
    {"objects": [{"path": [["M", 0, 0], ["L", 10**400, 0]]}]},
    path(left="far"),
    path(scaleX=[]),
    path(angle=math.inf),
]


@pytest.mark.parametrize("drawing", [junk for junk in JUNK if junk])
def test_what_is_no_drawing_is_said(drawing):
    with pytest.raises(HandwritingError, match="came damaged"):
        strokes_of(drawing)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 1e300])
def test_points_at_infinity_are_said(number):
    drawing = {"objects": [{"path": [["M", 1, 1], ["Q", number, 2, 3, 3], ["L", 4, number]]}]}
    with pytest.raises(HandwritingError, match="far outside"):
        strokes_of(drawing)
    with pytest.raises(HandwritingError, match=r"far outside|came damaged"):
        strokes_of(path(scaleX=number))


def too_much() -> dict[str, list]:
    """Drawings by what there is too much of."""
    short, long = [["M", 1, 1], ["L", 2, 2]], [["M", 1, 1], *[["Q", 1, 2, 3, 4]] * 100_000]
    return {"points": [{"path": long}], "strokes": [{"path": short}] * 1_000_000}


@pytest.mark.parametrize("objects", too_much().values(), ids=too_much())
def test_too_much_is_said_at_once(objects):
    start = time.perf_counter()
    with pytest.raises(HandwritingError, match="too much to read at once"):
        strokes_of({"objects": objects})
    assert time.perf_counter() - start < 2


def test_the_canvas_is_shown_before_pytorch_is_imported():
    program = (
        "import sys, types\n"
        # The real one can be imported only where Streamlit runs.
        "sys.modules['streamlit_drawable_canvas'] = types.SimpleNamespace(st_canvas=None)\n"
        "import handwriting.web.write_tab\n"
        "print(sorted({'torch', 'cv2', 'pandas'} & set(sys.modules)))"
    )
    assert run_program(program).strip() == "[]"
