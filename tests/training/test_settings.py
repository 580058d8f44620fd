"""The settings of a run, from options, and from checkpoints of all versions."""

import dataclasses
import math
from pathlib import Path

import pytest

import model_training
from handwriting.errors import HandwritingError
from handwriting.training.recipes import RECIPES, Recipe
from handwriting.training.settings import Settings, choose_settings
from handwriting.training.text_run import TextSettings


def chosen(*options: str) -> Settings:
    args = model_training.get_args_parser().parse_args(options)
    return choose_settings(args, recipe=RECIPES["modern"], precision="bf16", fingerprint="mark")


FURTHER = Settings(
    model="compactcnn",
    recipe=RECIPES["modern"],
    seed=7,
    fraction=0.5,
    init_from="run",
    init_fraction=0.25,
    alpha=0.75,
    extra_data=("a", "b"),
    extra_fraction=0.2,
    extra_weights=(4.0, 1.0),
    fingerprint="mark",
    synthetic=True,
)
FORMER = FURTHER.as_dict()
for _former, _today in (
    ("start", "init_from"),
    ("start_fraction", "init_fraction"),
    ("extra", "extra_data"),
    ("share", "extra_fraction"),
    ("blend", "alpha"),
):
    FORMER[_former] = FORMER.pop(_today)
FORMER["recipe"] = dict(FORMER["recipe"])
FORMER["recipe"]["averaging"] = FORMER["recipe"].pop("ema_decay")


def test_options_and_facts_are_taken_over():
    settings = chosen("--model", "compactcnn", "--seed", "3", "--fraction", "0.25", "--compile")
    assert settings == Settings(
        "compactcnn",
        RECIPES["modern"],
        seed=3,
        fraction=0.25,
        precision="bf16",
        compile=True,
        fingerprint="mark",
    )


def test_what_goes_with_other_options_is_neutral_without_them():
    plain = chosen("--alpha", "0.3", "--extra-fraction", "0.2")
    assert (plain.alpha, plain.extra_fraction, plain.extra_data) == (1.0, 0.0, ())
    further = chosen("--init-from", "run", "--alpha", "0.3")
    assert (further.init_from, further.alpha) == ("run", 0.3)


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen().seed = 3


@pytest.mark.parametrize("values", [FURTHER.as_dict(), FORMER], ids=["today's", "former"])
def test_a_checkpoint_gives_the_same_settings_back(values):
    assert Settings.from_dict(values) == FURTHER


def test_settings_of_a_run_without_a_start_come_back_too():
    plain = Settings("customcnn", Recipe(epochs=3))
    assert Settings.from_dict(plain.as_dict()) == plain


@pytest.mark.parametrize(
    "values", [{}, [1], {"recipe": {}}, FURTHER.as_dict() | {"speed": 3}], ids=str
)
def test_what_is_no_settings_is_refused(values):
    with pytest.raises(HandwritingError, match="these are not the settings of a run"):
        Settings.from_dict(values)


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", "x"), ("seed", 2**70), ("model", "unheard"), ("heads", 0), ("alpha", 0)],
)
def test_values_of_a_checkpoint_that_make_no_run_are_named(name, value):
    with pytest.raises(HandwritingError, match=f"--{name} must be"):
        Settings.from_dict(FURTHER.as_dict() | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("width", 0), ("hidden", 0), ("layers", 0), ("layers", 100_000), ("width", 100_000)),
        *(("columns", 0), ("epochs", 0), ("epochs", "many"), ("seed", 2**70), ("seed", -1)),
        *(("lr", math.nan), ("lr", 0), ("held_out", 1), ("photographed", 2), ("alpha", 0)),
    ],
)
def test_settings_of_a_text_line_run_have_their_ranges(name, value):
    option = name.replace("_", "-")
    with pytest.raises(HandwritingError, match=f"--{option} must be"):
        TextSettings.from_dict({"data": ["x"], name: value})


@pytest.mark.parametrize("values", [[1], {}, {"data": ["x"], "speed": 3}], ids=str)
def test_what_is_no_settings_of_a_text_line_run_is_refused(values):
    with pytest.raises(HandwritingError, match="these are not the settings of a text-line model"):
        TextSettings.from_dict(values)


def test_hyperparameters_are_flat_and_without_the_files_own_facts():
    found = FURTHER.hyperparameters()
    assert (
        found["lr"] == 0.003 and found["init_from"] == "run" and found["extra_data"] == ["a", "b"]
    )
    assert found["augmentation"]["rotation"] == 10
    assert not set(found) & {"recipe", "model", "fingerprint", "synthetic", "labels"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--extra-data", "x"), "--extra-data needs --init-from"),
        (("--extra", "x"), "--extra-data needs --init-from"),
        (("--fraction", "0"), "--fraction must be greater than 0 and at most 1"),
        (("--fraction", "1.01"), "--fraction must be"),
        (("--fraction", "nan"), "--fraction must be"),
        (("--seed", str(2**70)), "--seed must be a whole number from 0 to 4,294,967,295"),
        (("--seed", "-1"), "--seed must be"),
        (("--extra-fraction", "0"), "--extra-fraction must lie between 0 and 1"),
        (("--share", "1"), "--extra-fraction must lie between 0 and 1"),
        (("--alpha", "0"), "--alpha must be greater than 0 and at most 1"),
        (("--blend", "1.5"), "--alpha must be greater than 0 and at most 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, words):
    with pytest.raises(HandwritingError, match=words):
        chosen(*options)


def test_options_of_earlier_versions_still_work():
    former = ("--start", "run", "--extra", "a", "b", "--share", "0.2", "--blend", "0.3")
    today = ("--init-from", "run", "--extra-data", "a", "b")
    settings = chosen(*former)
    assert settings == chosen(*today, "--extra-fraction", "0.2", "--alpha", "0.3")
    assert settings.extra_data == (str(Path("a")), str(Path("b")))


def test_options_of_earlier_versions_are_not_shown():
    shown = model_training.get_args_parser().format_help().split()
    for option in ("--start", "--extra", "--share", "--blend"):
        assert option not in shown and f"[{option}" not in shown
    assert "--init-from" in shown


def test_sets_are_drawn_as_often_as_the_option_says():
    further = ("--init-from", "run", "--extra-data", "a", "b")
    assert chosen(*further).extra_weights == ()
    assert chosen(*further, "--extra-weights", "4", "1").extra_weights == (4.0, 1.0)


@pytest.mark.parametrize("weights", [("4",), ("4", "0"), ("4", "nan"), ("1", "2", "3")], ids=str)
def test_weights_that_fit_no_sets_are_refused(weights):
    with pytest.raises(HandwritingError, match="--extra-weights"):
        chosen("--init-from", "run", "--extra-data", "a", "b", "--extra-weights", *weights)
