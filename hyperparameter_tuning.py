"""Tune the hyperparameters of a training recipe with Optuna (optional, between stages 2 and 3).

    python hyperparameter_tuning.py --trials 20
    python hyperparameter_tuning.py --minutes 60    continue the same study for an hour
    python hyperparameter_tuning.py --storage postgresql://…     many machines, one study
    python model_training.py --model compactcnn --params metrics/compactcnn_tuning.json

Each trial trains on a part of the images for a few epochs. A median pruner stops trials that fall
behind. A study is an SQLite file by default and can be continued at any time. Writes
metrics/<model>_tuning.json (the best trial) and the plots _tuning_history.png and
_tuning_importances.png.
"""

import argparse
import contextlib
import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import optuna
import torch
from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.exceptions import OptunaError, StorageInternalError
from optuna.storages import BaseStorage
from optuna.study import MaxTrialsCallback, StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from handwriting.cli import make_parser, run_script
from handwriting.compute.devices import DEVICE_HELP, PRECISIONS, keep_memory
from handwriting.datasets.batches import subsample
from handwriting.datasets.prepared import (
    PROCESSED,
    LabelledImages,
    load_images,
    load_manifest,
    load_split,
)
from handwriting.errors import HandwritingError
from handwriting.files import check_writable, replacing, save_json
from handwriting.plots import save_figure
from handwriting.runs import METRICS_FOLDER
from handwriting.training.recipes import Recipe, check_ranges
from handwriting.training.run import DivergedError, Run, unsaved_run
from handwriting.training.settings import Settings
from model_training import train
from models import MODELS

STORAGE = "sqlite:///data/tuning.db"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_FIRST_TRIALS = 5
_VALIDATION_IMAGES = 8000


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """The hyperparameters of one trial, as `handwriting.training.recipes.changed` takes them."""
    between = trial.suggest_float
    return {
        "batch_size": trial.suggest_categorical("batch_size", [64, 128, 256]),
        "lr": between("lr", 1e-3, 1e-2, log=True),
        "weight_decay": between("weight_decay", 0.005, 0.2, log=True),
        "warmup": between("warmup", 0.05, 0.4),
        "ema_decay": 1 - between("forgetting", 5e-4, 2e-2, log=True),
        "augmentation": {
            "rotation": between("rotation", 0, 20),
            "scale": between("scale", 0, 0.25),
            "shear": between("shear", 0, 0.3),
            "shift": between("shift", 0, 1.5),
            "elastic": between("elastic", 0, 1.2),
            "stroke": between("stroke", 0, 0.8),
            "gaps": between("gaps", 0, 0.4),
            "noise": between("noise", 0, 0.1),
        },
    }


class Objective:
    """Best validation loss, in nats, of a short training with a trial's hyperparameters."""

    def __init__(
        self, args: argparse.Namespace, data: LabelledImages, split: dict[str, torch.Tensor]
    ) -> None:
        self.args, self.data, self.rows = args, data, split["train"]
        share = min(1.0, _VALIDATION_IMAGES / len(split["validation"]))
        self.validation = subsample(split["validation"], share)

    def __call__(self, trial: optuna.Trial) -> float:
        """Train; raises ``optuna.TrialPruned`` if the trial falls behind or diverges."""
        values = suggest(trial)
        trial.set_user_attr("params", values)
        best = float("inf")
        try:
            for row in train(self._run(values), self.data, self.validation):
                best = min(best, row["val_loss"])
                trial.set_user_attr("val_accuracy", row["val_accuracy"])
                trial.report(row["val_loss"], int(row["epoch"]))
                if trial.should_prune():
                    raise optuna.TrialPruned
        except DivergedError as error:
            raise optuna.TrialPruned from error
        return best

    def _run(self, values: dict[str, Any]) -> Run:
        args = self.args
        return unsaved_run(
            args.model,
            values | {"epochs": args.epochs},
            self.rows,
            fraction=args.fraction,
            seed=args.seed,
            device=args.device,
            precision=args.precision,
        )


@contextlib.contextmanager
def storing(storage: str | BaseStorage) -> Iterator[None]:
    """A context in which errors of a storage become one sentence.

    Raises:
        HandwritingError: the storage cannot be used.
    """
    try:
        yield
    except (SQLAlchemyError, OptunaError, ImportError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "optuna" not in str(error):
            raise
        cause = error.__cause__ if isinstance(error, StorageInternalError) else None
        reason = str(cause or error).partition("\n")[0].rstrip(".")
        raise HandwritingError(
            without_password(
                f"--storage {storage} cannot be used: {reason}. Check the address, its "
                "permissions, that the database driver is installed, and that Optuna created it."
            )
        ) from error


def without_password(text: str) -> str:
    """A text with the user and password of each address, and passwords in its options, masked."""
    return re.sub(r"(?<=://)\S*@|(?<=password=)[^&\s]+", "***@", text)


def open_study(storage: str | BaseStorage, name: str) -> optuna.Study:
    """The study with this name, created if it does not exist.

    Raises:
        HandwritingError: the storage cannot be used, or another program created the study.
    """
    if str(storage).startswith("sqlite:///") and "file:" not in storage:
        check_writable(Path(storage.removeprefix("sqlite:///")).parent)
    with storing(storage):
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(multivariate=True),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_FIRST_TRIALS),
        )
        if study.directions != [StudyDirection.MINIMIZE] or not all(
            map(_is_own, study.get_trials(deepcopy=False))
        ):
            raise HandwritingError(
                f"the study {name!r} was not created by this program: its direction or "
                "hyperparameters differ. Give another --study."
            )
    return study


