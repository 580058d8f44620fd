"""One training run of the layout network: settings, losses, checkpoint and weights."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from handwriting.datasets.layout_batches import LayoutSample
from handwriting.errors import HandwritingError
from handwriting.files import replacing, save_torch
from handwriting.pages.layout_network import LAYOUT_KIND, LayoutNetwork
from handwriting.runs import RunFiles, half_precision
from handwriting.training.averaged_run import AveragedRun, averaged_recipe, load_checkpoint_of
from handwriting.training.recipes import SEED, Ranges, Recipe, check_ranges
from models import memory_format

_RANGES: Ranges = SEED | {
    "epochs": (int, 1, 100_000),
    "samples": (int, 1, 10**9),
    "batch": (int, 1, 10**4),
    "composed": (float, 0, 1),
}
_CORE_WEIGHT, _PRINT_WEIGHT, _RULES_WEIGHT, _HEIGHT_WEIGHT, _DIRECTION_WEIGHT = (
    2.0,
    2.0,
    1.0,
    0.5,
    0.3,
)


@dataclass(frozen=True)
class LayoutSettings:
    """The settings that determine the weights of a layout network.

    Attributes:
        data: folders of pages with ALTO or PAGE files.
        pens: folder of pen archives, for composed pages, or ``None``.
        fonts: folder of fonts that imitate handwriting, for composed pages, or ``None``.
        composed: share of composed pages among the samples, in 0..1.
        epochs: passes over ``samples`` samples.
        samples: in an epoch.
        batch: samples per step.
        lr: peak learning rate.
        held_out: fraction of the writers held out for validation, in 0..1.
        seed: of the initial weights and the samples.
        precision: ``fp32`` or ``bf16``.
        init_from: run to start from, or ``None``.
    """

    data: tuple[str, ...]
    pens: str | None = None
    fonts: str | None = None
    composed: float = 0.5
    epochs: int = 20
    samples: int = 800
    batch: int = 4
    lr: float = 0.002
    held_out: float = 0.15
    seed: int = 42
    precision: str = "fp32"
    init_from: str | None = None

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

    @property
    def recipe(self) -> Recipe:
        """How the weights are moved."""
        return averaged_recipe(self.epochs, self.lr, ema_decay=0.995)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LayoutSettings":
        """The settings in a checkpoint.

        Raises:
            HandwritingError: the values are not settings of this project.
        """
        try:
            return cls(**values | {"data": tuple(values["data"])})
        except (LookupError, TypeError) as error:
            raise HandwritingError(
                f"these are not the settings of a layout network: {error}"
            ) from error


class LayoutRun(AveragedRun):
    """One training run of the layout network; arguments as those of `AveragedRun`."""

    def __init__(
        self, settings: LayoutSettings, files: RunFiles, device: torch.device, samples: int
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        super().__init__(settings, files, device, samples, LayoutNetwork())

    def begin_with(self, content: dict[str, Any]) -> None:
        """Start from the weights of a weights file."""
        weights = {name: tensor.float() for name, tensor in content["weights"].items()}
        self.network.load_state_dict(weights)
        self.average.module.load_state_dict(weights)

    def save(self) -> None:
        """Write history, weights and checkpoint."""
        with replacing(self.files.metric("history.csv")) as (part,):
            pd.DataFrame(self.history).to_csv(part, index=False)
        settings = dataclasses.asdict(self.settings) | {"data": list(self.settings.data)}
        with replacing(self.files.checkpoint) as (part,):
            save_torch({"kind": LAYOUT_KIND, "settings": settings, **self.state()}, part)
        content = {
            "kind": LAYOUT_KIND,
            "hyperparameters": settings,
            "metrics": dict(self.history[-1]),
            "weights": half_precision(self.average.module.state_dict()),
        }
        with replacing(self.files.weights) as (part,):
            save_torch(content, part)


def load_layout_checkpoint(files: RunFiles) -> dict[str, Any]:
    """The checkpoint of a stopped run, as `averaged_run.load_checkpoint_of` reads it."""
    return load_checkpoint_of(files, LAYOUT_KIND, "a layout network")


@dataclass(frozen=True)
class LayoutBatch:
    """Samples as tensors: float (N, 1, side, side) in 0..1; maps float (N, side / 4, side / 4) in
    0..1, heights as logarithms; and the quarter turns, int64 (N,)."""

    pictures: torch.Tensor
    core: torch.Tensor
    printed: torch.Tensor
    rules: torch.Tensor
    height: torch.Tensor
    known: torch.Tensor
    rules_known: torch.Tensor
    quarters: torch.Tensor

    @classmethod
    def of(cls, samples: Sequence[LayoutSample], device: torch.device) -> "LayoutBatch":
        """A batch of samples on a device."""

        def stacked(name: str) -> torch.Tensor:
            maps = np.stack([getattr(sample, name) for sample in samples])
            return torch.from_numpy(maps).to(device)

        names = ("core", "printed", "rules", "known", "rules_known")
        maps = {name: stacked(name).float() / 255 for name in names}
        pictures = stacked("picture").unsqueeze(1).float() / 255
        pictures = pictures.contiguous(memory_format=memory_format(device))
        quarters = torch.tensor([sample.quarters for sample in samples], device=device)
        return cls(pictures, height=stacked("height"), quarters=quarters, **maps)


def layout_loss(maps: torch.Tensor, directions: torch.Tensor, truth: LayoutBatch) -> torch.Tensor:
    """Sum of the losses of core zones, rules, heights and directions, each over what is known.

    Core zones and rules: cross entropy plus the Dice loss (Milletari et al. 2016), because lines
    cover a small part of a page. Heights: absolute error in octaves. Directions: cross entropy of
    each place in a core zone.

    Args:
        maps: float (N, 4, rows, columns), of `pages.layout_network.LayoutNetwork`.
        directions: float (N, 4, rows / 4, columns / 4).
        truth: of the same samples.
    """
    maps, directions = maps.float(), directions.float()
    core, printed, rules, height = maps.unbind(dim=1)
    loss = _CORE_WEIGHT * _map_loss(core, truth.core, truth.known)
    loss = loss + _PRINT_WEIGHT * _map_loss(printed, truth.printed, truth.known)
    loss = loss + _RULES_WEIGHT * _map_loss(rules, truth.rules, truth.rules_known)
    text = ((truth.core + truth.printed) * truth.known).clamp(max=1)
    off = (height - truth.height).abs() * text
    loss = loss + _HEIGHT_WEIGHT * off.sum() / text.sum().clamp(min=1)
    coarse = F.avg_pool2d(text.unsqueeze(1), 4).squeeze(1)
    wanted = truth.quarters.view(-1, 1, 1).expand_as(coarse)
    wrong = F.cross_entropy(directions, wanted, reduction="none") * coarse
    return loss + _DIRECTION_WEIGHT * wrong.sum() / coarse.sum().clamp(min=1)


def _map_loss(logits: torch.Tensor, wanted: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * known
    found = logits.sigmoid() * known
    wanted = wanted * known
    dice = 1 - (2 * (found * wanted).sum() + 1) / (found.sum() + wanted.sum() + 1)
    return entropy.sum() / known.sum().clamp(min=1) + 0.2 * dice


def layout_counts(
    maps: torch.Tensor, directions: torch.Tensor, truth: LayoutBatch
) -> dict[str, float]:
    """Counts of places for :func:`layout_rates`, of one batch; arguments as :func:`layout_loss`."""
    is_known = truth.known > 0.5
    counts: dict[str, float] = {}
    for number, name in enumerate(("core", "printed")):
        wanted = (getattr(truth, name) > 0.5) & is_known
        found = (maps[:, number] > 0) & is_known
        counts |= {f"{name}_both": float((found & wanted).sum())}
        counts |= {f"{name}_sum": float(found.sum() + wanted.sum())}
    inside = (truth.core > 0.5) & is_known
    counts["height_off"] = float((maps[:, 3] - truth.height).abs()[inside].sum())
    counts["height_places"] = float(inside.sum())
    coarse = F.avg_pool2d((truth.core * is_known).unsqueeze(1), 4)
    votes = (directions.float().log_softmax(dim=1) * coarse).sum(dim=(2, 3))
    has_text = coarse.sum(dim=(1, 2, 3)) > 0
    counts["direction_right"] = float((votes.argmax(dim=1) == truth.quarters)[has_text].sum())
    counts["direction_all"] = float(has_text.sum())
    return counts


def layout_rates(counts: dict[str, float]) -> dict[str, float]:
    """F1 of the places of core zones, mean error of heights in octaves, accuracy of directions."""
    return {
        "val_core_f1": 2 * counts["core_both"] / max(counts["core_sum"], 1),
        "val_printed_f1": 2 * counts["printed_both"] / max(counts["printed_sum"], 1),
        "val_height": counts["height_off"] / max(counts["height_places"], 1),
        "val_direction": counts["direction_right"] / max(counts["direction_all"], 1),
    }
