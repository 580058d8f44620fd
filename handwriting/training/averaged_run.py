"""A training run with a one-cycle schedule and averaged weights; it can be resumed exactly."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import torch
from torch import nn

from handwriting.compute.distributed import wrap_ddp
from handwriting.errors import HandwritingError
from handwriting.files import load_torch
from handwriting.runs import RunFiles
from handwriting.training.checkpoints import (
    START_ANEW,
    checked_history,
    restore_optimizer,
    restoring,
)
from handwriting.training.claims import check_renamed
from handwriting.training.optim import make_average, make_optimizer, one_cycle
from handwriting.training.recipes import Recipe
from models import memory_format

_STATE = {"kind", "name", "settings", "history", "network", "optimizer", "average"}


class RunSettings(Protocol):
    """The settings that every such run has."""

    epochs: int
    seed: int

    @property
    def recipe(self) -> Recipe:
        """How the weights are moved."""


class AveragedRun(ABC):
    """One training run of a network.

    Args:
        settings: of the run.
        files: where its files go.
        device: to compute on.
        samples: training samples per epoch.
        network: to train.

    Attributes:
        epochs: of the whole run.
        seed: of its samples.
        network: the weights that are trained.
        trained: the module to call in training, with the same weights.
        average: the averaged weights, in ``module``.
        history: one row per epoch.
    """

    def __init__(
        self,
        settings: RunSettings,
        files: RunFiles,
        device: torch.device,
        samples: int,
        network: nn.Module,
    ) -> None:
        self.files, self.device, self.samples = files, device, samples
        self.epochs, self.seed = settings.epochs, settings.seed
        self.network = network.to(device, memory_format=memory_format(device))
        self.trained = wrap_ddp(self.network)
        self.recipe = settings.recipe
        self.average = make_average(self.recipe, self.network)
        self.optimizer = make_optimizer(self.recipe, self.network)
        self.factor = one_cycle(self.recipe.warmup, samples * settings.epochs)
        self.history: list[dict[str, float]] = []
        self._set_lr(0)

    def after_step(self, seen: int) -> None:
        """Update the weight average, and set the learning rate for this position in the epoch."""
        self.average.update_parameters(self.network)
        self._set_lr(len(self.history) * self.samples + seen)

    @abstractmethod
    def save(self) -> None:
        """Write history, weights and checkpoint."""

    def _set_lr(self, done: int) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.lr * self.factor(done)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of network, optimiser and average."""
        return {
            "name": self.files.name,
            "history": self.history,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore the state after the last saved epoch.

        Raises:
            HandwritingError: its parts do not fit the run or each other.
        """
        with restoring(self.files.checkpoint):
            self.network.load_state_dict(state["network"])
            restore_optimizer(self.optimizer, state["optimizer"])
            self.average.load_state_dict(state["average"])
            self.history = checked_history(state["history"], ("train_loss", "seconds"))


def averaged_recipe(epochs: int, lr: float, ema_decay: float) -> Recipe:
    """How the weights of such a run are moved."""
    return Recipe(
        epochs=epochs,
        optimizer="AdamW",
        lr=lr,
        beta2=0.98,
        weight_decay=0.01,
        schedule="one-cycle",
        warmup=0.1,
        ema_decay=ema_decay,
    )


def load_checkpoint_of(files: RunFiles, kind: str, name: str) -> dict[str, Any]:
    """The checkpoint of a stopped run.

    Args:
        files: of the run.
        kind: of its network, as written in the checkpoint.
        name: of this kind, for errors.

    Raises:
        HandwritingError: it is missing, damaged or of another network, or it is a copy of another
            run's checkpoint under a name that is taken.
    """
    state = load_torch(files.checkpoint, START_ANEW)
    if state.get("kind") != kind or not set(state) >= _STATE:
        raise HandwritingError(f"{files.checkpoint} is not a checkpoint of {name}.")
    check_renamed(files, state["name"])
    return state
