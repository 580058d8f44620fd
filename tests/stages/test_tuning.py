"""The search for better values: it resumes, and stage 3 trains with what it found."""

import json

import pytest

import hyperparameter_tuning
import model_training
from handwriting.errors import HandwritingError
from handwriting.runs import load_weights


@pytest.fixture
def tune(processed, tmp_path):
    """Run the search in a folder of its own; returns what it saved."""

    def run(*more: str) -> dict:
        storage = f"sqlite:///{tmp_path / 'study' / 'tuning.db'}"
        arguments = ["--processed", str(processed), "--metrics", str(tmp_path)]
        arguments += ["--storage", storage, "--fraction", "0.3", "--epochs", "1"]
        parser = hyperparameter_tuning.get_args_parser()
        hyperparameter_tuning.main(parser.parse_args([*arguments, *more]))
        return json.loads((tmp_path / "compactcnn_tuning.json").read_text())

    return run


def test_a_study_is_gone_on_with_and_its_best_trial_trains(tune, processed, tmp_path):
    assert tune("--trials", "1")["trials"] == 1
    assert tune("--trials", "3")["trials"] == 3
    found = tune("--trials", "3")
    assert found["trials"] == 3, "a finished study must not grow"
    for plot in ("history", "importances"):
        path = tmp_path / f"compactcnn_tuning_{plot}.png"
        assert path.read_bytes().startswith(b"\x89PNG")
    parser = model_training.get_args_parser()
    arguments = ["--model", "compactcnn", "--params", str(tmp_path / "compactcnn_tuning.json")]
    arguments += ["--processed", str(processed), "--models", str(tmp_path / "models")]
    arguments += ["--metrics", str(tmp_path), "--epochs", "1", "--name", "run"]
    model_training.main(parser.parse_args(arguments))
    used = load_weights(tmp_path / "models" / "run.pt")["hyperparameters"]
    assert used["lr"] == found["params"]["lr"]
    assert used["augmentation"] == found["params"]["augmentation"]
    assert used["epochs"] == 1


def test_without_a_budget_it_says_so(tune):
    with pytest.raises(HandwritingError, match="--trials or --minutes"):
        tune()


def test_a_storage_that_is_none_is_named(tune):
    with pytest.raises(HandwritingError, match="nothing://here"):
        tune("--trials", "1", "--storage", "nothing://here")
