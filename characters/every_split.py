"""One network on all six benchmarks of EMNIST, each asked its own question.

A network of 62 classes answers a split's question by adding up its probabilities over the
characters that each of the split's classes stands for. Rows whose image is among the prepared
training or validation images are left out: the splits overlap.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from characters.labels import MEANINGS, NUM_CLASSES, NUM_LABELS, label_members
from characters.matching import RowStack, match_images

if TYPE_CHECKING:
    from characters.archive import ArchiveSplit

PUBLISHED = {
    "byclass": 0.8843,
    "balanced": 0.9106,
    "letters": 0.9596,
    "digits": 0.9984,
    "mnist": 0.9971,
}
"""Best published accuracies known to us, of networks trained on each split's whole training set;
that of mnist is on the original MNIST, whose test images are others."""

FULL_TRAINING_IMAGES = 697_932
"""Of `byclass`, which holds every image of the other splits (Cohen et al. 2017, table II)."""

_SIGMAS_OF_95_PERCENT = 1.96


def class_members(split: str) -> np.ndarray:
    """float (classes, 62): 1 where a class of the split stands for a character; a row of zeros
    for a label that the split never uses."""
    labels = MEANINGS[split]
    members = np.zeros((len(labels), NUM_CLASSES))
    for own, label in enumerate(labels):
        if label < NUM_LABELS:
            members[own, list(label_members(int(label)))] = 1
    return members


def unseen_rows(training: np.ndarray, parts: list[np.ndarray]) -> list[np.ndarray]:
    """bool per row of each part: whether its image is none of the training images.

    Args:
        training: uint8 (N, 28, 28).
        parts: uint8 (M, 28, 28) each.
    """
    first_of = match_images(RowStack([training, *parts]))
    stops = np.cumsum([len(part) for part in parts])[:-1]
    return np.split(first_of[len(training) :] >= len(training), stops)


def interval(accuracy: float, rows: int) -> tuple[float, float]:
    """95% interval of a share that was measured on so many rows (Wilson 1927)."""
    z = _SIGMAS_OF_95_PERCENT
    middle = accuracy + z * z / (2 * rows)
    spread = z * math.sqrt(accuracy * (1 - accuracy) / rows + z * z / (4 * rows * rows))
    scale = 1 + z * z / rows
    return (middle - spread) / scale, (middle + spread) / scale


def measure(
    read: Callable[[torch.Tensor], np.ndarray], training: np.ndarray, testing: list["ArchiveSplit"]
) -> list[dict[str, Any]]:
    """Accuracy on each split's unseen test rows.

    Args:
        read: probabilities (N, 62) of uint8 (N, 28, 28).
        training: uint8 (N, 28, 28), the images to leave out.
        testing: the splits' test parts.

    Returns:
        A row per split; ``accuracy`` and its ``interval`` are ``None`` where no row is left.
    """
    unseen = unseen_rows(training, [part.data.numpy() for part in testing])
    return [_row(read, part, rows) for part, rows in zip(testing, unseen, strict=True)]


def _row(
    read: Callable[[torch.Tensor], np.ndarray], part: "ArchiveSplit", rows: np.ndarray
) -> dict[str, Any]:
    members = class_members(part.split)
    left = int(rows.sum())
    result = {
        "split": part.split,
        "classes": int(members.any(axis=1).sum()),
        "test_rows": len(rows),
        "unseen_rows": left,
        "accuracy": None,
        "interval": None,
        "published": PUBLISHED.get(part.split),
    }
    if left:
        answers = (read(part.data[torch.from_numpy(rows)]) @ members.T).argmax(axis=1)
        accuracy = float((answers == part.targets.numpy()[rows]).mean())
        result |= {"accuracy": accuracy, "interval": interval(accuracy, left)}
    return result


def as_table(rows: list[dict[str, Any]]) -> str:
    """The rows of :func:`measure` as text."""
    lines = [f"{'split':10}{'classes':>8}{'rows':>9}{'unseen':>9}{'accuracy':>10}  95% interval"]
    for row in rows:
        measured = f"{'-':>10}"
        if row["accuracy"] is not None:
            low, high = row["interval"]
            measured = f"{row['accuracy']:>10.4f}  {low:.4f} to {high:.4f}"
        published = f"  best published {row['published']:.4f}" if row["published"] else ""
        lines.append(
            f"{row['split']:10}{row['classes']:>8}{row['test_rows']:>9,}{row['unseen_rows']:>9,}"
            f"{measured}{published}"
        )
    return "\n".join(lines)
