"""Calibration gives calibrated probabilities under `byclass`'s class prior."""

import copy

import pytest
import torch

from handwriting.training.calibration import (
    class_frequencies,
    fit_calibration,
    fit_temperature,
    move_frequencies,
    smoothed_frequencies,
)
from models import CompactCNN, predict_logits

LAST_BIAS = "layers.17.bias"


@pytest.fixture(scope="module")
def drawn_logits() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and labels drawn from the probabilities that they say."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 62, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
    return logits, labels


def test_temperature_and_frequencies_are_found_again(drawn_logits):
    logits, labels = drawn_logits
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.05)
    frequencies = class_frequencies(logits, 1.0)
    assert sum(frequencies) == pytest.approx(1)
    assert frequencies == pytest.approx(logits.softmax(1).mean(0).tolist(), abs=1e-4)


def test_smoothed_frequencies_add_up_to_1_and_none_is_0():
    frequencies = smoothed_frequencies([0, 3, *[1] * 60])
    assert sum(frequencies) == pytest.approx(1) and min(frequencies) > 0
    assert frequencies[1] == pytest.approx(4 * frequencies[0])


def changed_entries(before: dict, network: torch.nn.Module) -> list[str]:
    after = network.state_dict()
    return [name for name in before if not torch.equal(before[name], after[name])]


def test_moving_to_other_frequencies_weighs_each_class_by_their_ratio(drawn):
    torch.manual_seed(0)
    network = CompactCNN().eval()
    state = copy.deepcopy(network.state_dict())
    images = torch.from_numpy(drawn[0][:50])
    before = (predict_logits(network, images) / 2.0).softmax(dim=1)
    expected, wanted = smoothed_frequencies(range(62)), smoothed_frequencies([7] * 31 + [1] * 31)
    move_frequencies(network, expected, wanted, temperature=2.0)
    assert changed_entries(state, network) == [LAST_BIAS]
    after = (predict_logits(network, images) / 2.0).softmax(dim=1)
    weighed = before * torch.tensor(wanted) / torch.tensor(expected)
    torch.testing.assert_close(after, weighed / weighed.sum(dim=1, keepdim=True))


def test_a_fit_gives_the_facts_and_moves_the_last_bias_alone(drawn_logits):
    torch.manual_seed(0)
    network, (logits, labels) = CompactCNN(), drawn_logits
    state = copy.deepcopy(network.state_dict())
    counts = range(1, 63)
    facts = fit_calibration(network, 3 * logits, labels, counts)
    assert facts["temperature"] == pytest.approx(3, rel=0.05)
    assert facts["frequencies"] == smoothed_frequencies(counts)
    assert facts["training_frequencies"] == class_frequencies(3 * logits, facts["temperature"])
    assert changed_entries(state, network) == [LAST_BIAS]
    change = network.state_dict()[LAST_BIAS] - state[LAST_BIAS]
    ratio = torch.tensor(facts["frequencies"]) / torch.tensor(facts["training_frequencies"])
    torch.testing.assert_close(change, facts["temperature"] * ratio.log(), atol=1e-5, rtol=1e-5)
