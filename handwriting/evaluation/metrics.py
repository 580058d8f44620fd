"""Metrics of a character model, from log-probabilities and true classes.

``loss`` is the mean cross-entropy of the network's raw logits, as in training. ``calibrated_loss``
is that of the reported probabilities: with temperature and, where used, size and class prior.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from handwriting.datasets.prepared import LabelledImages
from handwriting.errors import HandwritingError
from handwriting.labels import (
    CLASSES,
    FIRST_CAPITAL,
    MERGED_47,
    NUM_CLASSES,
    NUM_LABELS,
    WITHOUT_CASE,
    candidates,
)
from models import predict_logits

MOST_CONFUSED = 20
_TOP = 3
_BINS = 15
KINDS = ("digits", "capitals", "small")
_KIND = torch.tensor([0] * FIRST_CAPITAL + [1] * 26 + [2] * 26)
_CANDIDATES = torch.tensor([(candidates(k)[0], candidates(k)[-1]) for k in range(NUM_LABELS)])


class Predictions(NamedTuple):
    """The data of each image that the metrics need: 8 bytes instead of 62 logits.

    Attributes:
        topk: uint8 (N, 3), the top-3 predictions.
        confidence: float32 (N,), the probability of the top-1 prediction, in 0..1.
        within: uint8 (N,), the top prediction of the true kind: digits, capitals or small letters.
        labels: uint8 (N,), true classes in 0..61.
    """

    topk: np.ndarray
    confidence: np.ndarray
    within: np.ndarray
    labels: np.ndarray


def topk_predictions(log_probs: torch.Tensor, labels: torch.Tensor) -> Predictions:
    """The predictions of log-probabilities.

    Args:
        log_probs: float (N, 62), up to an additive constant per image.
        labels: int (N,), true classes in 0..61.
    """
    labels = labels.to(log_probs.device, torch.int64)
    topk = np.argsort(-log_probs.cpu().numpy(), axis=1, kind="stable")[:, :_TOP]
    confidence = log_probs.softmax(dim=1).amax(dim=1)
    other_kind = _KIND.to(labels.device) != _KIND.to(labels.device)[labels].unsqueeze(1)
    within = log_probs.masked_fill(other_kind, -torch.inf).argmax(dim=1)
    return Predictions(
        topk.astype(np.uint8),
        confidence.cpu().numpy().astype(np.float32),
        *(column.cpu().numpy().astype(np.uint8) for column in (within, labels)),
    )


def is_correct(predictions: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """bool (N,): whether the label permits the predicted class, int64 in 0..61."""
    return (_CANDIDATES.to(labels.device)[labels] == predictions.unsqueeze(1)).any(dim=1)


def accuracy(network: nn.Module, data: LabelledImages) -> float:
    """Accuracy in fp32; for a letter known in either case, both cases are correct."""
    predictions = predict_logits(network, data.images).argmax(dim=1)
    return is_correct(predictions, data.labels.long()).float().mean().item()


def accuracies(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy over 62 classes and, ignoring case, over 36; takes int (N,) in 0..61."""
    return {
        "accuracy": float((predictions == labels).mean()),
        "accuracy_without_case": _grouped_accuracy(predictions, labels, WITHOUT_CASE),
    }


def metrics_of(parts: Sequence[Predictions], loss: float, calibrated_loss: float) -> dict[str, Any]:
    """All metrics of one evaluation.

    Args:
        parts: predictions, one per batch.
        loss: mean cross-entropy of the network's raw logits, in nats.
        calibrated_loss: mean cross-entropy of the reported probabilities, in nats.

    Returns:
        Numbers and lists only, for JSON. Weighted metrics weigh each class by its images. Macro
        metrics weigh all occurring classes equally. ``accuracy_without_case`` ignores case (36
        classes); ``accuracy_47_classes`` has the classes of `bymerge` and `balanced`;
        ``accuracy_within`` is the accuracy within digits, capitals and small letters if the kind is
        known.

    Raises:
        HandwritingError: there is no image, or a loss is not a number.
    """
    if not sum(len(part.labels) for part in parts):
        raise HandwritingError("there is no image to evaluate. Give another --data.")
    if not math.isfinite(loss + calibrated_loss):
        raise HandwritingError(
            "the loss is not a number: the weights are too large, so their training failed. "
            "Take other weights."
        )
    # Here and not above: the plots need this module, and scikit-learn takes a second to import.
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    topk, confidence, within, labels = columns
    predictions = topk[:, 0]
    hits = topk == labels[:, None]
    metrics: dict[str, Any] = {
        "images": len(labels),
        "loss": loss,
        "calibrated_loss": calibrated_loss,
        "accuracy": float(hits[:, 0].mean()),
        "top2_accuracy": float(hits[:, :2].any(axis=1).mean()),
        "top3_accuracy": float(hits.any(axis=1).mean()),
        "accuracy_without_case": _grouped_accuracy(predictions, labels, WITHOUT_CASE),
        "accuracy_47_classes": _grouped_accuracy(predictions, labels, MERGED_47),
        "accuracy_within": accuracy_within(within, labels),
    }
    for average in ("weighted", "macro"):
        precision, recall, f1, _ = precision_recall_fscore_support(
            labels, predictions, labels=np.unique(labels), average=average, zero_division=0
        )
        metrics[f"precision_{average}"] = float(precision)
        metrics[f"recall_{average}"] = float(recall)
        metrics[f"f1_{average}"] = float(f1)
    metrics["reliability"] = reliability(confidence, hits[:, 0])
    metrics["calibration_error"] = calibration_error(metrics["reliability"])
    confusion = confusion_matrix(labels, predictions, labels=np.arange(NUM_CLASSES))
    metrics["most_confused"] = most_confused(confusion)
    metrics["classes"] = _class_rows(predictions, labels)
    metrics["confusion"] = confusion.tolist()
    return metrics


