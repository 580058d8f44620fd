"""One training of the line reader: its settings, network, history, checkpoint and weights."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from handwriting.compute.distributed import wrap_ddp
from handwriting.errors import HandwritingError
from handwriting.files import load_torch, replacing, save_torch
from handwriting.lines.alphabet import ALPHABET, BLANK, encode
from handwriting.lines.network import LineReader, steps_of
from handwriting.lines.reader import KIND
from handwriting.runs import RunFiles, half_precision
from handwriting.training.checkpoints import (
    START_ANEW,
    check_shapes,
    checked_history,
    restore_optimizer,
    restoring,
)
from handwriting.training.claims import check_renamed
from handwriting.training.optim import (
    checked_alpha,
    interpolate_weights,
    make_average,
    make_optimizer,
    one_cycle,
)
from handwriting.training.recipes import SEED, Ranges, Recipe, check_ranges
from models import memory_format

_RANGES: Ranges = SEED | {
    "epochs": (int, 1, 100_000),
    "columns": (int, 1, 10**7),
    "photographed": (float, 0, 1),
    "width": (int, 1, 128),
    "hidden": (int, 1, 1024),
    "layers": (int, 1, 8),
}
"""The largest network has 300 million weights, forty times as many as the usual one."""


@dataclass(frozen=True)
class TextSettings:
    """All that decides which weights a training of the line reader gives.

    Attributes:
        data: pen archives and folders, as `training.text_data.load_sources` takes them.
        epochs: times through all samples.
        lr: highest learning rate.
        columns: of a batch.
        held_out: part of the writers that is left out to measure on, in 0..1.
        photographed: chance that strokes are drawn as on a photograph, in 0..1.
        width: channels of the network's first convolution.
        hidden: cells of each layer of its LSTM in each direction.
        layers: of the LSTM.
        seed: of the first weights, the order and the changes.
        precision: ``fp32`` or ``bf16``.
        init_from: run whose weights to begin with, or ``None``.
        alpha: how far to go from that run's weights to the new ones, in 0..1.
    """

    data: tuple[str, ...]
    epochs: int = 20
    lr: float = 0.002
    columns: int = 4096
    held_out: float = 0.1
    photographed: float = 0.4
    width: int = 32
    hidden: int = 256
    layers: int = 2
    seed: int = 42
    precision: str = "fp32"
    init_from: str | None = None
    alpha: float = 1.0

    def __post_init__(self) -> None:
        """Check that a run can be made of these values.

        Raises:
            HandwritingError: one of them is out of its range.
        """
        check_ranges(self, _RANGES)
        if not 0 <= self.held_out < 1:
            raise HandwritingError("--held-out must be 0 or more and less than 1.")
        if not 0 < self.lr < math.inf:
            raise HandwritingError("--lr must be greater than 0.")
        checked_alpha(self.alpha)

    @property
    def recipe(self) -> Recipe:
        """How the weights are moved."""
        return Recipe(
            epochs=self.epochs,
            optimizer="AdamW",
            lr=self.lr,
            beta2=0.98,
            weight_decay=0.01,
            schedule="one-cycle",
            warmup=0.1,
            ema_decay=0.999,
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TextSettings":
        """The settings in a checkpoint.

        Raises:
            HandwritingError: they are not this project's.
        """
        try:
            return cls(**values | {"data": tuple(values["data"])})
        except (LookupError, TypeError) as error:
            raise HandwritingError(f"these are no settings of a line reader: {error}") from error


class TextRun:
    """One training run of the line reader.

    Args:
        settings: what it is to be.
        files: where its files go.
        device: where it computes.
        samples: to train on in an epoch.
        network: to train instead of one of the settings' size.
        pages: names of photographed pages among the samples.

    Attributes:
        network: the weights that are trained.
        trained: what to call in training; the same weights.
        history: a row per epoch.
    """

    def __init__(
        self,
        settings: TextSettings,
        files: RunFiles,
        device: torch.device,
        samples: int,
        network: LineReader | None = None,
        pages: Sequence[str] = (),
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.files, self.device, self.pages = settings, files, device, list(pages)
        network = network or LineReader(settings.width, settings.hidden, settings.layers)
        self.network = network.to(device, memory_format=memory_format(device))
        self.trained = wrap_ddp(self.network)
        recipe = settings.recipe
        self.average = make_average(recipe, self.network)
        self.optimizer = make_optimizer(recipe, self.network)
        self.samples = samples
        self.factor = one_cycle(recipe.warmup, samples * settings.epochs)
        self.start: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, float]] = []
        for group in self.optimizer.param_groups:
            group["lr"] = settings.lr * self.factor(0)

    @property
    def final_network(self) -> nn.Module:
        """The averaged weights, or those between them and the weights begun with: what is kept."""
        if not self.start:
            return self.average.module
        return interpolate_weights(self.start, self.average.module, self.settings.alpha)

    def after_step(self, seen: int) -> None:
        """Move the average on, and the learning rate to where so many samples of the epoch lead."""
        self.average.update_parameters(self.network)
        done = len(self.history) * self.samples + seen
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * self.factor(done)

    def save(self) -> None:
        """Write history, weights and checkpoint."""
        with replacing(self.files.metric("history.csv")) as (part,):
            pd.DataFrame(self.history).to_csv(part, index=False)
        settings = dataclasses.asdict(self.settings) | {"data": list(self.settings.data)}
        state = {
            "kind": KIND,
            "name": self.files.name,
            "settings": settings,
            "history": self.history,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            "start": self.start,
        }
        with replacing(self.files.checkpoint) as (part,):
            save_torch(state, part)
        content = {
            "kind": KIND,
            "alphabet": ALPHABET,
            "width": self.settings.width,
            "hidden": self.settings.hidden,
            "layers": self.settings.layers,
            "hyperparameters": settings,
            "trained_pages": self.pages,
            "metrics": dict(self.history[-1]),
            "weights": half_precision(self.final_network.state_dict()),
        }
        with replacing(self.files.weights) as (part,):
            save_torch(content, part)

    def begin_with(self, content: dict[str, Any]) -> None:
        """Take the weights of a weights file instead of random ones.

        Layers of the LSTM that it lacks stay random.

        Raises:
            HandwritingError: they are those of a network of another size.
        """
        weights = {name: tensor.float() for name, tensor in content["weights"].items()}
        self.pages = sorted({*self.pages, *content.get("trained_pages", [])})
        try:
            self.network.load_state_dict(self.network.state_dict() | weights)
        except RuntimeError as error:
            raise HandwritingError(
                "--init-from: the run's network has another --width or --hidden, or more --layers."
            ) from error
        self.average = make_average(self.settings.recipe, self.network)
        if self.settings.alpha < 1:
            self.start = {name: t.clone() for name, t in self.network.state_dict().items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to the state after the last saved epoch.

        Raises:
            HandwritingError: its parts do not fit the run or each other.
        """
        with restoring(self.files.checkpoint):
            self.network.load_state_dict(state["network"])
            restore_optimizer(self.optimizer, state["optimizer"])
            self.average.load_state_dict(state["average"])
            self.start = state.get("start", {})
            if self.start:
                check_shapes(self.start, self.network.state_dict())
            self.history = checked_history(state["history"], ("train_loss", "seconds"))


