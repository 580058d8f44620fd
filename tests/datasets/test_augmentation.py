"""Augmentation changes batches as pens, hands and cameras do, reproducibly by seed."""

import pytest
import torch

from handwriting.datasets.augmentation import Augmentation
from models import normalise

EACH = {
    "rotation": 15.0,
    "scale": 0.2,
    "shear": 0.2,
    "shift": 2.0,
    "elastic": 1.0,
    "stroke": 0.6,
    "gaps": 1.0,
    "noise": 0.05,
}


@pytest.fixture(scope="module")
def images(drawn) -> torch.Tensor:
    return normalise(torch.from_numpy(drawn[0][:64]))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_nothing_asked_changes_nothing(images):
    assert torch.equal(Augmentation()(images, generator()), images)


@pytest.mark.parametrize("name", EACH)
def test_each_change_changes_most_pictures_and_keeps_their_range(images, name):
    changed = Augmentation(**{name: EACH[name]})(images, generator())
    assert changed.shape == images.shape and changed.dtype == torch.float32
    assert changed.min() >= 0 and changed.max() <= 1
    different = (changed - images).abs().mean(dim=(1, 2, 3)) > 1e-4
    assert different.float().mean() > 0.5
    assert (changed - images).abs().mean() < 0.15


def test_the_same_seed_gives_the_same_pictures(images):
    change = Augmentation(**EACH)
    first, again, other = (change(images, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_turning_keeps_the_ink_and_the_middle(images):
    turned = Augmentation(rotation=15)(images, generator())
    ink = images.sum(dim=(1, 2, 3))
    assert (turned.sum(dim=(1, 2, 3)) / ink - 1).abs().median() < 0.02
    place = torch.arange(28.0) - 13.5
    for axis in (2, 3):
        shape = [-1 if k == axis else 1 for k in range(4)]
        middles = [
            (x * place.view(shape)).sum(dim=(1, 2, 3)) / x.sum(dim=(1, 2, 3))
            for x in (images, turned)
        ]
        assert (middles[0] - middles[1]).abs().median() < 0.6


def test_strokes_become_thicker_and_thinner(images):
    change = Augmentation(stroke=0.8)(images, generator()).sum(dim=(1, 2, 3))
    plain = images.sum(dim=(1, 2, 3))
    assert (change > 1.05 * plain).any() and (change < 0.95 * plain).any()


def test_a_share_of_the_pictures_gets_a_gap(images):
    many = images.repeat(20, 1, 1, 1)
    full = torch.ones_like(many)
    cut = (Augmentation(gaps=0.3)(full, generator()) == 0).any(dim=(1, 2, 3))
    assert cut.float().mean() == pytest.approx(0.3, abs=0.05)
