"""Names and files of runs, content of weights files, and their networks."""

import functools
import json
import math
import re
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from handwriting.errors import HandwritingError
from handwriting.files import load_torch, replacing, save_torch
from handwriting.labels import CLASSES, NUM_CLASSES
from models import MODELS, select_outputs

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
_DATE = re.compile(rf"_(\d{{4}})_({'|'.join(_MONTHS)})(\d\d)_(\d\d)_(\d\d)$")
_LONGEST_NAME = 100
"""Bytes in UTF-8: file systems allow 255, and a comparison plot's name contains two runs."""

_WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64)
_FACTS = {"epoch": int, "epochs": int, "synthetic": bool, "labels": str, "fingerprint": str}
_TRAINED_ON = "training_frequencies"
_SHARES = ("fraction", "init_fraction", "extra_held_out")
_TAKE_ANOTHER = "Take a file that 'python model_training.py' wrote (stage 3)."

_FORMER_NAMES = {
    "averaging": "ema_decay",
    "start": "init_from",
    "start_fraction": "init_fraction",
    "extra": "extra_data",
    "share": "extra_fraction",
    "blend": "alpha",
}


def current_names(values: dict[str, Any]) -> dict[str, Any]:
    """Settings with former names replaced by the current ones."""
    return {_FORMER_NAMES.get(name, name): value for name, value in values.items()}


def run_name(model: str, start: datetime) -> str:
    """Name such as ``customcnn_2024_July31_16_32``, with English months in any locale."""
    month = _MONTHS[start.month - 1]
    return f"{model}_{start.year}_{month}{start.day:02d}_{start:%H_%M}"


def _is_name(name: str) -> bool:
    plain = name.isprintable() and not name.startswith(".") and not set(name) & set("/\\")
    return plain and 0 < len(name.encode()) <= _LONGEST_NAME


@dataclass(frozen=True)
class RunFiles:
    """Name, folders and files of one run.

    Raises:
        HandwritingError: the name is not a plain file name.
    """

    name: str
    models: Path = MODELS_FOLDER
    metrics: Path = METRICS_FOLDER

    def __post_init__(self) -> None:
        """Check the name."""
        if not _is_name(self.name):
            raise HandwritingError(
                f"{self.name!r} is not a valid name for a run. Give a name of 1 to {_LONGEST_NAME} "
                "bytes in UTF-8, without / and \\, that does not begin with a dot."
            )

    @property
    def weights(self) -> Path:
        """Weights of the kept epoch, in half precision."""
        return self.models / f"{self.name}.pt"

    @property
    def checkpoint(self) -> Path:
        """Checkpoint after the last epoch, to resume from."""
        return self.models / "checkpoints" / f"{self.name}.pt"

    def metric(self, ending: str) -> Path:
        """Path such as ``metrics/<run>_history.csv``, for ``history.csv``."""
        return self.metrics / f"{self.name}_{ending}"

    @property
    def start(self) -> datetime:
        """Date in the name, or modification time of the weights."""
        if found := _DATE.search(self.name):
            year, month, *others = found.groups()
            try:
                return datetime(int(year), _MONTHS.index(month) + 1, *map(int, others))
            except ValueError:
                pass  # There is no such day.
        try:
            return datetime.fromtimestamp(self.weights.stat().st_mtime)
        except (OSError, ValueError, OverflowError):
            return datetime.min


def list_runs(models: Path = MODELS_FOLDER, metrics: Path = METRICS_FOLDER) -> list[RunFiles]:
    """The runs with a weights file in a folder, sorted by name.

    Other entries that end in .pt are skipped, with one note each on standard error.
    """
    runs = []
    for path in sorted(models.glob("[!.]*.pt")):
        if path.is_file() and _is_name(path.stem):
            runs.append(RunFiles(path.stem, models, metrics))
        else:
            _say_skipped(path)
    return runs


@functools.cache
def _say_skipped(path: Path) -> None:
    # Standard output may be a JSON object.
    kind = "has an invalid name" if path.is_file() else "is not a file"
    print(f"  note: {str(path)!r} is skipped: it {kind}", file=sys.stderr)


