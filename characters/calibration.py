"""Probabilities that mean what they say: temperature and class frequencies of a trained network."""

import numpy as np
import torch
from scipy.optimize import minimize_scalar

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
