"""Shared code of the benchmarks: both training procedures, and measuring processes."""

import os
import sys

import pytest
import torch

from benchmarks.common import alone, baseline, ours, plain_network, random_batches, run_once
from handwriting.errors import HandwritingError
from handwriting.training.recipes import RECIPES
from models import MODELS, SmallMapConv2d
from tests.support import CPU


@pytest.mark.parametrize("model", ["customcnn", "resnet34"])
def test_both_ways_start_from_the_same_weights(model):
    torch.manual_seed(1)
    usual = baseline(model, CPU).network.state_dict()
    torch.manual_seed(1)
    own = ours(model, CPU, RECIPES["reference"]).network.state_dict()
    assert list(usual) == list(own)
    assert all(torch.equal(usual[name], own[name]) for name in usual)


@pytest.mark.parametrize("model", MODELS)
def test_a_plain_network_has_pytorchs_layers_alone(model):
    assert not any(isinstance(layer, SmallMapConv2d) for layer in plain_network(model).modules())


def test_steps_lower_the_loss_and_move_the_average():
    torch.manual_seed(0)
    train_step = ours("compactcnn", CPU, RECIPES["modern"])
    batch = next(random_batches(16, RECIPES["modern"], CPU))
    before = train_step.average.module.state_dict()["layers.0.weight"].clone()
    losses = [train_step.step(batch.images, batch.labels).item() for _ in range(8)]
    assert losses[-1] < losses[0]
    assert not torch.equal(before, train_step.average.module.state_dict()["layers.0.weight"])


def test_random_batches_never_end_and_are_all_full():
    batches = random_batches(4, RECIPES["reference"], CPU)
    assert [len(next(batches).labels) for _ in range(20)] == [4] * 20


def test_work_alone_is_done_in_another_process():
    assert alone(os.getpid) != os.getpid()
    with pytest.raises(ZeroDivisionError):
        alone(divmod, 1, 0)


def test_a_command_is_timed_and_its_memory_taken():
    hold = "x = bytearray(300 * 2**20); x[::4096] = b'x' * len(x[::4096]); import time"
    seconds, gib = run_once([sys.executable, "-c", f"{hold}; time.sleep(0.2)"])
    assert 0.2 < seconds < 30
    assert 0.29 < gib < 3


def test_a_command_that_fails_is_named():
    with pytest.raises(HandwritingError, match=r"exit\(3\).* failed"):
        run_once([sys.executable, "-c", "exit(3)"])