def newest_first(runs: list[RunFiles]) -> list[RunFiles]:
    """Runs sorted by start, newest first; in the same minute the more accurate one first.

    Modification times alone do not suffice, because a clone writes all files at once.
    """
    return sorted(runs, key=lambda r: (r.start, accuracy_on_test_set(r) or 0, r.name), reverse=True)


def find_run(
    name: str,
    models: Path = MODELS_FOLDER,
    metrics: Path = METRICS_FOLDER,
    program: str = "model_training.py",
) -> RunFiles:
    """Find a run.

    Args:
        name: name, file name or path of a run, or ``latest`` for the newest one.
        models: folder with weights.
        metrics: folder with metrics.
        program: script that writes such weights, for errors.

    Raises:
        HandwritingError: the folder or the file is missing.
    """
    path = Path(name)
    if path.suffix == ".pt" and path.parent != Path():
        models = path.parent
    if not models.is_dir():
        raise HandwritingError(f"the folder {models} does not exist. Run 'python {program}' first.")
    present = list_runs(models, metrics)
    if name == "latest" and present:
        return newest_first(present)[0]
    run = RunFiles(re.sub(r"\.pt$", "", path.name), models, metrics)
    if not run.weights.is_file():
        listed = ", ".join(run.name for run in present) or "none"
        raise HandwritingError(
            f"{run.weights} does not exist. Weights in {models}: {listed}. "
            f"Give one of these or run 'python {program}'."
        )
    return run