def _is_own(trial: FrozenTrial) -> bool:
    """Whether :func:`suggest` made the trial, or it is unfinished."""
    if trial.state not in FINISHED:
        return trial.state is not TrialState.WAITING
    own, found = _search_space(), trial.distributions
    return (
        isinstance(trial.user_attrs.get("params"), dict)
        and isinstance(trial.user_attrs.get("val_accuracy", 0.0), float)
        and found.keys() == own.keys()
        and all(_are_compatible(found[name], own[name]) for name in own)
    )


@cache
def _search_space() -> dict[str, BaseDistribution]:
    trial = optuna.create_study().ask()
    suggest(trial)
    return trial.distributions


def _are_compatible(one: BaseDistribution, other: BaseDistribution) -> bool:
    try:
        check_distribution_compatibility(one, other)
    except ValueError:
        return False
    return True


def finished_trials(study: optuna.Study) -> int:
    """Number of trials completed or pruned, on all machines."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def save_results(study: optuna.Study, args: argparse.Namespace, fingerprint: str) -> None:
    """Write the best trial, and the plots of the study's history and hyperparameter importances."""
    path = args.metrics / f"{args.model}_tuning.json"
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    complete = states.count(TrialState.COMPLETE)
    importances = optuna.importance.get_param_importances(study) if complete > 1 else {}
    command = f"python hyperparameter_tuning.py --model {args.model}"
    result = {
        "command": command,
        "study": study.study_name,
        "model": args.model,
        "trials": len(states),
        "complete": complete,
        "pruned": states.count(TrialState.PRUNED),
        "fraction": args.fraction,
        "epochs": args.epochs,
        "fingerprint": fingerprint,
        "best_val_loss": study.best_value,
        "val_accuracy": study.best_trial.user_attrs.get("val_accuracy"),
        "importances": {name: round(value, 4) for name, value in importances.items()},
        "params": study.best_trial.user_attrs["params"],
    }
    with replacing(path) as (part,):
        save_json(result, part)
    draw = optuna.visualization.matplotlib
    history = draw.plot_optimization_history(study, target_name="Validation loss").figure
    save_figure(history, args.metrics / f"{args.model}_tuning_history.png", command)
    if importances:
        chart = draw.plot_param_importances(study, target_name="Validation loss").figure
        chart.set_layout_engine("constrained")
        save_figure(chart, args.metrics / f"{args.model}_tuning_importances.png", command)
    print(f"best val_loss {study.best_value:.4f} of {len(states)} trials")
    print(f"next: python model_training.py --model {args.model} --params {path}")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--model", choices=list(MODELS), default="compactcnn", help="character model to tune")
    add("--trials", type=int, default=None, help="stop at this number of finished trials")
    add("--minutes", type=float, default=None, help="start no trial after this time")
    add("--fraction", type=float, default=0.1, help="part of the training images in each trial")
    add("--epochs", type=int, default=3, help="epochs of each trial")
    add("--seed", type=int, default=42, help="seed of initial weights and order of images")
    add("--study", default=None, help="name of the study instead of the model's")
    add("--storage", default=STORAGE, help="address of an Optuna storage")
    add("--device", default="auto", help=DEVICE_HELP)
    add("--precision", choices=PRECISIONS, default="auto", help="as in model_training.py")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for metrics and plots")
    return parser


def main(args: argparse.Namespace) -> None:
    """Search until the budget is spent, then save."""
    keep_memory()
    check_options(args)
    check_writable(args.metrics)
    manifest = load_manifest(args.processed)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    objective = Objective(args, load_images(args.processed, "train"), load_split(args.processed))
    study = open_study(args.storage, args.study or args.model)
    with storing(args.storage):
        search(study, objective, args)
        save_results(study, args, manifest["fingerprint"])


def search(study: optuna.Study, objective: Objective, args: argparse.Namespace) -> None:
    """Run trials until the budget is spent.

    Raises:
        HandwritingError: no trial was completed.
    """
    print(f"Tuning {args.model}: study {study.study_name}, {len(study.trials)} trials so far")
    left = None if args.trials is None else args.trials - finished_trials(study)
    if left is None or left > 0:
        study.optimize(
            objective,
            n_trials=left,
            timeout=None if args.minutes is None else 60 * args.minutes,
            callbacks=[MaxTrialsCallback(args.trials, FINISHED)] if args.trials else [],
            show_progress_bar=True,
        )
    if not any(trial.state is TrialState.COMPLETE for trial in study.trials):
        raise HandwritingError("no trial was completed. Give more --trials or --minutes.")


def check_options(args: argparse.Namespace) -> None:
    """Check the command line.

    Raises:
        HandwritingError: there is no budget, or a value is out of range.
    """
    if args.trials is None and args.minutes is None:
        raise HandwritingError("give a budget: --trials or --minutes.")
    if args.trials is not None:
        check_ranges(args, {"trials": (int, 1, 10**9)})
    if args.minutes is not None:
        check_ranges(args, {"minutes": (float, 0, 10**6)})
    Settings(args.model, Recipe(epochs=args.epochs), seed=args.seed, fraction=args.fraction)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
