"""Time and memory of stage 4."""

import pytest

from benchmarks import common, evaluation
from handwriting.datasets.prepared import load_images
from tests.benchmarks.support import call_here, committed, run_here, run_quick
from tests.support import random_weights


def test_a_larger_test_set_is_the_one_at_hand_over_and_over(processed, tmp_path):
    evaluation.repeated(processed, 1_000, tmp_path)
    small, large = load_images(processed, "test"), load_images(tmp_path, "test")
    assert len(large) == 1_000 > len(small)
    rows = range(0, 1_000, 37)
    assert all((large.images[row] == small.images[row % len(small)]).all() for row in rows)


@pytest.mark.usefixtures("no_plots")
def test_stage_4_is_measured(processed, tmp_path, monkeypatch):
    monkeypatch.setattr(common, "run_once", run_here)
    models, empty = tmp_path / "models", tmp_path / "empty"
    models.mkdir()
    empty.mkdir()
    random_weights(models, "run")
    arguments = ("run", "--models", models, "--processed", processed)
    then = {"alone": call_here}
    (result,) = run_quick(evaluation, empty, *arguments, then=then).values()
    known = committed("benchmarks/evaluation.json")
    assert list(result) == list(known) and list(result["sizes"][0]) == list(known["sizes"][0])
    (size,) = result["sizes"]
    assert size["rows"] == len(load_images(processed, "test"))
    assert size["seconds_spread"] == [size["seconds"]] * 2 == [2.0, 2.0]
