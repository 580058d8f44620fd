"""The command that fits the temperature on collections that were not trained on."""

import numpy as np
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import load_weights, save_weights
from handwriting.training import fit_temperature
from models import MODELS
from tests.support import pens_of, random_weights


def fit(folder, without: tuple[str, ...] = ()) -> None:
    for name, writers in (("pens", 3), ("known", 2)):
        arrays = {k: v for k, v in vars(pens_of("aga", writers)).items() if v is not None}
        np.savez(folder / f"{name}.npz", **arrays)
    arguments = ["run", "--data", str(folder / "pens.npz"), "--models", str(folder)]
    arguments += ["--without", *(str(folder / f"{name}.npz") for name in without)]
    fit_temperature.main(fit_temperature.get_args_parser().parse_args(arguments))


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    network = MODELS["compactcnn"](num_classes=124)
    facts = {"model": "compactcnn", "temperature": 1.0, "hands_temperature": 0.1}
    save_weights(tmp_path / "run.pt", network.state_dict(), facts)
    return tmp_path / "run.pt"


def test_a_model_that_is_too_sure_of_foreign_hands_gets_a_higher_temperature(
    weights, tmp_path, capsys
):
    before = load_weights(weights)
    fit(tmp_path, without=("known",))
    found = load_weights(weights)
    assert "62 images" in capsys.readouterr().out, "the third writer's alone"
    assert found["hands_temperature"] > 0.11
    assert found["temperature"] == before["temperature"]
    assert all((found["weights"][k] == v).all() for k, v in before["weights"].items())
    assert Recognizer.load(weights).content["held_out_temperature"] == 0.1


def test_fitting_twice_gives_the_same(weights, tmp_path):
    fit(tmp_path)
    once = load_weights(weights)["hands_temperature"]
    fit(tmp_path)
    assert load_weights(weights)["hands_temperature"] == pytest.approx(once, rel=1e-3)


def test_writers_who_were_trained_on_are_refused(weights, tmp_path):
    with pytest.raises(HandwritingError, match="all writers"):
        fit(tmp_path, without=("pens",))


def test_a_run_with_one_head_is_refused(tmp_path):
    random_weights(tmp_path, "run")
    with pytest.raises(HandwritingError, match="no out-of-domain head"):
        fit(tmp_path)
