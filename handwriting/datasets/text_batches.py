"""Batches of words and lines of similar width, rendered while the network trains."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from torch.utils.data import DataLoader

_POOL = 16
"""Batches whose samples are sorted by width together, so that similar widths share a batch."""


WIDTH_STEP = 16
"""Batch widths are multiples of this: a GPU plans its work for each shape, so shapes must be
few."""


@dataclass(frozen=True)
class Drawn:
    """An image and its text.

    Attributes:
        picture: uint8 (40, width), white ink on black.
        text: in the alphabet of `handwriting.alphabet`.
        is_exact: whether the text is as written; else it is in printable ASCII by necessity, and
            each character stands for those of `handwriting.alphabet.PLAIN` too.
    """

    picture: np.ndarray
    text: str
    is_exact: bool = False


class TextSource(Protocol):
    """Samples of words or lines that are re-rendered each time."""

    def __len__(self) -> int:
        """Samples in an epoch."""

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """One sample."""


@dataclass(frozen=True)
class TextBatch:
    """Images, uint8 (40, width) each, their texts, and which texts are exact, as for `Drawn`."""

    pictures: list[np.ndarray]
    texts: list[str]
    is_exact: list[bool]


class TextBatches:
    """Iterate over an epoch's :class:`TextBatch` es, which depend on seed and epoch alone.

    Args:
        source: of the samples.
        columns: most pixel columns of a batch, with images padded to the widest.
        seed: of the order and the augmentation.
        rank: this process's rank, which gets every ``ranks``-th batch from the ``rank``-th on.
        ranks: number of ranks.
        workers: rendering processes; with 0, a thread of this process renders.
    """

    def __init__(
        self,
        source: TextSource,
        columns: int,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
        workers: int = 0,
    ) -> None:
        self.source, self.columns, self.seed = source, columns, seed
        self.rank, self.ranks, self.workers = rank, ranks, workers
        self.epoch = 0
        # A character is about 20 columns wide.
        pool, share = _POOL * columns // 128, -(-len(source) // ranks)
        self.per_pool = max(1, min(pool, share))

    def set_epoch(self, epoch: int) -> None:
        """Select the seeded order of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Samples in an epoch, over all ranks."""
        return len(self.source)

    def pools(self) -> list[np.ndarray]:
        """The epoch's samples in random order, one pool at a time."""
        rng = np.random.default_rng((self.seed, self.epoch))
        order = rng.permutation(len(self.source))
        return np.split(order, range(self.per_pool, len(order), self.per_pool))

    def __iter__(self) -> Iterator[TextBatch]:
        pools = list(enumerate(self.pools()[self.rank :: self.ranks]))
        if not self.workers:
            yield from self._drawn_ahead(pools)
            return
        drawn = DataLoader(
            pools,
            batch_size=None,
            num_workers=self.workers,
            collate_fn=self._draw,
            worker_init_fn=_draw_on_one_core,
        )
        for batches in drawn:
            yield from batches

    def _drawn_ahead(self, pools: list[tuple[int, np.ndarray]]) -> Iterator[TextBatch]:
        """A thread renders the next pool during training on the current one."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            ahead = None
            for numbered in [*pools, None]:
                drawn = ahead.result() if ahead else []
                ahead = pool.submit(self._draw, numbered) if numbered else None
                yield from drawn

    def _draw(self, numbered: tuple[int, np.ndarray]) -> list[TextBatch]:
        number, samples = numbered
        rng = np.random.default_rng((self.seed, self.epoch, self.rank, number))
        drawn = [self.source.draw(int(sample), rng) for sample in samples]
        batches = batches_by_width([one.picture.shape[1] for one in drawn], self.columns)
        return [
            TextBatch(
                [drawn[k].picture for k in rows],
                [drawn[k].text for k in rows],
                [drawn[k].is_exact for k in rows],
            )
            for rows in (batches[k] for k in rng.permutation(len(batches)))
        ]


def _draw_on_one_core(worker: int) -> None:
    """OpenCV's threads do not survive the fork of this process."""
    cv2.setNumThreads(0)


def batches_by_width(widths: Sequence[int], columns: int) -> list[list[int]]:
    """Rows from wide to narrow, in batches of at most ``columns`` columns with padding.

    A wider image is a batch of its own.
    """
    order = np.argsort(-np.asarray(widths, dtype=np.int64), kind="stable").tolist()
    batches: list[list[int]] = []
    while order:
        widest = -(-widths[order[0]] // WIDTH_STEP) * WIDTH_STEP
        count = max(1, columns // widest)
        batches.append(order[:count])
        order = order[count:]
    return batches


class BalancedSources:
    """Samples of several sources, chosen by chance.

    A source has the share of the samples that its weight has.

    Args:
        sources: each with a sample.
        weights: float (sources,), positive.
        count: samples in an epoch.
    """

    def __init__(self, sources: Sequence[TextSource], weights: Sequence[float], count: int) -> None:
        self.sources, self.count = sources, count
        self.shares = np.array(weights) / np.sum(weights)

    def __len__(self) -> int:
        return self.count

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A random sample of a random source."""
        source = self.sources[rng.choice(len(self.sources), p=self.shares)]
        return source.draw(int(rng.integers(len(source))), rng)


@dataclass(frozen=True)
class JoinedSources:
    """Several sources in sequence."""

    sources: Sequence[TextSource]

    def __len__(self) -> int:
        return sum(len(source) for source in self.sources)

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """The sample of this number, from the source that holds it."""
        for source in self.sources:
            if number < len(source):
                return source.draw(number, rng)
            number -= len(source)
        raise IndexError("the index is out of range")
