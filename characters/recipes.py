"""How a network is trained: every choice of a recipe in one object, and the recipes by name.

`model_training.py --recipe` takes a name of RECIPES, `--params` a JSON file that changes some of
its values (`hyperparameter_tuning.py` writes such files).
"""

import copy
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from characters.augmentation import Augmentation
from characters.errors import CharactersError

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
        averaging: the part of the averaged weights that stays at each step, in 0..1; 0 for none.
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
    averaging: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        """Check that a run can be made of these values.

        Raises:
            CharactersError: a value is out of its range.
        """
        for name, smallest in (("epochs", 1), ("batch_size", 1)):
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise CharactersError(f"--{name.replace('_', '-')} must be at least {smallest}.")
        if not self.lr > 0 or not self.gamma > 0:
            raise CharactersError("--lr and --gamma must be greater than 0.")
        if self.optimizer not in OPTIMIZERS or self.schedule not in SCHEDULES:
            raise CharactersError(
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
        averaging=0.998,
        augmentation=Augmentation(
            rotation=10, scale=0.1, shear=0.15, shift=0.5, elastic=0.5, stroke=0.4
        ),
    ),
}


def changed(recipe: Recipe, values: dict[str, Any]) -> Recipe:
    """A recipe with some values replaced; ``augmentation`` is a dictionary of its own.

    Raises:
        CharactersError: a value is unknown or out of its range.
    """
    values = dict(values)
    try:
        augmentation = dataclasses.replace(recipe.augmentation, **values.pop("augmentation", {}))
        return dataclasses.replace(recipe, augmentation=augmentation, **values)
    except TypeError as error:
        raise CharactersError(f"this is not a recipe's value: {error}") from error


def read_params(path: Path) -> dict[str, Any]:
    """The values of a JSON file for :func:`changed`.

    Raises:
        CharactersError: missing, or not a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CharactersError(f"--params {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CharactersError(f"--params {path} is not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise CharactersError(f"--params {path} must hold one JSON object.")
    return values.get("params", values)


def make_optimizer(recipe: Recipe, network: nn.Module) -> Optimizer:
    """The recipe's optimiser over a network's weights."""
    betas = (0.9, recipe.beta2)
    if recipe.optimizer == "Adam":
        return torch.optim.Adam(network.parameters(), lr=recipe.lr, betas=betas, fused=True)
    matrices = [weights for weights in network.parameters() if weights.ndim > 1]
    others = [weights for weights in network.parameters() if weights.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=betas, fused=True)


def make_schedule(
    recipe: Recipe, optimizer: Optimizer, steps_per_epoch: int, epochs: int
) -> LambdaLR:
    """The recipe's learning rate, to be moved on after each step."""
    exponential = _exponential(recipe.gamma, steps_per_epoch)
    one_cycle = _one_cycle(recipe.warmup, steps_per_epoch * epochs)
    return LambdaLR(optimizer, one_cycle if recipe.schedule == "one-cycle" else exponential)


def _exponential(gamma: float, steps_per_epoch: int) -> Callable[[int], float]:
    return lambda step: gamma ** (step // steps_per_epoch)


def _one_cycle(warmup: float, steps: int) -> Callable[[int], float]:
    rise = warmup * steps

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / (rise + 1)
        return max(0.0, (steps - step) / max(steps - rise, 1))

    return factor


def make_average(recipe: Recipe, network: nn.Module) -> AveragedModel:
    """The running average of a network's weights and statistics.

    Young averages forget faster, min(averaging, (1 + n) / (10 + n)) after n steps, so that the
    first random weights are gone in the first epoch.
    """

    def average(averages: list[torch.Tensor], current: list[torch.Tensor], n: torch.Tensor) -> None:
        keep = ((1 + n) / (10 + n)).clamp(max=recipe.averaging)
        for mean, value in zip(averages, current, strict=True):
            mean.lerp_(value, 1 - keep) if mean.is_floating_point() else mean.copy_(value)

    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)


def blended(start: dict[str, torch.Tensor], network: nn.Module, share: float) -> nn.Module:
    """A network between the weights that further training started from and those it came to.

    It keeps most of what the start could do and has most of what was learned (Wortsman et al. 2022,
    arXiv 2109.01903).

    Args:
        start: the state that training started from.
        network: what it came to; left as it is.
        share: of the way from the one to the other, in 0..1.
    """
    between = copy.deepcopy(network)
    for name, tensor in between.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(start[name].to(tensor), 1 - share)
    return between