def half_precision(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copy weights, with kernels and matrices in float16 and biases and statistics in float32."""
    return {
        name: tensor.detach().to("cpu", torch.float16 if tensor.ndim > 1 else None, copy=True)
        for name, tensor in state.items()
    }


def save_weights(path: Path, state: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
    """Write a weights file, with the weights in half precision and the facts of their run."""
    content = {"weights": half_precision(state), "classes": list(CLASSES), **facts}
    with replacing(path) as (part,):
        save_torch(content, part)


def load_weights(path: Path) -> dict[str, Any]:
    """Read a weights file of this project, or the bare weights of the reference implementation.

    Returns:
        ``weights`` (name to tensor) and ``model`` (name in `models.MODELS`). Files of this project
        also have ``classes``, ``hyperparameters``, ``fingerprint``, ``synthetic``, ``labels``,
        ``epoch`` (kept), ``epochs`` (trained), ``metrics`` (of the kept epoch), ``last_metrics``
        (of the last epoch), ``temperature``, ``frequencies`` (class prior of the predictions),
        ``training_frequencies`` (class prior of the training), and ``hands_temperature`` if there
        is an out-of-domain head.

    Raises:
        HandwritingError: the file is missing, truncated or not a weights file, or its weights or
            calibration are not finite numbers.
    """
    content = load_torch(path, _TAKE_ANOTHER)
    if content.get("kind") == "line reader":
        raise HandwritingError(
            f"{path} is a text-line model, not a character model. {_TAKE_ANOTHER}"
        )
    if "weights" not in content:
        content = {"weights": content, "model": _recognise_model(content)}
    if isinstance(content.get("hyperparameters"), dict):
        content["hyperparameters"] = current_names(content["hyperparameters"])
    if not _is_complete(content):
        raise HandwritingError(f"{path} is not a weights file of this project. {_TAKE_ANOTHER}")
    numbers = [content.get(name, 1.0) for name in ("temperature", "hands_temperature")]
    numbers += [*(content.get("frequencies") or ()), *(content.get(_TRAINED_ON) or ())]
    if not are_finite(content["weights"]) or not all(map(_is_positive, numbers)):
        raise HandwritingError(
            f"{path} holds weights that are not finite numbers in half, single or double "
            f"precision: it was converted, or its training diverged. {_TAKE_ANOTHER}"
        )
    return content


def are_finite(weights: object) -> bool:
    """Whether it is a non-empty dictionary of finite tensors of float16, bfloat16, float32, float64
    or int64."""
    tensors = weights.values() if isinstance(weights, dict) else ()
    sound = [
        isinstance(t, torch.Tensor) and t.dtype in _WEIGHT_TYPES and bool(t.isfinite().all())
        for t in tensors
    ]
    return bool(sound) and all(sound)


def _is_complete(content: dict[str, Any]) -> bool:
    """Whether the parts of a weights file are present and of the right type."""
    classes = content.get("classes", list(CLASSES))
    used = content.get("hyperparameters", {})
    rows = (content.get(name, {}) for name in ("metrics", "last_metrics"))
    return (
        isinstance(content.get("model"), str)
        and isinstance(content["weights"], dict)
        and isinstance(classes, list)
        and classes == list(CLASSES)
        and isinstance(used, dict)
        and all(isinstance(content.get(name, kind()), kind) for name, kind in _FACTS.items())
        and all(is_share(used.get(name, 0.0)) for name in _SHARES)
        and all(isinstance(row, dict) and all(map(_is_number, row.values())) for row in rows)
        and all(map(_is_of_classes, (content.get("frequencies"), content.get(_TRAINED_ON))))
    )


def _is_of_classes(values: object) -> bool:
    return values is None or (isinstance(values, list) and len(values) == NUM_CLASSES)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def is_share(value: object) -> bool:
    """Whether it is a number in 0..1."""
    return _is_number(value) and 0 <= value <= 1


def _is_positive(number: object) -> bool:
    return isinstance(number, int | float) and 0 < number < math.inf


def _recognise_model(state: dict[str, Any]) -> str | None:
    marks = {"layer5.1.weight": "customcnn", "layer4.2.conv2.weight": "resnet34"}
    return next((model for mark, model in marks.items() if mark in state), None)


def has_hands_head(content: dict[str, Any]) -> bool:
    """Whether a weights file has an out-of-domain head beside the EMNIST head."""
    return "hands_temperature" in content


def temperature(content: dict[str, Any], prior: str) -> float:
    """Temperature that divides the logits of the head for a prior, ``emnist`` or ``equal``."""
    name = "hands_temperature" if prior == "equal" and has_hands_head(content) else "temperature"
    return float(content.get(name, 1.0))


def build_network(content: dict[str, Any], path: Path, prior: str = "emnist") -> nn.Module:
    """The network of a weights file's content, in evaluation mode, float32, on the CPU.

    Args:
        content: as :func:`load_weights` returns it.
        path: the file, for errors.
        prior: of two heads, ``emnist`` takes the EMNIST head, ``equal`` the out-of-domain head.

    Raises:
        HandwritingError: the weights do not fit the architecture that the file names, or the logits
            are not finite.
    """
    if content["model"] not in MODELS:
        raise HandwritingError(
            f"{path} is for the architecture {content['model']!r}, which this version lacks "
            f"(it has {', '.join(MODELS)})."
        )
    heads = 2 if has_hands_head(content) else 1
    network = MODELS[content["model"]](num_classes=heads * NUM_CLASSES)
    try:
        network.load_state_dict({name: t.float() for name, t in content["weights"].items()})
    except (RuntimeError, AttributeError) as error:
        raise HandwritingError(
            f"{path}: the weights do not fit the model {content['model']!r}. {_TAKE_ANOTHER}"
        ) from error
    first = NUM_CLASSES if heads == 2 and prior == "equal" else 0
    select_outputs(network, first, NUM_CLASSES)
    network = network.eval().to(memory_format=torch.channels_last)
    if not _gives_numbers(network):
        raise HandwritingError(
            f"{path}: the logits are not finite, because weights are too large: its training "
            f"diverged. {_TAKE_ANOTHER}"
        )
    return network


@torch.inference_mode()
def _gives_numbers(network: nn.Module) -> bool:
    """Whether the logits of an all-black and of an all-white image are finite."""
    images = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 28, 28)
    return bool(network(images).isfinite().all())


def accuracy_on_test_set(run: RunFiles) -> float | None:
    """Accuracy in 0..1 over 62 classes on the real test set; ``None`` if it was not measured or its
    file is damaged."""
    try:
        figures = json.loads(run.metric("metrics.json").read_text(encoding="utf-8"))
        accuracy = None if figures["synthetic"] else figures["accuracy"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return float(accuracy) if is_share(accuracy) else None


def available_runs(
    models: Path = MODELS_FOLDER, metrics: Path = METRICS_FOLDER
) -> dict[RunFiles, float | None]:
    """Runs with a weights file and their accuracy on the test set, best first."""
    accuracies = {run: accuracy_on_test_set(run) for run in list_runs(models, metrics)}
    return dict(sorted(accuracies.items(), key=lambda item: -(item[1] or 0)))