def accuracy_within(within: np.ndarray, labels: np.ndarray) -> dict[str, float | None]:
    """Accuracy within each kind of character if the kind is known; ``None`` without images."""
    kinds = _KIND.numpy()[labels]
    right = within == labels
    return {
        name: float(right[kinds == kind].mean()) if (kinds == kind).any() else None
        for kind, name in enumerate(KINDS)
    }


def _grouped_accuracy(predictions: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    return float((groups[predictions] == groups[labels]).mean())


def _class_rows(predictions: np.ndarray, labels: np.ndarray) -> list[dict[str, Any]]:
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        labels, predictions, labels=np.arange(NUM_CLASSES), zero_division=0
    )
    names = ("precision", "recall", "f1", "support")
    return [
        {"character": CLASSES[index]}
        | {name: column[index].item() for name, column in zip(names, columns, strict=True)}
        for index in range(NUM_CLASSES)
    ]


def most_confused(confusion: np.ndarray) -> list[dict[str, Any]]:
    """The most confused unordered pairs of characters, both directions counted."""
    both = np.triu(confusion + confusion.T, k=1)
    order = np.argsort(-both, axis=None, kind="stable")[:MOST_CONFUSED]
    pairs = [(int(index) // NUM_CLASSES, int(index) % NUM_CLASSES) for index in order]
    return [
        {
            "pair": f"{CLASSES[first]} {CLASSES[second]}",
            "mistakes": int(both[first, second]),
            f"{CLASSES[first]} read as {CLASSES[second]}": int(confusion[first, second]),
            f"{CLASSES[second]} read as {CLASSES[first]}": int(confusion[second, first]),
        }
        for first, second in pairs
        if both[first, second] > 0
    ]


def reliability(probabilities: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Accuracy of predictions by probability: the data of a reliability diagram.

    Args:
        probabilities: float (N,), of the predictions, in 0..1.
        right: bool (N,), whether each is correct.

    Returns:
        One row per non-empty bin of 15 equal ones: number of ``answers``, mean ``probability`` and
        ``accuracy``.
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
    """Expected calibration error (Guo et al. 2017, arXiv 1706.04599).

    It is the mean distance between probability and accuracy over the bins of :func:`reliability`,
    weighted by their predictions.
    """
    answers = sum(row["answers"] for row in rows)
    gaps = (row["answers"] * abs(row["probability"] - row["accuracy"]) for row in rows)
    return sum(gaps) / answers


HEADLINES = {
    "loss": "loss",
    "calibrated_loss": "loss, calibrated",
    "accuracy": "accuracy, 62 classes",
    "precision_weighted": "precision, weighted",
    "recall_weighted": "recall, weighted",
    "f1_weighted": "F1, weighted",
    "precision_macro": "precision, macro",
    "recall_macro": "recall, macro",
    "f1_macro": "F1, macro",
    "top2_accuracy": "top-2 accuracy",
    "top3_accuracy": "top-3 accuracy",
    "accuracy_47_classes": "accuracy, 47 merged classes",
    "accuracy_without_case": "accuracy ignoring case, 36 classes",
    "calibration_error": "calibration error",
}
"""The headline metrics, in the order of the tables and plots."""

ERRORS = ("loss", "calibrated_loss", "calibration_error")
"""The headline metrics that are better when smaller."""


COMPARED = {
    "loss": "loss",
    "accuracy": "accuracy",
    "precision_weighted": "precision",
    "recall_weighted": "recall",
    "f1_weighted": "F1",
}
"""Columns of the comparison table; precision, recall and F1 are weighted by class frequency."""


def comparison_table(results: Sequence[dict[str, Any]]) -> str:
    """A Markdown table with one row per evaluation."""
    rows = [["run", "epoch", *COMPARED.values()], ["---"] * (2 + len(COMPARED))]
    for result in results:
        figures = [f"{result[key]:.4f}" for key in COMPARED]
        rows.append([result["run"], epoch_of(result), *figures])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def epoch_of(result: dict[str, Any]) -> str:
    """The evaluated epoch, such as "7 of 20"; a dash if it is unknown."""
    epoch, epochs = result.get("epoch"), result.get("epochs")
    if epoch is None:
        return "-"
    return f"{epoch} of {epochs}" if epochs else str(epoch)


def headline_table(columns: dict[str, dict[str, Any]]) -> str:
    """The headline metrics of one or more evaluations side by side, as text."""
    names = list(columns)
    width = max(12, *(len(name) for name in names))
    lines = [" " * 36 + "".join(f"{name:>{width + 2}}" for name in names)]
    lines.append(
        f"{'images':<36}" + "".join(f"{columns[n]['images']:>{width + 2},}" for n in names)
    )
    for key, title in HEADLINES.items():
        figures = "".join(f"{columns[name].get(key, np.nan):>{width + 2}.4f}" for name in names)
        lines.append(f"{title:<36}{figures}")
    return "\n".join(lines)
