"""The two ways to train that the benchmarks compare: the usual one and this project's; and what
several of them feed and ask."""

import itertools
import sys
from collections.abc import Iterator

import torch
from processes import PROJECT
from torch import nn

sys.path.insert(0, str(PROJECT))

from handwriting.datasets.batches import Batches
from handwriting.compute.devices import autocast, choose_precision
from handwriting.compute.distributed import rank, spread, world_size
from handwriting.labels import NUM_CLASSES
from handwriting.training.losses import LabelSetLoss, is_correct
from handwriting.datasets.prepared import LabelledImages
from handwriting.training.recipes import Recipe, make_average, make_optimizer
from handwriting.recognition.recognizer import scores_of
from models import MODELS

WARM_UP = 8
"""Steps until the memory that is kept has settled."""


class Way:
    """A network and the parts of a training step.

    Attributes:
        network: on its device.
        precision: "fp32" or "bf16".
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
        self.trained = spread(network)
        self.loss_fn, self.optimizer, self.average = loss_fn, optimizer, average

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The loss of a batch, float32 ()."""
        with autocast(images.device, self.precision):
            scores = self.trained(images)
        return self.loss_fn(scores.float(), labels)

    def backward(self, loss: torch.Tensor) -> None:
        """The gradients of all weights."""
        self.optimizer.zero_grad()
        loss.backward()

    def update(self) -> None:
        """Move the weights, and their average where the recipe has one."""
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.network)

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Train on one batch; returns its loss."""
        loss = self.forward(images, labels)
        self.backward(loss)
        self.update()
        return loss


def usual_way(model: str, device: torch.device) -> Way:
    """fp32, layers as torchvision has them, plain Adam."""
    network = with_plain_convolutions(MODELS[model]().to(device))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    return Way(network, "fp32", nn.CrossEntropyLoss(), optimizer)


def our_way(model: str, device: torch.device, recipe: Recipe) -> Way:
    """As model_training.py trains by a recipe; `keep_memory` is the caller's, once per process."""
    network = MODELS[model]().to(device, memory_format=torch.channels_last)
    return Way(
        network,
        choose_precision("auto", device),
        LabelSetLoss().to(device),
        make_optimizer(recipe, network),
        make_average(recipe, network) if recipe.averaging else None,
    )


def with_plain_convolutions(network: nn.Module) -> nn.Module:
    """The same network without this project's own kind of convolution."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.__class__ = nn.Conv2d
    return network


def random_batches(
    batch_size: int, recipe: Recipe, device: torch.device
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """This rank's part of batches of random pictures, changed as the recipe has it, without end."""
    images = torch.randint(256, (8 * batch_size, 28, 28), dtype=torch.uint8)
    labels = torch.randint(NUM_CLASSES, (8 * batch_size,))
    part = {"rank": rank(), "ranks": world_size()}
    augmentation = recipe.augmentation
    loader = Batches(images, labels, batch_size, device, seed=1, augmentation=augmentation, **part)
    return itertools.chain.from_iterable(itertools.repeat(loader))


def accuracy(network: nn.Module, labelled: LabelledImages) -> float:
    """Share of right answers, read in fp32; a letter known in either case counts for both."""
    answers = scores_of(network, labelled.images).argmax(dim=1)
    return is_correct(answers, labelled.labels.long()).float().mean().item()
