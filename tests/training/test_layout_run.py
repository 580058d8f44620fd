"""Losses, rates and settings of the layout network's training."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from handwriting.datasets.layout_batches import LayoutSample, drawn_sample, sample_of
from handwriting.errors import HandwritingError
from handwriting.imaging.text_lines import PRINT
from handwriting.pages.layout_network import LayoutNetwork
from handwriting.training.layout_run import (
    LayoutBatch,
    LayoutSettings,
    layout_counts,
    layout_loss,
    layout_rates,
)
from tests.pages.drawn import layout_of_page
from tests.support import CPU

SIDE = 128
NARROW = (4, 4, 8, 8, 8, 8)


@pytest.fixture(scope="module")
def sample() -> LayoutSample:
    """A part of a page with both writing and print."""
    page = layout_of_page("ruled")
    lines = [replace(line, kind=PRINT if k % 2 else line.kind) for k, line in enumerate(page.lines)]
    page = replace(page, lines=tuple(lines))
    seen = (drawn_sample(page, np.random.default_rng(seed), SIDE) for seed in range(100))
    return next(each for each in seen if each.core.mean() > 5 and each.printed.mean() > 5)


def outputs_like(truth: LayoutBatch, sure: float = 8.0) -> tuple[torch.Tensor, torch.Tensor]:
    """What the network would say if it knew."""
    logits = [sure * (2 * each - 1) for each in (truth.core, truth.printed, truth.rules)]
    maps = torch.stack([*logits, truth.height], dim=1)
    rows, columns = (length // 4 for length in maps.shape[2:])
    directions = torch.zeros(len(maps), 4, rows, columns)
    directions[torch.arange(len(maps)), truth.quarters] = sure
    return maps, directions


def test_the_loss_of_a_sample_seen_again_and_again_falls(sample):
    torch.manual_seed(0)
    network, truth = LayoutNetwork(NARROW).train(), LayoutBatch.of([sample] * 2, CPU)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    losses = []
    for _ in range(30):
        loss = layout_loss(*network(truth.pictures), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_the_truth_has_the_least_loss_and_the_contrary_the_greatest(sample):
    truth = LayoutBatch.of([sample], CPU)
    maps, directions = outputs_like(truth)
    best = layout_loss(maps, directions, truth)
    blank = layout_loss(torch.zeros_like(maps), torch.zeros_like(directions), truth)
    contrary = layout_loss(-maps, -directions, truth)
    assert best < 0.5 * blank and blank < contrary


@pytest.mark.parametrize("number", range(4))
def test_each_map_and_the_direction_count(sample, number):
    truth = LayoutBatch.of([sample], CPU)
    maps, directions = outputs_like(truth)
    best = layout_loss(maps, directions, truth)
    maps[:, number] = -maps[:, number] + (number == 3)
    assert layout_loss(maps, directions, truth) > best + 0.01
    assert layout_loss(outputs_like(truth)[0], -directions, truth) > best + 0.01


def test_places_that_nobody_knows_change_nothing(sample):
    known = sample.known.copy()
    known[:, : known.shape[1] // 2] = 0
    half = replace(sample, known=known, rules_known=np.minimum(known, sample.rules_known))
    rng = np.random.default_rng(0)

    def changed(each: np.ndarray) -> np.ndarray:
        other = rng.integers(0, 256, each.shape).astype(each.dtype)
        return np.where(known == 0, other, each)

    names = ("core", "printed", "rules", "height")
    other = replace(half, **{name: changed(getattr(half, name)) for name in names})
    first, second = (LayoutBatch.of([each], CPU) for each in (half, other))
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(1, 4, *known.shape, generator=generator)
    directions = torch.randn(1, 4, *(length // 4 for length in known.shape), generator=generator)
    assert layout_loss(maps, directions, first) == layout_loss(maps, directions, second)
    assert layout_counts(maps, directions, first) == layout_counts(maps, directions, second)


def test_a_sample_of_which_nothing_is_known_has_a_finite_loss(sample):
    unknown = np.zeros_like(sample.known)
    truth = LayoutBatch.of([replace(sample, known=unknown, rules_known=unknown)], CPU)
    maps, directions = (each.requires_grad_() for each in outputs_like(truth))
    loss = layout_loss(maps, directions, truth)
    loss.backward()
    assert loss.isfinite() and maps.grad.abs().max() == 0


def test_a_batch_holds_the_samples_as_shares_and_logarithms(sample):
    batch = LayoutBatch.of([sample, sample], CPU)
    assert batch.pictures.shape == (2, 1, SIDE, SIDE)
    assert batch.core.shape == (2, SIDE // 4, SIDE // 4) == batch.height.shape
    for each in (batch.pictures, batch.core, batch.printed, batch.rules, batch.known):
        assert each.dtype == torch.float32 and each.min() >= 0 and each.max() <= 1
    assert batch.quarters.tolist() == [sample.quarters] * 2


def test_rates_of_the_truth_are_perfect_and_add_up_over_batches():
    upright = sample_of(grey_page())
    turned = replace(upright, quarters=3)
    counts: Counter[str] = Counter()
    for truth in (LayoutBatch.of([each], CPU) for each in (upright, turned)):
        maps, directions = outputs_like(truth)
        counts.update(layout_counts(maps, directions, truth))
    rates = layout_rates(counts)
    assert rates == {
        **{"val_core_f1": 1.0, "val_printed_f1": 0.0},
        **{"val_height": 0.0, "val_direction": 1.0},
    }


def test_half_of_the_places_an_octave_and_a_wrong_direction_are_counted():
    truth = LayoutBatch.of([sample_of(grey_page())], CPU)
    maps, directions = outputs_like(truth)
    maps[:, 0, ::2] = -8
    maps[:, 3] += 1
    rates = layout_rates(layout_counts(maps, directions.roll(1, dims=1), truth))
    assert rates["val_core_f1"] == pytest.approx(2 / 3, abs=0.05)
    assert rates["val_height"] == pytest.approx(1) and rates["val_direction"] == 0


def grey_page():
    page = layout_of_page()
    return replace(page, picture=np.ascontiguousarray(page.picture[..., 0]))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"epochs": 0}, "--epochs must be a whole number from 1"),
        ({"epochs": 2.5}, "--epochs must be a whole number"),
        ({"samples": 0}, "--samples must be"),
        ({"batch": 0}, "--batch must be"),
        ({"batch": True}, "--batch must be"),
        ({"composed": 1.5}, "--composed must be a number from 0 to 1"),
        ({"composed": float("nan")}, "--composed must be"),
        ({"lr": 0.0}, "--lr must be"),
        ({"lr": float("inf")}, "--lr must be"),
        ({"lr": float("nan")}, "--lr must be"),
        ({"held_out": 1.0}, "--held-out must be"),
        ({"held_out": -0.1}, "--held-out must be"),
        ({"seed": -1}, "--seed must be"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(changed, words):
    with pytest.raises(HandwritingError, match=words):
        LayoutSettings(("pages",), **changed)


@pytest.mark.parametrize(
    "values",
    [{}, {"data": 3}, {"data": ["pages"], "width": 3}, {"data": ["pages"], "lr": "fast"}],
)
def test_settings_of_another_checkpoint_are_refused(values):
    with pytest.raises(HandwritingError, match=r"not the settings of a layout network|must be"):
        LayoutSettings.from_dict(values)


def test_settings_are_the_same_after_a_checkpoint():
    settings = LayoutSettings(("a", "b"), epochs=3, pens="pens", init_from="run")
    values = {name: getattr(settings, name) for name in LayoutSettings.__dataclass_fields__}
    assert LayoutSettings.from_dict(values | {"data": ["a", "b"]}) == settings
