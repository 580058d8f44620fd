"""Batches of one uint8 tensor, selected, moved to the device and normalised as a whole.

No step works image by image, so the network and not its input pipeline limits the speed
(`benchmarks/training.py` measures both).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch

from handwriting.compute.devices import widest_float
from handwriting.datasets.augmentation import Augmentation
from handwriting.datasets.prepared import LabelledImages
from models import normalise


class Batch(NamedTuple):
    """A batch for training or evaluation.

    Attributes:
        images: float32 (B, 1, 28, 28) in 0..1.
        labels: int64 (B,), label sets as in `handwriting.labels`.
        is_balanced: bool (B,), whether the image is from a set with a uniform class prior.
    """

    images: torch.Tensor
    labels: torch.Tensor
    is_balanced: torch.Tensor


@dataclass(frozen=True)
class ExtraData:
    """External images to mix into each batch, with a uniform class prior.

    Attributes:
        data: the images and their labels.
        fraction: of external images in a batch, in 0..1.
        chances: float (N,), sampling probabilities, which sum to 1; uniform by default.
    """

    data: LabelledImages
    fraction: float
    chances: torch.Tensor | None = None

    def beside(self, images: int) -> int:
        """The number of external images mixed into a batch of ``images``."""
        return round(images * self.fraction / (1 - self.fraction))


class Batches:
    """Iterate over the :class:`Batch` es of the chosen rows, on the device.

    With a ``seed`` the rows are shuffled in each epoch and changed by ``augmentation`` if given.
    The batches depend on seed and epoch alone, so a resumed run sees the same ones. ``extra`` adds
    external images to each batch.

    Each of several ``ranks`` gets its own part of every batch: every ``ranks``-th image from the
    ``rank``-th on. Together the parts are the batch of a single rank; only ``augmentation``
    differs. Batch norm needs two images per rank: a smaller batch goes whole to every rank.
    :meth:`share` takes that into account.
    """

    def __init__(
        self,
        data: LabelledImages,
        batch_size: int,
        device: torch.device,
        *,
        rows: torch.Tensor | None = None,
        seed: int | None = None,
        augmentation: Augmentation | None = None,
        extra: ExtraData | None = None,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.images, self.labels = _on_device(data, device)
        rows = torch.arange(len(data)) if rows is None else rows
        self.rows = rows.to(device)
        self.batch_size = batch_size
        self.seed = seed
        self.augmentation = augmentation
        self.extra = extra
        if extra is not None:
            self.extra_images, self.extra_labels = _on_device(extra.data, device)
            even = torch.full((len(extra.data),), 1 / len(extra.data), dtype=torch.float64)
            chances = even if extra.chances is None else extra.chances
            self.extra_limits = chances.cumsum(0).to(device, widest_float(device))
        self.rank, self.ranks = rank, ranks
        self.epoch = 0

    def __len__(self) -> int:
        return -(-self._used // self.batch_size)

    @property
    def _used(self) -> int:
        # Batch norm cannot learn from a last batch of one image; each epoch skips another image.
        alone = self.seed is not None and len(self.rows) % self.batch_size == 1
        return len(self.rows) - 1 if alone and len(self.rows) > 1 else len(self.rows)

    @property
    def num_images(self) -> int:
        """Images in one epoch over all ranks, including external ones."""
        return sum(self.sizes())

    def sizes(self) -> list[int]:
        """Images in each batch of an epoch over all ranks, including external ones."""
        whole, rest = divmod(self._used, self.batch_size)
        counts = [self.batch_size] * whole + [rest] * bool(rest)
        return [count + (self.extra.beside(count) if self.extra else 0) for count in counts]

    def share(self, images: int, size: int) -> float:
        """Weight of a rank's ``images`` in the mean over a batch of ``size`` images.

        It is in 0..1; the weights of all ranks sum to 1.
        """
        return 1 / self.ranks if images == size else images / size

    def set_epoch(self, epoch: int) -> None:
        """Select the seeded order of an epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Batch]:
        draws = self._generator(self.images.device)
        changes = draws if self.ranks == 1 else self._generator(self.images.device, 1 + self.rank)
        order = self._order()
        for first in range(0, len(order), self.batch_size):
            rows = order[first : first + self.batch_size]
            own = self._own_part(len(rows))
            images, labels = self.images[rows[own]], self.labels[rows[own]]
            is_balanced = torch.zeros_like(labels, dtype=torch.bool)
            if self.extra is not None:
                more = self._draw_extra(len(rows), draws)[own]
                images = torch.cat((images, self.extra_images[more]))
                labels = torch.cat((labels, self.extra_labels[more]))
                is_balanced = torch.cat((is_balanced, torch.ones_like(more, dtype=torch.bool)))
            images = normalise(images)
            if self.augmentation is not None:
                images = self.augmentation(images, changes)
            yield Batch(images, labels, is_balanced)

    def _draw_extra(self, images: int, generator: torch.Generator) -> torch.Tensor:
        """Random external rows to mix into a batch of ``images``; int64, on the device."""
        limits = self.extra_limits
        draws = torch.rand(
            self.extra.beside(images), generator=generator, dtype=limits.dtype, device=limits.device
        )
        return torch.searchsorted(limits, draws).clamp_(max=len(limits) - 1)

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


def _on_device(data: LabelledImages, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    return data.images.to(device), data.labels.to(device, torch.int64)


def subsample(rows: torch.Tensor, fraction: float) -> torch.Tensor:
    """A deterministic subset of rows; a smaller subset is part of a larger one.

    Args:
        rows: int64 (N,).
        fraction: of the rows, in 0..1; at least one row.
    """
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    return rows if fraction == 1 else rows[order[: max(1, round(fraction * len(rows)))]]
