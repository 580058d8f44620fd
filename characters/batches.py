"""Batches cut from one uint8 tensor: picked, moved to the device and normalised whole.

Nothing is done sample by sample, so that the network and not its feeding is the limit
(`benchmarks/training_throughput.py` measures both).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from characters.augmentation import Augmentation

READING_BATCH = 128
"""Pictures to read at once: few enough for a processor's cache (500 are a third slower)."""


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

    def draw(self, images: int, generator: torch.Generator) -> torch.Tensor:
        """By chance, the rows to mix in beside so many images; int64, on the labels' device."""
        size = (self.beside(images),)
        return torch.randint(len(self.labels), size, generator=generator, device=self.labels.device)


class Batches:
    """Iterate over (images, labels) of the chosen rows.

    Images come as float32 (B, 1, 28, 28) in 0..1, labels as int64 (B,), both on the device. With a
    ``seed`` the rows are shuffled anew in each epoch and changed by ``augmentation`` if given; what
    comes depends on seed and epoch alone: a resumed run sees what it would have seen anyway. With
    ``extra`` batches are larger by pictures from elsewhere.

    Of several ``ranks`` each gets its own part of every batch, that is every ``ranks``-th image
    from the ``rank``-th on. Together the parts are the batch of a single rank; only the changes by
    ``augmentation`` are other ones. A batch too small for two images per rank comes whole to every
    rank, for batch norm can't do with less; :meth:`share` takes that into account.
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
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.images = images.to(device)
        self.labels = labels.to(device, torch.int64)
        rows = torch.arange(len(labels)) if rows is None else rows
        self.rows = rows.to(device)
        self.batch_size = batch_size
        self.seed = seed
        self.augmentation = augmentation
        self.extra = None if extra is None else extra.to(device)
        self.rank, self.ranks = rank, ranks
        self.epoch = 0

    def __len__(self) -> int:
        return -(-self._used // self.batch_size)

    @property
    def _used(self) -> int:
        # Batch norm cannot learn from a last batch of one image; another is left out each epoch.
        alone = self.seed is not None and len(self.rows) % self.batch_size == 1
        return len(self.rows) - 1 if alone and len(self.rows) > 1 else len(self.rows)

    @property
    def num_images(self) -> int:
        """Images in one epoch over all ranks, those mixed in among them."""
        return sum(self.sizes())

    def sizes(self) -> list[int]:
        """Images in each batch of an epoch over all ranks, those mixed in among them."""
        whole, rest = divmod(self._used, self.batch_size)
        counts = [self.batch_size] * whole + [rest] * bool(rest)
        return [count + (self.extra.beside(count) if self.extra else 0) for count in counts]

    def share(self, images: int, size: int) -> float:
        """What a rank's ``images`` of a batch of ``size`` count in a mean over the whole batch.

        In 0..1; the shares of all ranks add up to 1.
        """
        return 1 / self.ranks if images == size else images / size

    def set_epoch(self, epoch: int) -> None:
        """Choose which of the seeded orders comes next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        draws = self._generator(self.images.device)
        changes = draws if self.ranks == 1 else self._generator(self.images.device, 1 + self.rank)
        order = self._order()
        for first in range(0, len(order), self.batch_size):
            rows = order[first : first + self.batch_size]
            own = self._own_part(len(rows))
            images, labels = self.images[rows[own]], self.labels[rows[own]]
            if self.extra is not None:
                more = self.extra.draw(len(rows), draws)[own]
                images = torch.cat((images, self.extra.images[more]))
                labels = torch.cat((labels, self.extra.labels[more]))
            images = normalise(images)
            if self.augmentation is not None:
                images = self.augmentation(images, changes)
            yield images, labels

    def _own_part(self, batch: int) -> slice:
        return slice(self.rank, None, self.ranks) if batch >= 2 * self.ranks else slice(None)

    def _generator(self, device: torch.device | str, stream: int = 0) -> torch.Generator:
        seed = (self.seed or 0) * 100_003 + self.epoch + stream * 1_000_000_007
        return torch.Generator(device).manual_seed(seed)

    def _order(self) -> torch.Tensor:
        if self.seed is None:
            return self.rows
        shuffled = torch.randperm(len(self.rows), generator=self._generator("cpu"))
        return self.rows[shuffled[: self._used].to(self.rows.device)]
