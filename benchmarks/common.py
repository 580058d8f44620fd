"""Shared code of the benchmarks: two training procedures, their data, and measuring processes."""

import itertools
import multiprocessing
import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import nn

from handwriting.compute.devices import autocast, choose_precision
from handwriting.compute.distributed import rank, world_size, wrap_ddp
from handwriting.datasets.batches import Batch, Batches
from handwriting.datasets.prepared import LabelledImages
from handwriting.errors import HandwritingError
from handwriting.labels import NUM_CLASSES
from handwriting.runs import METRICS_FOLDER
from handwriting.training.losses import PartialLabelLoss
from handwriting.training.optim import make_average, make_optimizer
from handwriting.training.recipes import Recipe
from models import MODELS, ResNet34

PROJECT = Path(__file__).parent.parent
FIGURES = METRICS_FOLDER / "benchmarks"

WARM_UP = 8
"""Steps until the kept memory has settled."""


class TrainStep:
    """A network and the parts of a training step.

    Attributes:
        network: on its device.
        precision: ``fp32`` or ``bf16``.
        trained: the module to call in training, with the same weights.
    """

    def __init__(
        self,
        network: nn.Module,
        precision: str,
        loss_fn: nn.Module,
        optimizer: torch.optim.Optimizer,
        average: nn.Module | None = None,
    ) -> None:
        self.network, self.precision = network, precision
        self.trained = wrap_ddp(network)
        self.loss_fn, self.optimizer, self.average = loss_fn, optimizer, average

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The loss of a batch, float32 (), of images float (B, 1, 28, 28) and labels int64 (B,)."""
        with autocast(images.device, self.precision):
            logits = self.trained(images)
        return self.loss_fn(logits.float(), labels)

    def backward(self, loss: torch.Tensor) -> None:
        """Compute the gradients of all weights."""
        self.optimizer.zero_grad()
        loss.backward()

    def update(self) -> None:
        """Update the weights and, if the recipe averages, their average."""
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.network)

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Train on one batch; returns its loss."""
        loss = self.forward(images, labels)
        self.backward(loss)
        self.update()
        return loss


def plain_network(model: str) -> nn.Module:
    """A network of PyTorch's own layers, in their default layout."""
    return ResNet34(small_maps=False) if model == "resnet34" else MODELS[model]()


def baseline(model: str, device: torch.device) -> TrainStep:
    """The baseline's training step: fp32, PyTorch's own layers, plain Adam."""
    network = plain_network(model).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    return TrainStep(network, "fp32", nn.CrossEntropyLoss(), optimizer)


def ours(
    model: str, device: torch.device, recipe: Recipe, network: nn.Module | None = None
) -> TrainStep:
    """The training step of model_training.py; the caller calls `keep_memory` once per process.

    Args:
        model: name in `models.MODELS`.
        device: to train on.
        recipe: to train by.
        network: replaces the model's own network.
    """
    network = (network or MODELS[model]()).to(device, memory_format=torch.channels_last)
    return TrainStep(
        network,
        choose_precision("auto", device),
        PartialLabelLoss().to(device),
        make_optimizer(recipe, network),
        make_average(recipe, network) if recipe.ema_decay else None,
    )


def random_batches(batch_size: int, recipe: Recipe, device: torch.device) -> Iterator[Batch]:
    """Endless batches of random images, this rank's part, with the recipe's augmentation."""
    images = torch.randint(256, (8 * batch_size, 28, 28), dtype=torch.uint8)
    labels = torch.randint(NUM_CLASSES, (8 * batch_size,), dtype=torch.uint8)
    loader = Batches(
        LabelledImages(images, labels),
        batch_size,
        device,
        seed=1,
        augmentation=recipe.augmentation,
        rank=rank(),
        ranks=world_size(),
    )
    return itertools.chain.from_iterable(itertools.repeat(loader))


def alone(work: Callable[..., Any], *arguments: object) -> Any:
    """The result of a function in a separate process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def run_once(command: list[str]) -> tuple[float, float]:
    """Seconds and peak resident GiB of a command in the project's folder.

    The caller's own peak is a lower bound of the result (Linux, vfork), so the caller should hold
    no large data: see :func:`alone`.

    Raises:
        HandwritingError: the command failed, or the system is Windows, which reports no peak.
    """
    if not hasattr(os, "wait4"):
        raise HandwritingError("a command's memory is measured on Linux and macOS only.")
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise HandwritingError(f"'{shlex.join(command)}' failed; see above for why.")
    # Bytes on macOS, KiB elsewhere (getrusage(2)).
    unit = 1 if sys.platform == "darwin" else 2**10
    return time.perf_counter() - start, usage.ru_maxrss * unit / 2**30


def medians(command: list[str], repeats: int) -> dict[str, Any]:
    """Medians and spread of seconds and GiB over several runs of a command (:func:`run_once`)."""
    seconds, gib = zip(*(run_once(command) for _ in range(repeats)), strict=True)
    return {
        "seconds": round(statistics.median(seconds), 2),
        "seconds_spread": [round(min(seconds), 2), round(max(seconds), 2)],
        "gib": round(statistics.median(gib), 2),
    }
