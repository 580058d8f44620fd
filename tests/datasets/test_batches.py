"""An epoch has every image once, in an order given by seed and epoch, whole or split over ranks."""

import itertools

import pytest
import torch

from handwriting.datasets.augmentation import Augmentation
from handwriting.datasets.batches import Batch, Batches, ExtraData, subsample
from handwriting.datasets.prepared import LabelledImages
from models import normalise
from tests.support import CPU


def numbered(first: int, count: int) -> LabelledImages:
    """Images of one grey each, which is also their label."""
    greys = torch.arange(first, first + count, dtype=torch.uint8)
    return LabelledImages(greys.reshape(-1, 1, 1).repeat(1, 28, 28), greys)


def make_batches(size: int = 16, images: int = 50, **options) -> Batches:
    return Batches(numbered(0, images), size, CPU, **options)


def greys(batch: Batch) -> torch.Tensor:
    return (batch.images[:, 0, 0, 0] * 255).round().long()


def test_an_epoch_shows_every_image_once_with_its_label():
    batches = make_batches(seed=3)
    seen = []
    for batch in batches:
        assert batch.images.dtype == torch.float32 and batch.labels.dtype == torch.int64
        assert torch.equal(greys(batch), batch.labels) and not batch.is_balanced.any()
        seen += batch.labels.tolist()
    assert sorted(seen) == list(range(50))
    assert len(batches) == 4


def test_only_the_chosen_rows_come():
    batches = make_batches(rows=torch.tensor([7, 3, 41]))
    assert [label for batch in batches for label in batch.labels.tolist()] == [7, 3, 41]


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        batches = make_batches(seed=seed)
        batches.set_epoch(epoch)
        return [label for batch in batches for label in batch.labels.tolist()]

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)
    assert order(None, 2) == list(range(50))


def test_images_are_normalised_to_0_to_1_as_by_to_tensor():
    images = torch.arange(256, dtype=torch.uint8).repeat(4)[:784].reshape(1, 28, 28)
    expected = images.unsqueeze(1).float() / 255
    assert torch.equal(normalise(images), expected)


def test_a_last_batch_of_one_image_is_left_out_of_training():
    for_training = make_batches(images=33, seed=1)
    assert [len(b.labels) for b in for_training] == for_training.sizes() == [16, 16]
    assert for_training.num_images == 32 and len(for_training) == 2
    to_measure = make_batches(images=33)
    assert [len(b.labels) for b in to_measure] == to_measure.sizes() == [16, 16, 1]


def test_extra_images_have_their_fraction_of_each_batch_and_are_marked():
    extra = ExtraData(numbered(200, 10), fraction=0.25)
    batches = make_batches(30, images=100, seed=1, extra=extra)
    for batch in batches:
        assert torch.equal(batch.is_balanced, batch.labels >= 200)
        assert torch.equal(greys(batch), batch.labels)
    sizes = [(len(b.labels), int(b.is_balanced.sum())) for b in batches]
    assert sizes == [(40, 10), (40, 10), (40, 10), (13, 3)]
    assert batches.num_images == sum(size for size, _ in sizes)


def test_a_part_of_the_images_lies_in_a_larger_part():
    rows = torch.arange(1000)
    small, large = (set(subsample(rows, part).tolist()) for part in (0.1, 0.5))
    assert len(small) == 100 and len(large) == 500 and small < large
    assert torch.equal(subsample(rows, 1), rows)


def parts(ranks: int, extra: ExtraData | None = None) -> list[list[Batch]]:
    """The batches of each rank."""
    loaders = [make_batches(seed=3, rank=rank, ranks=ranks, extra=extra) for rank in range(ranks)]
    for loader in loaders:
        loader.set_epoch(2)
    return [list(loader) for loader in loaders]


@pytest.mark.parametrize("extra_images", [0, 10])
@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_the_parts_of_a_batch_are_the_batch_of_one_rank(ranks, extra_images):
    extra = ExtraData(numbered(100, extra_images), fraction=0.25) if extra_images else None
    (whole,) = parts(1, extra)
    for k, rank_batches in enumerate(zip(*parts(ranks, extra), strict=True)):
        labels = [batch.labels.tolist() for batch in rank_batches]
        if k < 3:
            assert sorted(itertools.chain(*labels)) == sorted(whole[k].labels.tolist())
        else:
            assert labels == [whole[k].labels.tolist()] * ranks, "two images are too few to divide"
        for batch in rank_batches:
            assert torch.equal(greys(batch), batch.labels)
            assert torch.equal(batch.is_balanced, batch.labels >= 100)


@pytest.mark.parametrize("ranks", [1, 2, 3, 5, 8])
def test_shares_make_the_mean_over_the_whole_batch(ranks):
    extra = ExtraData(numbered(77, 9), fraction=0.2)
    (whole,) = parts(1, extra)
    loader = make_batches(extra=extra, ranks=ranks)
    for k, (rank_batches, size) in enumerate(
        zip(zip(*parts(ranks, extra), strict=True), loader.sizes(), strict=True)
    ):
        assert size == len(whole[k].labels)
        means = [
            batch.labels.double().mean() * loader.share(len(batch.labels), size)
            for batch in rank_batches
        ]
        assert float(sum(means)) == pytest.approx(float(whole[k].labels.double().mean()))


def test_ranks_change_their_images_by_different_draws():
    images = torch.full((64, 28, 28), 128, dtype=torch.uint8)
    images[:, 8:20, 8:20] = 255
    data = LabelledImages(images, torch.zeros(64, dtype=torch.uint8))
    change = Augmentation(rotation=10, scale=0.1, shear=0.15, shift=0.5, elastic=0.5, stroke=0.4)
    loaders = [
        Batches(data, 64, CPU, seed=1, augmentation=change, rank=rank, ranks=2)
        for rank in (0, 1, 1)
    ]
    first, second, again = (next(iter(loader)).images for loader in loaders)
    assert torch.equal(second, again) and not torch.equal(first, second)
