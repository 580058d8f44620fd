"""The hyperparameter search resumes, and stage 3 trains with its result."""

import contextlib
import json
import sqlite3

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

import hyperparameter_tuning
from handwriting.errors import HandwritingError
from handwriting.runs import load_weights
from handwriting.training.run import DivergedError
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


@pytest.mark.parametrize(
    "options",
    [
        *(("--trials", "0"), ("--trials", "-3"), ("--minutes", "nan"), ("--minutes", "inf")),
        *(("--fraction", "0"), ("--fraction", "nan"), ("--seed", str(2**70)), ("--epochs", "0")),
    ],
    ids=" ".join,
)
def test_options_that_allow_no_trial_are_refused_before_there_is_a_study(tune, tmp_path, options):
    with pytest.raises(HandwritingError, match=f"{options[0]} must be"):
        tune(*({"--trials": ()}.get(options[0], ("--trials", "1"))), *options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_takes_no_figures_is_said_before_there_is_a_study(tune, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HandwritingError, match="is not writable"):
        tune("--trials", "1", "--metrics", str(tmp_path / "file"))
    assert not (tmp_path / "study").exists()


def test_a_storage_that_is_none_is_named_without_its_password(tmp_path):
    (tmp_path / "text.db").write_text("no database")
    for storage, named in (
        ("nothing://me:secret@here", r"nothing://\*\*\*@here"),
        ("postgresql://me:sec/ret@here/x?password=secret", r"postgresql://\*\*\*@here"),
        (f"sqlite:///{tmp_path / 'text.db'}", r"text\.db"),
        (f"sqlite:///{tmp_path}", "unable to open"),
    ):
        with pytest.raises(HandwritingError, match=named) as caught:
            hyperparameter_tuning.open_study(storage, "study")
        assert "ret" not in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


def test_a_database_of_another_schema_is_said(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("create table studies (something int)")
        database.commit()
    with pytest.raises(HandwritingError, match=r"other\.db cannot be used: .*no column"):
        hyperparameter_tuning.open_study(f"sqlite:///{tmp_path / 'other.db'}", "study")


def test_a_database_that_cannot_be_written_to_any_more_is_said():
    error = StorageInternalError("An exception is raised during the commit.")
    error.__cause__ = OperationalError("insert", {}, Exception("attempt to write a readonly one"))
    with pytest.raises(HandwritingError, match="readonly"), hyperparameter_tuning.storing("x"):
        raise error


@pytest.fixture(scope="module")
def storage() -> optuna.storages.BaseStorage:
    return optuna.storages.InMemoryStorage()


def ask_for_others(trial: optuna.Trial) -> float:
    return trial.suggest_float("x", 0, 1)


def ask_under_the_same_name(trial: optuna.Trial) -> float:
    return float(trial.suggest_categorical("batch_size", ["a", "b"]) == "a")


@pytest.mark.parametrize(
    ("name", "directions", "objective"),
    [
        ("largest", ["maximize"], None),
        ("two goals", ["minimize", "minimize"], None),
        ("other values", ["minimize"], ask_for_others),
        ("other choices", ["minimize"], ask_under_the_same_name),
    ],
)
def test_a_study_of_another_program_is_refused(storage, name, directions, objective):
    study = optuna.create_study(storage=storage, study_name=name, directions=directions)
    if objective:
        study.optimize(objective, n_trials=1)
    with pytest.raises(HandwritingError, match=f"'{name}' was not created by this program"):
        hyperparameter_tuning.open_study(storage, name)


def test_a_trial_that_diverges_is_given_up_and_the_search_goes_on(tune, monkeypatch):
    trained = hyperparameter_tuning.train

    def train_or_diverge(run, *others):
        if not diverged:
            diverged.append(run)
            raise DivergedError("the loss is not a number")
        yield from trained(run, *others)

    diverged = []
    monkeypatch.setattr(hyperparameter_tuning, "train", train_or_diverge)
    found = tune("--trials", "2")
    assert (found["complete"], found["pruned"]) == (1, 1)
