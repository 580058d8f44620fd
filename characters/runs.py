"""The name and the files of a run, and what a weights file holds."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from characters.errors import CharactersError
from characters.files import load_torch, replacing, save_torch
from characters.labels import CLASSES

MODELS_FOLDER = Path("models")
METRICS_FOLDER = Path("metrics")

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def run_name(model: str, start: datetime) -> str:
    """As ``customcnn_2024_July31_16_32``; English months whatever the locale."""
    month = _MONTHS[start.month - 1]
    return f"{model}_{start.year}_{month}{start.day:02d}_{start:%H_%M}"


@dataclass(frozen=True)
class RunFiles:
    """Where the files of one run are."""

    name: str
    models: Path = MODELS_FOLDER
    metrics: Path = METRICS_FOLDER

    @property
    def weights(self) -> Path:
        """The best validation epoch, in half precision."""
        return self.models / f"{self.name}.pt"

    @property
    def checkpoint(self) -> Path:
        """The whole state after the last epoch, to resume from."""
        return self.models / "checkpoints" / f"{self.name}.pt"

    def metric(self, ending: str) -> Path:
        """As ``metrics/<run>_history.csv`` for ``history.csv``."""
        return self.metrics / f"{self.name}_{ending}"


def find_run(name: str, models: Path = MODELS_FOLDER, metrics: Path = METRICS_FOLDER) -> RunFiles:
    """The run of a name, a file name or a path; the newest weights file for ``latest``.

    Raises:
        CharactersError: the folder or the file is missing.
    """
    path = Path(name)
    if path.suffix == ".pt" and path.parent != Path():
        models = path.parent
    if not models.is_dir():
        raise CharactersError(
            f"the folder {models} does not exist. Run 'python model_training.py' first (stage 3)."
        )
    present = sorted(models.glob("*.pt"), key=lambda file: (file.stat().st_mtime, file.name))
    if name == "latest" and present:
        return RunFiles(present[-1].stem, models, metrics)
    run = RunFiles(re.sub(r"\.pt$", "", path.name), models, metrics)
    if not run.weights.is_file():
        listed = ", ".join(file.stem for file in present) or "none"
        raise CharactersError(
            f"{run.weights} does not exist. Weights in {models}: {listed}. "
            "Give one of these or run 'python model_training.py' (stage 3)."
        )
    return run


def load_checkpoint(name: str, models: Path) -> dict[str, Any]:
    """The saved state of a run; of the newest one for ``latest``.

    Raises:
        CharactersError: there is none, or it is damaged.
    """
    folder = models / "checkpoints"
    if name == "latest":
        found = sorted(folder.glob("*.pt"), key=lambda file: file.stat().st_mtime)
        if not found:
            raise CharactersError(f"{folder} holds no run to resume. Start one without --resume.")
        path = found[-1]
    else:
        path = folder / f"{Path(name).stem}.pt"
    state = load_torch(path, "Start the run anew without --resume.")
    parts = {"name", "settings", "history", "network", "optimizer", "scheduler", "average"}
    if not parts <= set(state):
        raise CharactersError(
            f"{path} is not a checkpoint of this project. Start the run anew without --resume."
        )
    return state


def half_precision(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copy weights with kernels and matrices in float16; biases and statistics stay float32."""
    return {
        name: tensor.detach().to("cpu", torch.float16 if tensor.ndim > 1 else None, copy=True)
        for name, tensor in state.items()
    }


def save_weights(path: Path, state: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
    """Write a weights file: the weights in half precision and the facts of their run."""
    content = {"weights": half_precision(state), "classes": list(CLASSES), **facts}
    with replacing(path) as (part,):
        save_torch(content, part)


def load_weights(path: Path) -> dict[str, Any]:
    """Read a weights file of this project, or the bare weights of the reference implementation.

    Returns:
        ``weights`` (name to tensor), ``model`` (name in `models.MODELS`), and, in files of this
        project, ``classes``, ``hyperparameters``, ``fingerprint``, ``synthetic``, ``labels``,
        ``epoch``, ``metrics`` and, once the run is finished, ``temperature``, ``frequencies`` (that
        the answers follow) and ``training_frequencies`` (that the scores were learned with).

    Raises:
        CharactersError: missing, cut short, or not a weights file.
    """
    remedy = "Take a file that 'python model_training.py' wrote (stage 3)."
    content = load_torch(path, remedy)
    if "weights" not in content:
        content = {"weights": content, "model": _recognise_model(content)}
    sound = isinstance(content.get("model"), str) and isinstance(content["weights"], dict)
    if not sound or content.get("classes", list(CLASSES)) != list(CLASSES):
        raise CharactersError(f"{path} is not a weights file of this project. {remedy}")
    return content


def _recognise_model(state: dict[str, Any]) -> str | None:
    marks = {"layer5.1.weight": "customcnn", "layer4.2.conv2.weight": "resnet34"}
    return next((model for mark, model in marks.items() if mark in state), None)


def test_accuracy(run: RunFiles) -> float | None:
    """Accuracy over 62 classes on the real test set; ``None`` where it was not measured."""
    try:
        figures = json.loads(run.metric("metrics.json").read_text(encoding="utf-8"))
        return None if figures["synthetic"] else float(figures["accuracy"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def available_runs(
    models: Path = MODELS_FOLDER, metrics: Path = METRICS_FOLDER
) -> dict[RunFiles, float | None]:
    """Runs with a weights file and their accuracy on the test set, the best one first."""
    runs = [RunFiles(path.stem, models, metrics) for path in sorted(models.glob("*.pt"))]
    accuracies = {run: test_accuracy(run) for run in runs}
    return dict(sorted(accuracies.items(), key=lambda item: -(item[1] or 0)))
