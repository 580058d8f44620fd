"""What the height of a character says."""

import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.labels import class_index
from handwriting.recognition.sizes import SIZES_FILE, Lines, fit, load_sizes, save_sizes
from handwriting.web.canvas import LINES, strokes_of


@pytest.fixture(scope="module")
def sizes():
    from tests.support import PROJECT

    return load_sizes(PROJECT / SIZES_FILE)


def test_lines_measure_in_units_of_a_capital():
    log_height, top = Lines(baseline=230, capital=70).measure((10, 70, 50, 230))
    assert (log_height, top) == (0, 1)


@pytest.mark.parametrize("small", "cosuvwxz")
def test_height_tells_small_letters_from_capitals(sizes, small):
    x_line = LINES.baseline - sizes.x_height * (LINES.baseline - LINES.capital)
    low, high = (sizes.on_lines((50, top, 90, 230), LINES) for top in (x_line, LINES.capital))
    own, capital = class_index(small), class_index(small.upper())
    assert low[own] > low[capital]
    assert high[capital] > high[own]


@pytest.mark.parametrize("place", [(0, 0, 1, 1), (0, 300, 9, 319), (0, 0, 339, 319)])
def test_a_drawing_that_ignores_the_lines_is_not_punished_without_end(sizes, place):
    evidence = sizes.on_lines(place, LINES)
    assert np.isfinite(evidence).all()
    assert evidence.max() - evidence.min() < 8


def fake_drawings(writers: int = 6):
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(62), writers)
    tops = np.where(labels < 36, 200, 350) + rng.normal(0, 20, len(labels))
    places = np.stack([np.full(len(labels), 10.0), tops, tops + 40, np.full(len(labels), 600.0)], 1)
    return places, np.full(len(labels), 900.0), labels, np.repeat(np.arange(writers), 62)


def test_the_fit_finds_where_capitals_and_small_letters_stand(tmp_path):
    model = fit(*fake_drawings())
    assert model.canvas.capital == pytest.approx(200 / 900, abs=0.01)
    assert model.canvas.baseline == pytest.approx(600 / 900, abs=0.01)
    assert model.x_height == pytest.approx(250 / 400, abs=0.02)


def test_the_file_gives_the_same_model_back(tmp_path):
    model = fit(*fake_drawings())
    save_sizes(model, tmp_path / "sizes.json", "test")
    place = (10, 340, 50, 600)
    again = load_sizes(tmp_path / "sizes.json")
    assert again.on_canvas(place, 900) == pytest.approx(model.on_canvas(place, 900), abs=0.3)


def test_a_damaged_or_missing_file_is_said(tmp_path):
    with pytest.raises(HandwritingError, match="does not exist"):
        load_sizes(tmp_path / "no.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(HandwritingError, match="damaged"):
        load_sizes(tmp_path / "bad.json")


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


@pytest.mark.parametrize("drawing", [None, {}, {"objects": []}, {"objects": [{"type": "Rect"}]}])
def test_no_drawing_gives_no_strokes(drawing):
    assert strokes_of(drawing) == []
