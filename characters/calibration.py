"""Probabilities that mean what they say: temperature and class frequencies of a trained network.

The six splits together hold other shares of the characters than `byclass`, whose test set counts,
and a letter known in either case does not tell how often each case occurs. So after training the
scores are moved to the frequencies of `byclass`'s training rows, p(c|x) · wanted(c) / expected(c)
(Saerens et al. 2002, doi 10.1162/089976602753284446).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from characters.losses import LabelSetLoss

_LEAST_FREQUENCY = 1e-5
_BINS = 15


def fit_temperature(scores: torch.Tensor, labels: torch.Tensor) -> float:
    """The divisor of the scores that makes the likelihood largest (Guo et al. 2017,
    arXiv 1706.04599).

    Args:
        scores: float (N, 62), of images that were not trained on.
        labels: int64 (N,) in 0..87.
    """
    # Here and not above: scipy.optimize takes a third of a second to import.
    from scipy.optimize import minimize_scalar

    loss = LabelSetLoss()
    found = minimize_scalar(
        lambda log_t: loss(scores / np.exp(log_t), labels).item(), bounds=(-2, 2), method="bounded"
    )
    return float(np.exp(found.x))


def class_frequencies(scores: torch.Tensor, temperature: float) -> list[float]:
    """How often the network expects each class: its mean probabilities over images as trained on.

    Labels that stand for either case do not tell the frequency of each; the network's answers do.
    """
    mean = (scores.double() / temperature).softmax(dim=1).mean(dim=0).clamp_min(_LEAST_FREQUENCY)
    return (mean / mean.sum()).tolist()


def smoothed_frequencies(counts: Sequence[int]) -> list[float]:
    """Shares of counts, 62 numbers that add up to 1; one is added to each, for none is 0."""
    smoothed = np.array(counts) + 1
    return (smoothed / smoothed.sum()).tolist()


def move_frequencies(
    network: nn.Module, expected: Sequence[float], wanted: Sequence[float], temperature: float
) -> dict[str, torch.Tensor]:
    """Change the bias of a network's last linear layer so that it expects other frequencies.

    Args:
        network: ends in a linear layer with 62 outputs.
        expected: how often it expects each class, from :func:`class_frequencies`.
        wanted: how often it should.
        temperature: divisor of its scores.

    Returns:
        The name and the new value of the bias.
    """
    layers = [(name, layer) for name, layer in network.named_modules()
              if isinstance(layer, nn.Linear)]  # fmt: skip
    name, last = layers[-1]
    change = torch.tensor(wanted, dtype=torch.float64).log()
    change -= torch.tensor(expected, dtype=torch.float64).log()
    with torch.no_grad():
        last.bias += temperature * change.to(last.bias)
    return {f"{name}.bias": last.bias.detach().cpu().clone()}


def fit_calibration(
    network: nn.Module, scores: torch.Tensor, labels: torch.Tensor, counts: Sequence[int]
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Fit a network's temperature and move it to other class frequencies, as above.

    Args:
        network: as for :func:`move_frequencies`, which changes it.
        scores: float (N, 62), its scores of images that were not trained on.
        labels: int64 (N,), their labels, in 0..87.
        counts: images of each of the 62 classes where the wanted frequencies are.

    Returns:
        The changed bias by its name, and what a weights file says of it: ``temperature``,
        ``frequencies`` and ``training_frequencies``.
    """
    temperature = fit_temperature(scores, labels)
    expected, wanted = class_frequencies(scores, temperature), smoothed_frequencies(counts)
    bias = move_frequencies(network, expected, wanted, temperature)
    facts = {
        "temperature": temperature,
        "frequencies": wanted,
        "training_frequencies": expected,
    }
    return bias, facts


def reliability(probabilities: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """How often answers are right that are given with about the same probability.

    Args:
        probabilities: float (N,) of the answers, in 0..1.
        right: bool (N,).

    Returns:
        A row per bin of 15 equally wide ones that is not empty: ``answers``, mean ``probability``
        and ``accuracy``.
    """
    bins = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    return [
        {
            "answers": int((bins == k).sum()),
            "probability": float(probabilities[bins == k].mean()),
            "accuracy": float(right[bins == k].mean()),
        }
        for k in np.unique(bins)
    ]


def calibration_error(rows: list[dict[str, float]]) -> float:
    """Expected calibration error: mean distance of probability and accuracy over the bins of
    :func:`reliability`, weighed by their answers (Guo et al. 2017, arXiv 1706.04599)."""
    answers = sum(row["answers"] for row in rows)
    gaps = (row["answers"] * abs(row["probability"] - row["accuracy"]) for row in rows)
    return sum(gaps) / answers
