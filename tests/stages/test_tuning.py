"""The search for better values: it resumes, and stage 3 trains with what it found."""

import json

import pytest

import hyperparameter_tuning
from handwriting.errors import HandwritingError
from handwriting.runs import load_weights
from tests.support import train

pytestmark = pytest.mark.usefixtures("small_model")


@pytest.fixture
def tune(processed, tmp_path):
    """Run the search in a folder of its own; returns what it saved."""

    def run(*more: str) -> dict:
        storage = f"sqlite:///{tmp_path / 'study' / 'tuning.db'}"
        arguments = ["--processed", str(processed), "--metrics", str(tmp_path), "--model", "small"]
        arguments += ["--storage", storage, "--fraction", "0.3", "--epochs", "1"]
        parser = hyperparameter_tuning.get_args_parser()
        hyperparameter_tuning.main(parser.parse_args([*arguments, *more]))
        return json.loads((tmp_path / "small_tuning.json").read_text())

    return run


def test_a_study_is_gone_on_with_and_its_best_trial_trains(tune, processed, tmp_path):
    assert tune("--trials", "1")["trials"] == 1
    assert tune("--trials", "3")["trials"] == 3
    found = tune("--trials", "3")
    assert found["trials"] == 3, "a finished study must not grow"
    for plot in ("history", "importances"):
        path = tmp_path / f"small_tuning_{plot}.png"
        assert path.read_bytes().startswith(b"\x89PNG")
    params = ("--params", str(tmp_path / "small_tuning.json"))
    train(processed, tmp_path, "--model", "small", *params, "--epochs", "1", "--name", "run")
    used = load_weights(tmp_path / "models" / "run.pt")["hyperparameters"]
    assert used["lr"] == found["params"]["lr"]
    assert used["augmentation"] == found["params"]["augmentation"]
    assert used["ema_decay"] == found["params"]["ema_decay"]
    assert used["epochs"] == 1


def test_without_a_budget_it_says_so(tune):
    with pytest.raises(HandwritingError, match="--trials or --minutes"):
        tune()


def test_a_storage_that_is_none_is_named(tune):
    with pytest.raises(HandwritingError, match="nothing://here"):
        tune("--trials", "1", "--storage", "nothing://here")
