"""Training recipes: the choices of a recipe in one object, and the recipes by name.

`model_training.py --recipe` takes a name of RECIPES. `--params` takes a JSON file that changes
values of the recipe; `hyperparameter_tuning.py` writes such files.
"""

import argparse
import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handwriting.datasets.augmentation import Augmentation
from handwriting.errors import HandwritingError
from handwriting.files import check_is_file
from handwriting.runs import current_names

RECIPE_NAMES = {"customcnn": "reference", "resnet34": "reference", "compactcnn": "modern"}
"""The default recipe of each network."""

REFERENCE_EPOCHS = {"customcnn": 20, "resnet34": 15, "compactcnn": 15}
"""Epochs of the reference recipe for each network."""

RECIPE_OPTIONS = {
    "epochs": (int, "passes over the training images"),
    "batch_size": (int, "images per optimiser step, over all ranks"),
    "lr": (float, "peak learning rate"),
    "gamma": (float, "learning rate decay per epoch (exponential schedule)"),
}
"""Recipe values with a command-line option: type and help."""

OPTIMIZERS = ("Adam", "AdamW")
SCHEDULES = ("exponential", "one-cycle")

Ranges = dict[str, tuple[type, float, float]]
"""Type (``int`` or ``float``), smallest and largest value of numbers by name."""

SEED: Ranges = {"seed": (int, 0, 2**32 - 1)}

_RANGES: Ranges = {
    "epochs": (int, 1, 100_000),
    "batch_size": (int, 1, 10**9),
    "lr": (float, 0, 1e30),
    "beta2": (float, 0, 0.999999),
    "weight_decay": (float, 0, 100),
    "gamma": (float, 0, 1e30),
    "warmup": (float, 0, 1),
    "ema_decay": (float, 0, 1),
}
_AUGMENTATION_RANGES: Ranges = {
    "rotation": (float, 0, 180),
    "scale": (float, 0, 3),
    "shear": (float, 0, 3),
    "shift": (float, 0, 28),
    "elastic": (float, 0, 28),
    "stroke": (float, 0, 1),
    "gaps": (float, 0, 1),
    "noise": (float, 0, 1),
}


def check_ranges(values: object, ranges: Ranges) -> None:
    """Check numbers from options, files and checkpoints.

    Args:
        values: object with an attribute for each number.
        ranges: permitted types and ranges.

    Raises:
        HandwritingError: a number has another type or is out of range.
    """
    for name, (kind, smallest, largest) in ranges.items():
        value = getattr(values, name)
        kinds = int if kind is int else (int, float)
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        if not is_number or not smallest <= value <= largest:
            to = f"whole number from {smallest:,} to {largest:,}"
            if kind is float:
                to = f"number from {smallest:g} to {largest:g}"
            raise HandwritingError(f"--{name.replace('_', '-')} must be a {to}; it is {value!r}.")


@dataclass(frozen=True)
class Recipe:
    """The choices of one training run.

    Attributes:
        epochs: passes over the training images; ``None`` for the network's default.
        batch_size: images per step.
        optimizer: one of OPTIMIZERS.
        lr: peak learning rate.
        beta2: Adam's decay rate of squared gradients, in 0..1.
        weight_decay: of AdamW, on matrices and kernels only.
        schedule: ``exponential``: decay by ``gamma`` after each epoch; ``one-cycle``: linear
            warm-up over the fraction ``warmup`` of all steps, then linear decay to 0.
        gamma: factor of the exponential schedule.
        warmup: fraction of the steps, in 0..1.
        ema_decay: decay of the weight average, in 0..1; 0 for no averaging.
        augmentation: of the images, anew in each step.
    """

    epochs: int | None = None
    batch_size: int = 128
    optimizer: str = "Adam"
    lr: float = 0.001
    beta2: float = 0.999
    weight_decay: float = 0.0
    schedule: str = "exponential"
    gamma: float = 0.999
    warmup: float = 0.0
    ema_decay: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            HandwritingError: a value is out of range.
        """
        ranges = {n: r for n, r in _RANGES.items() if n != "epochs" or self.epochs is not None}
        check_ranges(self, ranges)
        check_ranges(self.augmentation, _AUGMENTATION_RANGES)
        if not self.lr > 0 or not self.gamma > 0:
            raise HandwritingError("--lr and --gamma must be greater than 0.")
        if self.optimizer not in OPTIMIZERS or self.schedule not in SCHEDULES:
            raise HandwritingError(
                f"optimizer must be one of {OPTIMIZERS} and schedule one of {SCHEDULES}; "
                f"they are {self.optimizer!r} and {self.schedule!r}."
            )

    def as_dict(self) -> dict[str, Any]:
        """All values, as used in JSON files and by :func:`changed`."""
        return dataclasses.asdict(self)


RECIPES = {
    "reference": Recipe(),
    "modern": Recipe(
        epochs=8,
        optimizer="AdamW",
        lr=0.003,
        beta2=0.98,
        weight_decay=0.05,
        schedule="one-cycle",
        warmup=0.15,
        ema_decay=0.998,
        augmentation=Augmentation(
            rotation=10, scale=0.1, shear=0.15, shift=0.5, elastic=0.5, stroke=0.4
        ),
    ),
}


def changed(recipe: Recipe, values: dict[str, Any]) -> Recipe:
    """A recipe with some values replaced; ``augmentation`` is a nested dictionary.

    Raises:
        HandwritingError: a value is unknown or out of range.
    """
    try:
        values = current_names(values)
        augmentation = dataclasses.replace(recipe.augmentation, **values.pop("augmentation", {}))
        return dataclasses.replace(recipe, augmentation=augmentation, **values)
    except (TypeError, AttributeError) as error:
        raise HandwritingError(f"this is not a value of a recipe: {error}") from error


def read_params(path: Path) -> dict[str, Any]:
    """The values of a JSON file for :func:`changed`.

    Raises:
        HandwritingError: the file is missing, or is not a JSON object.
    """
    check_is_file(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HandwritingError(f"--params {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise HandwritingError(f"--params {path} is not JSON ({error}).") from error
    params = values.get("params", values) if isinstance(values, dict) else None
    if not isinstance(params, dict):
        raise HandwritingError(f"--params {path} must hold one JSON object.")
    return params


def choose_recipe(args: argparse.Namespace) -> Recipe:
    """The recipe given on the command line, as changed by ``--params`` and single options."""
    recipe = RECIPES[getattr(args, "recipe", RECIPE_NAMES[args.model])]
    if args.params is not None:
        recipe = changed(recipe, read_params(args.params))
    recipe = changed(recipe, {k: getattr(args, k) for k in RECIPE_OPTIONS if hasattr(args, k)})
    return changed(recipe, {"epochs": recipe.epochs or REFERENCE_EPOCHS[args.model]})