def load_text_checkpoint(files: RunFiles) -> dict[str, Any]:
    """The state of a run that was stopped.

    Raises:
        HandwritingError: missing, damaged, that of a character network, or a copy of another run's
            under a name that is taken.
    """
    state = load_torch(files.checkpoint, START_ANEW)
    parts = {"name", "settings", "history", "network", "optimizer", "average"}
    if state.get("kind") != KIND or not parts <= set(state):
        raise HandwritingError(f"{files.checkpoint} is no checkpoint of a line reader.")
    check_renamed(files, state["name"])
    return state


def ctc_loss(logits: torch.Tensor, widths: torch.Tensor, texts: list[str]) -> torch.Tensor:
    """Mean over the samples of -log p(text) per character (Graves et al. 2006), in nats.

    Args:
        logits: float (N, steps, 96).
        widths: int64 (N,), of the pictures.
        texts: what they say; one that has more characters than steps counts nothing.
    """
    # PyTorch has no CTC loss on Apple's GPUs.
    logits = logits.cpu() if logits.device.type == "mps" else logits
    targets = [torch.tensor(encode(text)) for text in texts]
    lengths = torch.tensor([len(target) for target in targets])
    return F.ctc_loss(
        logits.float().log_softmax(dim=2).transpose(0, 1),
        torch.cat(targets).to(logits.device),
        steps_of(widths),
        lengths,
        blank=BLANK,
        zero_infinity=True,
    )
