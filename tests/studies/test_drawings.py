"""Accuracy on drawings, read in four ways."""

import csv
import shutil

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.recognition.sizes import SIZES_FILE, load_sizes
from studies import drawings as study
from studies.drawings import CHANGES, WAYS, most_confused, plainly_shrunk
from tests.benchmarks.support import committed, run_quick
from tests.support import PROJECT, random_weights, ring


def measure(folder, models, empty, *more):
    then = {"load_sizes": lambda: load_sizes(PROJECT / SIZES_FILE)}
    arguments = ("run", folder, "--models", models, *more)
    return run_quick(study, empty, *arguments, then=then)["drawings.json"]


def test_all_ways_are_measured(drawings, models, tmp_path, capsys):
    result = measure(drawings, models, tmp_path, "--every", 1)
    assert list(result) == list(committed("studies/drawings.json"))
    assert result["drawings"] == 4 * 62 and result["writers"] == 4
    assert set(result["changed_answers"]) == set(CHANGES)
    assert all(0 <= result[way]["accuracy"] <= 1 for way in WAYS)
    # Moving changes nothing at all: the ink is cut out of the canvas.
    assert result["changed_answers"]["moved"] == 0
    assert "converted and size" in capsys.readouterr().out


def test_a_run_that_was_trained_on_drawings_is_refused(drawings, models, tmp_path):
    trained = {"extra_data": ["drawings"]}
    random_weights(tmp_path, "run", hyperparameters=trained)
    with pytest.raises(HandwritingError, match="left_out_writers"):
        study.main(study.get_args_parser().parse_args(["run", "x", "--models", str(tmp_path)]))


def test_writers_have_to_be_named_and_drawings_to_have_ink(drawings, tmp_path):
    folder = tmp_path / "drawings"
    shutil.copytree(drawings, folder)
    Image.new("L", (100, 100), 255).save(folder / "DejaVuSans_0.png")
    with pytest.raises(HandwritingError, match=r"DejaVuSans_0\.png has no ink"):
        study.load_drawings(folder, 1)
    with (folder / "labels.csv").open("w", newline="") as table:
        csv.writer(table).writerows([("file", "character"), ("DejaVuSans_1.png", "1")])
    with pytest.raises(HandwritingError, match="column writer"):
        study.load_drawings(folder, 1)


def test_changes_of_the_pen_change_the_ink():
    ink = ring(100, 80)
    areas = {name: (change(ink) > 127).sum() / ink.size for name, change in CHANGES.items()}
    area = (ink > 127).sum() / ink.size
    assert areas["moved"] == area
    assert areas["pen 8 pixels thicker"] > 1.5 * area > area > areas["pen 8 pixels thinner"]
    assert CHANGES["half the size"](ink).shape == (150, 150)


def test_plain_shrinking_keeps_the_whole_canvas_in_white_on_black():
    small = plainly_shrunk(Image.fromarray(255 - ring(280, 280, top=10, left=10)))
    assert small.shape == (28, 28) and small[0].max() < 64 < small[1].max()


def test_pairs_are_counted_in_both_directions():
    answers, labels = np.array([0, 24, 0, 1]), np.array([24, 0, 0, 2])
    assert most_confused(answers, labels) == {"0 and O": 2, "1 and 2": 1}
