"""Calibration of a trained network: temperature and class prior.

The merged training set has other class frequencies than `byclass`, whose test set is measured.
Labels of letters in either case do not tell how often each case occurs. After training, the logits
are therefore adapted to the class prior of `byclass`'s training rows:
p(c|x) · wanted(c) / expected(c) (Saerens et al. 2002, doi 10.1162/089976602753284446).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from handwriting.labels import NUM_CLASSES
from handwriting.training.losses import PartialLabelLoss
from models import last_linear

_LEAST_FREQUENCY = 1e-5


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The temperature that maximises the likelihood of the labels (Guo et al. 2017, arXiv
    1706.04599).

    Args:
        logits: float (N, 62), of images that were not trained on.
        labels: int64 (N,) in 0..87.
    """
    # Here and not above: scipy.optimize takes a third of a second to import.
    from scipy.optimize import minimize_scalar

    loss = PartialLabelLoss()
    found = minimize_scalar(
        lambda log_t: loss(logits / np.exp(log_t), labels).item(), bounds=(-2, 2), method="bounded"
    )
    return float(np.exp(found.x))


def class_frequencies(logits: torch.Tensor, temperature: float) -> list[float]:
    """The network's class prior: its mean probabilities over images like the training images.

    Labels of letters in either case do not tell the frequency of each case; predictions do.
    """
    mean = (logits.double() / temperature).softmax(dim=1).mean(dim=0).clamp_min(_LEAST_FREQUENCY)
    return (mean / mean.sum()).tolist()


def smoothed_frequencies(counts: Sequence[int]) -> list[float]:
    """Relative frequencies of counts, 62 numbers that sum to 1, with add-one smoothing."""
    smoothed = np.array(counts) + 1
    return (smoothed / smoothed.sum()).tolist()


def move_frequencies(
    network: nn.Module, expected: Sequence[float], wanted: Sequence[float], temperature: float
) -> None:
    """Change the bias of a network's last linear layer to match another class prior.

    Args:
        network: ends in a linear layer, whose first 62 outputs are changed.
        expected: the network's class prior, from :func:`class_frequencies`.
        wanted: the new class prior.
        temperature: divisor of the logits.
    """
    last = last_linear(network)
    change = torch.tensor(wanted, dtype=torch.float64).log()
    change -= torch.tensor(expected, dtype=torch.float64).log()
    with torch.no_grad():
        last.bias[:NUM_CLASSES] += temperature * change.float().to(last.bias.device)


def fit_calibration(
    network: nn.Module, logits: torch.Tensor, labels: torch.Tensor, counts: Sequence[int]
) -> dict[str, Any]:
    """Fit a network's temperature and adapt it to another class prior.

    Args:
        network: as for :func:`move_frequencies`; it is changed.
        logits: float (N, 62), of images outside the training set.
        labels: int64 (N,), their labels, in 0..87.
        counts: images of each of the 62 classes in the target distribution.

    Returns:
        Entries of the weights file: ``temperature``, ``frequencies`` and ``training_frequencies``.
    """
    temperature = fit_temperature(logits, labels)
    expected, wanted = class_frequencies(logits, temperature), smoothed_frequencies(counts)
    move_frequencies(network, expected, wanted, temperature)
    return {
        "temperature": temperature,
        "frequencies": wanted,
        "training_frequencies": expected,
    }
