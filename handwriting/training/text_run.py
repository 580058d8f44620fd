"""One training run of the text-line model: settings, network, history, checkpoint and weights."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from handwriting.alphabet import ALPHABET, ASCII, BLANK, encode, plain_outputs
from handwriting.errors import HandwritingError
from handwriting.files import replacing, save_torch
from handwriting.lines.network import LineReader, steps_of
from handwriting.lines.reader import KIND
from handwriting.runs import RunFiles, half_precision
from handwriting.training.averaged_run import AveragedRun, averaged_recipe, load_checkpoint_of
from handwriting.training.checkpoints import (
    check_shapes,
    restoring,
)
from handwriting.training.optim import (
    checked_alpha,
    interpolate_weights,
    make_average,
)
from handwriting.training.recipes import SEED, Ranges, Recipe, check_ranges

_RANGES: Ranges = SEED | {
    "epochs": (int, 1, 100_000),
    "columns": (int, 1, 10**7),
    "samples": (int, 0, 10**9),
    "photographed": (float, 0, 1),
    "width": (int, 1, 128),
    "hidden": (int, 1, 1024),
    "layers": (int, 1, 8),
}
"""The largest network has 300 million weights, forty times as many as the default one."""


@dataclass(frozen=True)
class TextSettings:
    """The settings that determine the weights of a text-line model.

    Attributes:
        data: pen archives, folders and fonts, as `training.text_data.load_sources` takes them.
        epochs: passes over all samples.
        lr: peak learning rate.
        columns: pixel columns per batch.
        samples: samples of an epoch, balanced over the sources; 0 for each sample once.
        held_out: fraction of the writers held out for validation, in 0..1.
        photographed: probability that strokes are rendered as a photograph, in 0..1.
        width: channels of the network's first convolution.
        hidden: cells of each LSTM layer in each direction.
        layers: LSTM layers.
        seed: of the initial weights, the sample order and the augmentation.
        precision: ``fp32`` or ``bf16``.
        init_from: run to fine-tune, or ``None``.
        alpha: weight interpolation from that run's weights (0) to the new ones (1).
    """

    data: tuple[str, ...]
    epochs: int = 20
    lr: float = 0.002
    columns: int = 4096
    samples: int = 0
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
        """Check the range of every value.

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
        return averaged_recipe(self.epochs, self.lr, ema_decay=0.999)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TextSettings":
        """The settings in a checkpoint.

        Raises:
            HandwritingError: the values are not settings of this project.
        """
        try:
            return cls(**values | {"data": tuple(values["data"])})
        except (LookupError, TypeError) as error:
            raise HandwritingError(
                f"these are not the settings of a text-line model: {error}"
            ) from error


class TextRun(AveragedRun):
    """One training run of the text-line model.

    Args:
        settings: of the run.
        files: where its files go.
        device: to compute on.
        samples: training samples per epoch.
        network: to train; by default a new one of the settings' size.
        pages: names of the photographed pages in the training set.
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
        self.settings, self.pages = settings, list(pages)
        network = network or LineReader(settings.width, settings.hidden, settings.layers)
        super().__init__(settings, files, device, samples, network)
        self.start: dict[str, torch.Tensor] = {}
        self.added: list[int] = []

    @property
    def final_network(self) -> nn.Module:
        """The averaged weights, interpolated with the initial weights where a run was
        fine-tuned."""
        if not self.start:
            return self.average.module
        network = interpolate_weights(self.start, self.average.module, self.settings.alpha)
        _take_outputs(network, self.average.module, self.added)
        return network

    def save(self) -> None:
        """Write history, weights and checkpoint."""
        with replacing(self.files.metric("history.csv")) as (part,):
            pd.DataFrame(self.history).to_csv(part, index=False)
        settings = dataclasses.asdict(self.settings) | {"data": list(self.settings.data)}
        state = {"kind": KIND, "settings": settings, "start": self.start, "added": self.added}
        state |= self.state()
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
        """Start from the weights of a weights file.

        LSTM layers that the file lacks stay random.

        Raises:
            HandwritingError: the file holds a network of another size.
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
        self.added = content.get("added_outputs", [])
        if self.settings.alpha < 1:
            self.start = {name: t.clone() for name, t in self.network.state_dict().items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore the state after the last saved epoch.

        Raises:
            HandwritingError: its parts do not fit the run or each other.
        """
        super().restore(state)
        with restoring(self.files.checkpoint):
            self.start, self.added = state.get("start", {}), state.get("added", [])
            if self.start:
                check_shapes(self.start, self.network.state_dict())


def size_of(content: dict[str, Any]) -> dict[str, int]:
    """The settings of the size of the network in a weights file's content."""
    size = {name: content[name] for name in ("width", "hidden")}
    return {**size, "layers": content.get("layers", 1)}


def _take_outputs(network: nn.Module, other: nn.Module, outputs: list[int]) -> None:
    """Copy the weights of some outputs; characters new to a network have none to keep."""
    theirs = other.state_dict()
    for name, tensor in network.state_dict().items():
        if name.startswith(("outputs.", "shortcut.")):
            tensor[outputs] = theirs[name][outputs]


def load_text_checkpoint(files: RunFiles) -> dict[str, Any]:
    """The checkpoint of a stopped run, as `averaged_run.load_checkpoint_of` reads it."""
    return load_checkpoint_of(files, KIND, "a text-line model")


_LEAST = 1e-30


def ctc_loss(
    logits: torch.Tensor, widths: torch.Tensor, texts: Sequence[str], is_exact: Sequence[bool]
) -> torch.Tensor:
    """Mean over the samples of -log p(text) per character (Graves et al. 2006), in nats.

    Args:
        logits: float (N, steps, outputs).
        widths: int64 (N,), image widths in pixels.
        texts: the true texts; a text with more characters than steps has no loss.
        is_exact: for each text whether it is as written. In others, a character has the probability
            of all those it stands for (`handwriting.alphabet.PLAIN`).
    """
    # PyTorch has no CTC loss on Apple's GPUs.
    logits = logits.cpu() if logits.device.type == "mps" else logits
    targets = [torch.tensor(encode(text)) for text in texts]
    lengths = torch.tensor([len(target) for target in targets])
    log_probs = logits.float().log_softmax(dim=2)
    if not all(is_exact):
        exact = torch.tensor(is_exact, device=logits.device)[:, None, None]
        log_probs = torch.where(exact, log_probs, _plain(log_probs))
    return F.ctc_loss(
        log_probs.transpose(0, 1),
        torch.cat(targets).to(logits.device),
        steps_of(widths),
        lengths,
        blank=BLANK,
        zero_infinity=True,
    )


def _plain(log_probs: torch.Tensor) -> torch.Tensor:
    """float (N, steps, outputs): log p of printable ASCII, with all that it stands for."""
    stands = torch.from_numpy(plain_outputs(ASCII)).to(log_probs.device)
    probs = torch.zeros_like(log_probs).index_add(2, stands, log_probs.exp())
    return probs.clamp_min(_LEAST).log()
