"""Probabilities that mean what they say: temperature and class frequencies of a trained network."""

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from characters.losses import LabelSetLoss

_LEAST_FREQUENCY = 1e-5


def fit_temperature(scores: torch.Tensor, labels: torch.Tensor) -> float:
    """The divisor of the scores that makes the likelihood largest (Guo et al. 2017,
    arXiv 1706.04599).

    Args:
        scores: float (N, 62), of images that were not trained on.
        labels: int64 (N,) in 0..87.
    """
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
