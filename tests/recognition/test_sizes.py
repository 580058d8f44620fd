"""Evidence from the height of a character."""

import json

import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, class_index
from handwriting.recognition.sizes import (
    SIZES_FILE,
    Lines,
    SizeModel,
    load_sizes,
    save_sizes,
)
from handwriting.web.canvas import LINES
from tests.support import PROJECT


@pytest.fixture(scope="module")
def sizes():
    return load_sizes(PROJECT / SIZES_FILE)


def test_lines_measure_in_units_of_a_capital():
    log_height, top = Lines(baseline=230, capital=70).measure((10, 70, 50, 230))
    assert (log_height, top) == (0, 1)


@pytest.mark.parametrize("small", "cosuvwxz")
def test_height_tells_small_letters_from_capitals(sizes, small):
    x_line = LINES.baseline - sizes.x_height * (LINES.baseline - LINES.capital)
    low, high = (
        sizes.on_lines((50, top, 90, LINES.baseline), LINES) for top in (x_line, LINES.capital)
    )
    own, capital = class_index(small), class_index(small.upper())
    assert low[own] > low[capital]
    assert high[capital] > high[own]


@pytest.mark.parametrize("bbox", [(0, 0, 1, 1), (0, 300, 9, 319), (0, 0, 339, 319)])
def test_a_drawing_that_ignores_the_lines_is_not_punished_without_end(sizes, bbox):
    evidence = sizes.on_lines(bbox, LINES)
    assert np.isfinite(evidence).all()
    assert evidence.max() - evidence.min() < 8


def test_the_likelihood_is_a_density(sizes):
    """Summed over all sizes that occur, it is 1."""
    step = 0.05
    heights, tops = np.arange(-4, 3, step), np.arange(-3, 4, step)
    one = SizeModel(np.array([[-0.5, 0.5]]), np.array([[[0.05, 0.02], [0.02, 0.04]]]))
    densities = [np.exp(one.log_likelihood(np.array([h, t]))) for h in heights for t in tops]
    # The flat part is meant for 6 units, and the grid has 49 of them.
    flat = 0.02 * (49 / 6 - 1)
    assert np.sum(densities) * step**2 == pytest.approx(1 + flat, abs=0.01)


def test_many_drawings_are_judged_as_each_alone(sizes):
    bboxes = np.array([(10, 340, 50, 600), (5, 200, 90, 610.0)])
    heights = np.array([900, 700.0])
    together = sizes.on_canvases(bboxes, heights)
    assert together.shape == (2, 62)
    for row, bbox, height in zip(together, bboxes, heights, strict=True):
        assert (row == sizes.on_canvas(bbox, height)).all()


def test_the_place_on_a_canvas_counts_in_shares_of_its_height(sizes):
    small, large = sizes.on_canvas((1, 34, 5, 60), 90), sizes.on_canvas((10, 340, 50, 600), 900)
    assert small == pytest.approx(large)


def test_the_file_gives_the_same_model_back(sizes, tmp_path):
    save_sizes(sizes, tmp_path / "sizes.json", "test")
    again = load_sizes(tmp_path / "sizes.json")
    bbox = (10, 340, 50, 600)
    assert (again.on_canvas(bbox, 900) == sizes.on_canvas(bbox, 900)).all()
    assert (again.on_lines(bbox, LINES) == sizes.on_lines(bbox, LINES)).all()
    assert again.x_height == sizes.x_height and again.canvas == sizes.canvas
    content = json.loads((tmp_path / "sizes.json").read_text())
    assert content["about"] == "test" and list(content["free"]) == list(CLASSES)


def test_a_file_of_an_earlier_version_is_read(sizes, tmp_path):
    content = json.loads((PROJECT / SIZES_FILE).read_text())
    content["ruled"] = content["ruled"][0]["characters"]
    (tmp_path / "sizes.json").write_text(json.dumps(content))
    old, bbox = load_sizes(tmp_path / "sizes.json"), (50, 130, 90, 230)
    expected = sizes.ruled.models[0].log_likelihood(LINES.measure(bbox))
    assert (old.on_lines(bbox, LINES) == expected).all()


def test_a_damaged_or_missing_file_is_said(tmp_path):
    with pytest.raises(HandwritingError, match="does not exist"):
        load_sizes(tmp_path / "no.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(HandwritingError, match="damaged"):
        load_sizes(tmp_path / "bad.json")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (("canvas", "baseline"), "low"),
        (("canvas", "baseline"), -1),
        (("free", "a", "log_height"), float("inf")),
        (("free", "a", "covariance"), [0.1, 0.5, 0.1]),
        (("ruled", 0, "weight"), 0),
        (("ruled", 0), []),
    ],
)
def test_numbers_that_make_no_sense_are_said(tmp_path, part, value):
    content = json.loads((PROJECT / SIZES_FILE).read_text())
    place = content
    for name in part[:-1]:
        place = place[name]
    place[part[-1]] = value
    (tmp_path / "bad.json").write_text(json.dumps(content))
    with pytest.raises(HandwritingError, match="damaged"):
        load_sizes(tmp_path / "bad.json")
