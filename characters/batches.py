"""Batches cut from one uint8 tensor: picked, moved to the device and normalised whole.

Nothing is done sample by sample, so that the network and not its feeding is the limit
(`benchmarks/training_throughput.py` measures both).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from characters.augmentation import Augmentation


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 (N, 28, 28) to float32 (N, 1, 28, 28) in 0..1, channels last."""
    floats = images.unsqueeze(1).to(torch.float32).div_(255)
    return floats.contiguous(memory_format=torch.channels_last)


@dataclass
class Extra:
    """Pictures from elsewhere that are mixed into each batch.

    Attributes:
        images: uint8 (N, 28, 28).
        labels: int64 (N,).
        share: of them among the images of a batch, in 0..1.
    """

    images: torch.Tensor
    labels: torch.Tensor
    share: float

    def to(self, device: torch.device) -> "Extra":
        """The same on a device."""
        return Extra(self.images.to(device), self.labels.to(device, torch.int64), self.share)

    def beside(self, images: int) -> int:
        """How many are mixed in beside so many images."""
        return round(images * self.share / (1 - self.share))

    def mixed_in(
        self, images: torch.Tensor, labels: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A batch with pictures drawn by chance in addition."""
        size = (self.beside(len(labels)),)
        rows = torch.randint(len(self.labels), size, generator=generator, device=self.labels.device)
        return torch.cat((images, self.images[rows])), torch.cat((labels, self.labels[rows]))


class Batches:
    """Iterate over (images, labels) of the chosen rows.

    Images come as float32 (B, 1, 28, 28) in 0..1, labels as int64 (B,), both on the device. With a
    ``seed`` the rows are shuffled anew in each epoch and changed by ``augmentation`` if given; what
    comes depends on seed and epoch alone: a resumed run sees what it would have seen anyway. With
    ``extra`` batches are larger by pictures from elsewhere.
    """

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        batch_size: int,
        device: torch.device,
        rows: torch.Tensor | None = None,
        seed: int | None = None,
        augmentation: Augmentation | None = None,
        extra: Extra | None = None,
    ) -> None:
        self.images = images.to(device)
        self.labels = labels.to(device, torch.int64)
        rows = torch.arange(len(labels)) if rows is None else rows
        self.rows = rows.to(device)
        self.batch_size = batch_size
        self.seed = seed
        self.augmentation = augmentation
        self.extra = None if extra is None else extra.to(device)
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    @property
    def num_images(self) -> int:
        """Images in one epoch, those mixed in among them."""
        if self.extra is None:
            return len(self.rows)
        whole, rest = divmod(len(self.rows), self.batch_size)
        return len(self.rows) + whole * self.extra.beside(self.batch_size) + self.extra.beside(rest)

    def set_epoch(self, epoch: int) -> None:
        """Choose which of the seeded orders comes next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        changes = self._generator(self.images.device)
        for rows in self._order().split(self.batch_size):
            images, labels = self.images[rows], self.labels[rows]
            if self.extra is not None:
                images, labels = self.extra.mixed_in(images, labels, changes)
            images = normalise(images)
            if self.augmentation is not None:
                images = self.augmentation(images, changes)
            yield images, labels

    def _generator(self, device: torch.device | str) -> torch.Generator:
        return torch.Generator(device).manual_seed((self.seed or 0) * 100_003 + self.epoch)

    def _order(self) -> torch.Tensor:
        if self.seed is None:
            return self.rows
        shuffled = torch.randperm(len(self.rows), generator=self._generator("cpu"))
        return self.rows[shuffled.to(self.rows.device)]
