"""Optimiser, learning rate schedule and weight averaging follow the recipe."""

import pytest
import torch
from torch import nn

from handwriting.errors import HandwritingError
from handwriting.training.optim import (
    checked_alpha,
    interpolate_weights,
    make_average,
    make_optimizer,
    make_schedule,
)
from handwriting.training.recipes import RECIPES, Recipe


def learning_rates(recipe: Recipe, steps_per_epoch: int, epochs: int) -> list[float]:
    optimizer = make_optimizer(recipe, nn.Linear(2, 2))
    schedule = make_schedule(recipe, optimizer, steps_per_epoch, epochs)
    rates = []
    for _ in range(steps_per_epoch * epochs):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return rates


def test_the_exponential_schedule_falls_once_an_epoch():
    rates = learning_rates(Recipe(gamma=0.5), steps_per_epoch=3, epochs=2)
    assert rates == pytest.approx([0.001] * 3 + [0.0005] * 3)


def test_one_cycle_rises_to_lr_and_falls_to_almost_nothing():
    recipe = Recipe(schedule="one-cycle", warmup=0.25, lr=0.01)
    rates = learning_rates(recipe, steps_per_epoch=20, epochs=2)
    top = rates.index(max(rates))
    assert top == 10 and max(rates) == pytest.approx(0.01)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.001


def test_weight_decay_spares_biases_and_batch_norm():
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    groups = make_optimizer(RECIPES["modern"], network).param_groups
    assert [group["weight_decay"] for group in groups] == [RECIPES["modern"].weight_decay, 0]
    assert [len(group["params"]) for group in groups] == [1, 3]


def test_the_average_follows_constant_weights_and_lags_behind_moving_ones():
    network = nn.Linear(1, 1, bias=False)
    average = make_average(Recipe(ema_decay=0.9), network)
    for step in range(200):
        nn.init.constant_(network.weight, float(step))
        average.update_parameters(network)
    # With a step of 1, the average lags by ema_decay / (1 - ema_decay) = 9.
    assert average.module.weight.item() == pytest.approx(199 - 9, abs=0.1)


def test_the_average_forgets_the_first_random_weights_soon():
    network = nn.Linear(1, 1, bias=False)
    average = make_average(Recipe(ema_decay=0.999), network)
    nn.init.constant_(network.weight, 100.0)
    average.update_parameters(network)
    nn.init.constant_(network.weight, 1.0)
    for _ in range(100):
        average.update_parameters(network)
    assert average.module.weight.item() == pytest.approx(1, abs=0.1)


def test_the_counter_of_batch_norm_is_copied_and_not_averaged():
    network = nn.BatchNorm1d(2)
    average = make_average(Recipe(ema_decay=0.5), network)
    network(torch.randn(4, 2))
    average.update_parameters(network)
    assert average.module.num_batches_tracked == network.num_batches_tracked


def test_interpolated_weights_lie_between_start_and_end_and_leave_both_alone():
    torch.manual_seed(0)
    start, end = (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)) for _ in range(2))
    before = {name: tensor.clone() for name, tensor in end.state_dict().items()}
    mixed = interpolate_weights(start.state_dict(), end, 0.25).state_dict()
    torch.testing.assert_close(
        mixed["0.weight"], 0.75 * start[0].weight.detach() + 0.25 * end[0].weight.detach()
    )
    torch.testing.assert_close(dict(end.state_dict()), before)
    whole = interpolate_weights(start.state_dict(), end, 1.0).state_dict()
    torch.testing.assert_close(dict(whole), before, msg="1 is the end itself")


@pytest.mark.parametrize("alpha", [0, -0.1, 1.5, float("nan")])
def test_a_way_beyond_either_end_is_refused(alpha):
    with pytest.raises(HandwritingError, match="--alpha"):
        checked_alpha(alpha)
