"""Recipes have the documented values, and wrong values are named."""

import json

import pytest

import model_training
from handwriting.errors import HandwritingError
from handwriting.training.recipes import (
    RECIPES,
    REFERENCE_EPOCHS,
    Recipe,
    changed,
    choose_recipe,
    read_params,
)


def chosen(*options: str) -> Recipe:
    return choose_recipe(model_training.get_args_parser().parse_args(options))


def test_the_reference_recipe_is_that_of_the_reference_implementation():
    assert RECIPES["reference"] == Recipe(
        batch_size=128, optimizer="Adam", lr=0.001, schedule="exponential", gamma=0.999
    )


def test_each_network_has_its_recipe_and_its_epochs():
    for model, epochs in (("customcnn", 20), ("resnet34", 15)):
        assert chosen("--model", model) == Recipe(epochs=epochs)
        assert REFERENCE_EPOCHS[model] == epochs
    assert chosen("--model", "compactcnn") == RECIPES["modern"]
    assert chosen("--model", "compactcnn", "--recipe", "reference") == Recipe(epochs=15)


def test_single_options_win_over_params_and_params_over_the_recipe(tmp_path):
    path = tmp_path / "params.json"
    path.write_text(json.dumps({"lr": 0.004, "batch_size": 64}))
    recipe = chosen("--model", "compactcnn", "--params", str(path), "--lr", "0.007")
    assert (recipe.lr, recipe.batch_size, recipe.beta2) == (0.007, 64, RECIPES["modern"].beta2)


def test_params_of_a_file_replace_the_recipes_values(tmp_path):
    path = tmp_path / "params.json"
    path.write_text(json.dumps({"params": {"lr": 0.004, "augmentation": {"noise": 0.02}}}))
    recipe = changed(RECIPES["modern"], read_params(path))
    assert recipe.lr == 0.004 and recipe.augmentation.noise == 0.02
    assert recipe.augmentation.rotation == RECIPES["modern"].augmentation.rotation
    assert changed(Recipe(), recipe.as_dict()) == recipe


def test_params_of_an_earlier_version_still_work(tmp_path):
    path = tmp_path / "params.json"
    path.write_text(json.dumps({"params": {"averaging": 0.9, "lr": 0.004}}))
    recipe = chosen("--model", "compactcnn", "--params", str(path))
    assert (recipe.ema_decay, recipe.lr) == (0.9, 0.004)


@pytest.mark.parametrize(
    "values",
    [
        {"lr": 0},
        {"epochs": 0},
        {"batch_size": 0},
        {"speed": 3},
        {"optimizer": "SGD"},
        {"schedule": "steps"},
        {"augmentation": {"blur": 1}},
        {"lr": "fast"},
        {"lr": float("inf")},
        {"lr": None},
        {"gamma": float("nan")},
        {"epochs": 2.5},
        {"epochs": True},
        {"batch_size": "many"},
        {"beta2": 1},
        {"weight_decay": None},
        {"warmup": 5},
        {"ema_decay": -1},
        {"optimizer": 3},
        {"augmentation": 3},
        {"augmentation": {"rotation": "far"}},
        {"augmentation": {"noise": 1e308}},
    ],
    ids=str,
)
def test_values_that_make_no_recipe_are_refused(values):
    with pytest.raises(HandwritingError):
        changed(RECIPES["modern"], values)


@pytest.mark.parametrize("content", ["not json", "[1, 2]", '{"params": [1]}', "[" * 100_000])
def test_params_that_are_no_object_are_refused(tmp_path, content):
    (tmp_path / "params.json").write_text(content)
    with pytest.raises(HandwritingError, match=r"params\.json"):
        read_params(tmp_path / "params.json")


def test_missing_params_are_named(tmp_path):
    with pytest.raises(HandwritingError, match="none"):
        read_params(tmp_path / "none.json")
