"""Batches cut from one uint8 tensor: picked, moved to the device and normalised whole.

Nothing is done sample by sample, so that the network and not its feeding is the limit
(`benchmarks/training_throughput.py` measures both).
"""

from collections.abc import Iterator

import torch

from characters.augmentation import Augmentation


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 (N, 28, 28) to float32 (N, 1, 28, 28) in 0..1, channels last."""
    floats = images.unsqueeze(1).to(torch.float32).div_(255)
    return floats.contiguous(memory_format=torch.channels_last)


class Batches:
    """Iterate over (images, labels) of the chosen rows.

    Images come as float32 (B, 1, 28, 28) in 0..1, labels as int64 (B,), both on the device. With a
    ``seed`` the rows are shuffled anew in each epoch and changed by ``augmentation`` if given; what
    comes depends on seed and epoch alone: a resumed run sees what it would have seen anyway.
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
    ) -> None:
        self.images = images.to(device)
        self.labels = labels.to(device, torch.int64)
        rows = torch.arange(len(labels)) if rows is None else rows
        self.rows = rows.to(device)
        self.batch_size = batch_size
        self.seed = seed
        self.augmentation = augmentation
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    @property
    def num_images(self) -> int:
        """Images in one epoch."""
        return len(self.rows)

    def set_epoch(self, epoch: int) -> None:
        """Choose which of the seeded orders comes next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        changes = self._generator(self.images.device)
        for rows in self._order().split(self.batch_size):
            images = normalise(self.images[rows])
            if self.augmentation is not None:
                images = self.augmentation(images, changes)
            yield images, self.labels[rows]

    def _generator(self, device: torch.device | str) -> torch.Generator:
        return torch.Generator(device).manual_seed((self.seed or 0) * 100_003 + self.epoch)

    def _order(self) -> torch.Tensor:
        if self.seed is None:
            return self.rows
        shuffled = torch.randperm(len(self.rows), generator=self._generator("cpu"))
        return self.rows[shuffled.to(self.rows.device)]
