"""Accuracy of one character model on all six EMNIST benchmarks.

The model has 62 classes. Its probability of a split's class is the sum over the characters that
this class stands for. The splits overlap; rows whose image is among the prepared training or
validation images are excluded.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from handwriting.datasets.prepared import load_images, load_manifest, load_split
from handwriting.emnist.duplicates import unseen_rows
from handwriting.emnist.label_sets import MEANINGS, UNUSED
from handwriting.errors import HandwritingError
from handwriting.files import sha256
from handwriting.labels import NUM_CLASSES, candidates
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import RunFiles

if TYPE_CHECKING:
    from handwriting.emnist.archive import ArchiveSplit

PUBLISHED = {
    "byclass": 0.8843,
    "balanced": 0.9106,
    "letters": 0.9596,
    "digits": 0.9984,
    "mnist": 0.9971,
}
"""Best published accuracies known to us, of networks trained on each split's full training set. The
figure of mnist is for the original MNIST, which has other test images."""

FULL_TRAINING_IMAGES = 697_932
"""Images in `byclass`, which holds every image of the other splits (Cohen et al. 2017, table
II)."""

_SIGMAS_OF_95_PERCENT = 1.96


def class_members(split: str) -> np.ndarray:
    """float (classes, 62): 1 where a class of the split stands for a character; unused labels have
    rows of zeros."""
    labels = MEANINGS[split]
    members = np.zeros((len(labels), NUM_CLASSES))
    for own, label in enumerate(labels):
        if label != UNUSED:
            members[own, list(candidates(int(label)))] = 1
    return members


def interval(accuracy: float, rows: int) -> tuple[float, float]:
    """95% confidence interval of a proportion (Wilson 1927)."""
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
        training: uint8 (N, 28, 28), the images to exclude.
        testing: the splits' test parts.

    Returns:
        One row per split; ``accuracy`` and ``interval`` are ``None`` if no row is left.
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


def training_fraction(content: dict[str, Any]) -> float:
    """The fraction of the training images that a weights file's run has seen, in 0..1."""
    used = content.get("hyperparameters", {})
    # A smaller fraction is always a subset of a larger one.
    return max(used.get("fraction", 1.0), used.get("init_fraction", 0.0))


def evaluate_every_split(run: RunFiles, root: Path, processed: Path) -> dict[str, Any]:
    """Accuracy of one run on each split's unseen test rows.

    Args:
        run: a run with weights.
        root: folder of the archive, ``root/EMNIST/raw``.
        processed: folder of stages 1 and 2.

    Raises:
        HandwritingError: the archive is missing, or the run was trained on another one.
    """
    # Here and not above: torchvision takes a second and a half to import.
    from handwriting.emnist.archive import read_archive

    recognizer = Recognizer.load(run.weights)
    training, manifest = load_images(processed, "train"), load_manifest(processed)
    if recognizer.content.get("fingerprint") != manifest["fingerprint"]:
        raise HandwritingError(
            f"{run.name} was trained on another archive than the one in {processed}: which rows "
            "it has seen is not known. Run stages 1 and 2 on its archive again."
        )
    _, testing = read_archive(root)
    used = training_fraction(recognizer.content) * len(load_split(processed)["train"])
    return {
        "command": f"python model_evaluation.py {run.name} --every-split",
        "run": run.name,
        "synthetic": manifest["synthetic"],
        "training_images": round(used),
        "share_of_full_training_data": round(used / FULL_TRAINING_IMAGES, 4),
        "splits": measure(recognizer.probs, training.images.numpy(), testing),
        "weights_sha256": sha256(run.weights),
    }


def as_table(result: dict[str, Any]) -> str:
    """The outcome of :func:`evaluate_every_split` as text."""
    lines = [f"{'split':10}{'classes':>8}{'rows':>9}{'unseen':>9}{'accuracy':>10}  95% interval"]
    for row in result["splits"]:
        measured = f"{'-':>10}"
        if row["accuracy"] is not None:
            low, high = row["interval"]
            measured = f"{row['accuracy']:>10.4f}  {low:.4f} to {high:.4f}"
        published = f"  best published {row['published']:.4f}" if row["published"] else ""
        lines.append(
            f"{row['split']:10}{row['classes']:>8}{row['test_rows']:>9,}{row['unseen_rows']:>9,}"
            f"{measured}{published}"
        )
    used, share = result["training_images"], result["share_of_full_training_data"]
    lines.append(f"trained on {used:,} images, {share:.0%} of the full archive's")
    return "\n".join(lines)
