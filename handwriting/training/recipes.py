"""How a network is trained: every choice of a recipe in one object, and the recipes by name.

`model_training.py --recipe` takes a name of RECIPES, `--params` a JSON file that changes some of
its values (`hyperparameter_tuning.py` writes such files).
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
"""The recipe of each network without ``--recipe``."""

REFERENCE_EPOCHS = {"customcnn": 20, "resnet34": 15, "compactcnn": 15}
"""Of the reference recipe, which leaves them to the network."""

RECIPE_OPTIONS = {
    "epochs": (int, "times through the training images"),
    "batch_size": (int, "images per optimiser step, over all ranks"),
    "lr": (float, "highest learning rate"),
    "gamma": (float, "factor on the learning rate after each epoch, of the exponential schedule"),
}
"""Values of a recipe that have an option of their own: type and help."""

OPTIMIZERS = ("Adam", "AdamW")
SCHEDULES = ("exponential", "one-cycle")


@dataclass(frozen=True)
class Recipe:
    """The choices of one training run.

    Attributes:
        epochs: times through the training images; ``None`` leaves it to the network.
        batch_size: images per step.
        optimizer: one of OPTIMIZERS.
        lr: highest learning rate.
        beta2: Adam's memory of squared gradients, in 0..1.
        weight_decay: AdamW's, on matrices and kernels only.
        schedule: ``exponential``: times ``gamma`` after each epoch; ``one-cycle``: a straight
            rise over the ``warmup`` share of all steps, then straight down to 0.
        gamma: factor of the exponential schedule.
        warmup: share of the steps, in 0..1.
        ema_decay: the part of the averaged weights that stays at each step, in 0..1; 0 for none.
        augmentation: how pictures are changed before each step.
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
        """Check that a run can be made of these values.

        Raises:
            HandwritingError: a value is out of its range.
        """
        for name, smallest in (("epochs", 1), ("batch_size", 1)):
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise HandwritingError(f"--{name.replace('_', '-')} must be at least {smallest}.")
        if not self.lr > 0 or not self.gamma > 0:
            raise HandwritingError("--lr and --gamma must be greater than 0.")
        if self.optimizer not in OPTIMIZERS or self.schedule not in SCHEDULES:
            raise HandwritingError(
                f"optimizer must be one of {OPTIMIZERS} and schedule one of {SCHEDULES}; "
                f"they are {self.optimizer!r} and {self.schedule!r}."
            )

    def as_dict(self) -> dict[str, Any]:
        """All values, as JSON and :func:`changed` take them."""
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
    """A recipe with some values replaced; ``augmentation`` is a dictionary of its own.

    Raises:
        HandwritingError: a value is unknown or out of its range.
    """
    values = current_names(values)
    try:
        augmentation = dataclasses.replace(recipe.augmentation, **values.pop("augmentation", {}))
        return dataclasses.replace(recipe, augmentation=augmentation, **values)
    except TypeError as error:
        raise HandwritingError(f"this is not a recipe's value: {error}") from error


def read_params(path: Path) -> dict[str, Any]:
    """The values of a JSON file for :func:`changed`.

    Raises:
        HandwritingError: missing, or not a JSON object.
    """
    check_is_file(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HandwritingError(f"--params {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise HandwritingError(f"--params {path} is not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise HandwritingError(f"--params {path} must hold one JSON object.")
    return values.get("params", values)


def choose_recipe(args: argparse.Namespace) -> Recipe:
    """The recipe of the command line: by name, changed by ``--params`` and by single options."""
    recipe = RECIPES[getattr(args, "recipe", RECIPE_NAMES[args.model])]
    if args.params is not None:
        recipe = changed(recipe, read_params(args.params))
    recipe = changed(recipe, {k: getattr(args, k) for k in RECIPE_OPTIONS if hasattr(args, k)})
    return changed(recipe, {"epochs": recipe.epochs or REFERENCE_EPOCHS[args.model]})
