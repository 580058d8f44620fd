"""Training time of CompactCNN to the accuracy of CustomCNN."""

import json

import pytest

from benchmarks import time_to_accuracy
from handwriting.errors import HandwritingError
from handwriting.training.recipes import RECIPES, changed, read_params
from tests.benchmarks.support import committed, run_quick
from tests.support import random_weights

SPEED = {"ours": 1000.0, "baseline": 100.0}


@pytest.fixture
def goal(tmp_path, processed):
    """Options that name a run with an accuracy."""
    random_weights(tmp_path, "goal", hyperparameters={"epochs": 5})
    figures = {"accuracy": 0.5, "synthetic": False}
    (tmp_path / "goal_metrics.json").write_text(json.dumps(figures))
    options = ("--models", tmp_path, "--metrics", tmp_path, "--processed", processed)
    return ("goal", *options)


def measure(folder, goal):
    empty = folder / "empty"
    empty.mkdir()
    then = {"measure_speed": lambda args: SPEED}
    arguments = (*goal, "--fraction", 0.1)
    (result,) = run_quick(time_to_accuracy, empty, *arguments, then=then).values()
    return result


def test_times_are_those_of_the_images_of_all_epochs(goal, tmp_path):
    result = measure(tmp_path, goal)
    known = committed("benchmarks/time_to_accuracy.json")
    assert list(result) == list(known)
    for part in ("goal", "customcnn_images_per_second", "customcnn_seconds", "ratios"):
        assert set(result[part]) == set(known[part])
    (quick,) = result["compactcnn"]
    assert list(quick) == list(known["compactcnn"][0])
    assert 0 <= quick["test_accuracy"] <= 1 and quick["epochs"] == 1
    assert result["goal"] == {"run": "goal", "test_accuracy": 0.5}
    assert result["customcnn_epochs"] == {"as_trained": 5, "reference_recipe": 20}


def test_a_run_without_an_accuracy_is_no_goal(goal, tmp_path):
    (tmp_path / "goal_metrics.json").unlink()
    with pytest.raises(HandwritingError, match=r"model_evaluation\.py goal"):
        measure(tmp_path, goal)


def test_the_quick_recipe_is_one():
    recipe = changed(RECIPES["modern"], read_params(time_to_accuracy.QUICK_RECIPE))
    assert recipe.epochs == 1 and recipe.ema_decay == 0.99 and not recipe.augmentation.rotation
