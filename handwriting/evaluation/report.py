"""Evaluation sets, and the files and tables of their metrics."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from handwriting.datasets.external import held_out_hands, load_external
from handwriting.datasets.prepared import LabelledImages, load_images, load_manifest
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import comparison_table, headline_table
from handwriting.evaluation.plots import (
    plot_class_metrics,
    plot_comparison,
    plot_confusion_matrix,
    plot_reliability,
)
from handwriting.files import replacing, save_json
from handwriting.labels import CLASSES
from handwriting.recognition.recognizer import log_prior_change, size_weight
from handwriting.recognition.sizes import load_sizes
from handwriting.runs import RunFiles

SYNTHETIC = "  the images are synthetic: the metrics say nothing about handwriting"


@dataclass(frozen=True)
class EvaluationSet:
    """A data set to evaluate on.

    Attributes:
        data: 28x28 images with exact labels.
        about: entries of the metrics file; ``data`` is the set's name.
        prefix: of the file names; empty for the test set.
        prior: its class prior, as in `recognition.recognizer.PRIORS`.
        log_evidence: float (N, 62) to add to the network's log-probabilities, or ``None``.
    """

    data: LabelledImages
    about: dict[str, Any]
    prefix: str = ""
    prior: str = "emnist"
    log_evidence: np.ndarray | None = None


def prepared_test_set(processed: Path, content: dict[str, Any]) -> EvaluationSet:
    """The test set of stage 1.

    Args:
        processed: folder of stage 1.
        content: of the weights file to evaluate.

    Raises:
        HandwritingError: stage 1 has not run, or a file is damaged.
    """
    data, manifest = load_images(processed, "test"), load_manifest(processed)
    if manifest["labels"] == "by-name":
        name = "the mixed, leaking test sets of the six splits"
    else:
        name = "the byclass test set"
    if manifest["synthetic"]:
        name += " of a synthetic archive"
        print(SYNTHETIC)
    same = content.get("fingerprint") == manifest["fingerprint"]
    if not same:
        print("  note: the weights were trained on another archive than this test set is from")
    about = {"data": name, "synthetic": manifest["synthetic"], "same_archive": same}
    return EvaluationSet(data, about)


def external_set(
    path: Path, content: dict[str, Any], size: bool, prior: str, held_out: bool = False
) -> EvaluationSet:
    """An external set of labelled images.

    Args:
        path: as `datasets.external.load_external` takes it.
        content: of the weights file to evaluate.
        size: whether to use the position of the ink on the canvas.
        prior: ``emnist``, ``equal`` (uniform), or ``auto``: EMNIST's for an `.npz` of images, else
            uniform.
        held_out: whether to evaluate on held-out writers only.

    Raises:
        HandwritingError: the path cannot be read, or ``size`` is used with 28x28 images.
    """
    data = load_external(path)
    if held_out:
        fraction = content.get("hyperparameters", {}).get("extra_held_out", 0.0)
        if not fraction:
            raise HandwritingError("--held-out: the training of these weights held out no writers.")
        data = data.part(held_out_hands(data.hands, fraction))
        if not len(data):
            raise HandwritingError(f"--held-out: no writer of {path} was held out of the training.")
    if prior == "auto":
        prior = "emnist" if data.bboxes is None else "equal"
    if size and data.heights is None:
        raise HandwritingError(f"--size needs images of a whole canvas; {path} has none.")
    chosen = f"{' held out' if held_out else ''}{' with size' if size else ''}"
    name = f"{path.name}{chosen}, {prior} prior"
    about = {"data": name, "synthetic": False, "size": size, "prior": prior}
    evidence = np.tile(log_prior_change(content, prior), (len(data), 1))
    if size:
        evidence += size_weight(content) * load_sizes().on_canvases(data.bboxes, data.heights)
    neutral = not size and prior == "emnist"
    prefix = f"{path.stem}{chosen.replace(' ', '_')}_"
    return EvaluationSet(data, about, prefix, prior, None if neutral else evidence)


def save_report(run: RunFiles, prefix: str, result: dict[str, Any], overwrite: bool) -> None:
    """Write a run's metrics, its table of classes, its confusion matrix and its plots.

    Existing metrics of the same weights are kept unless ``overwrite``.
    """
    if _is_kept(run.metric(f"{prefix}metrics.json"), result, overwrite):
        return
    names = ("metrics.json", "class_metrics.csv", "confusion.csv")
    with replacing(*(run.metric(prefix + name) for name in names)) as (figures, table, counts):
        save_json(for_file(result), figures)
        pd.DataFrame(result["classes"]).to_csv(table, index=False, float_format="%.4f")
        save_confusion(result["confusion"], counts)
    title = f"{run.name} on {result['data']}"
    plot_class_metrics(result, title, run.metric(f"{prefix}class_metrics.png"))
    plot_confusion_matrix(result, title, run.metric(f"{prefix}confusion_matrix.png"))
    plot_reliability(result, title, run.metric(f"{prefix}reliability.png"))


def save_confusion(confusion: Sequence[Sequence[int]], path: Path) -> None:
    """Write the 62x62 confusion matrix: a row per true character, a column per prediction."""
    table = pd.DataFrame(confusion, index=pd.Index(CLASSES, name="character"), columns=CLASSES)
    table.to_csv(path)


def save_every_split(run: RunFiles, result: dict[str, Any], overwrite: bool) -> None:
    """Write a run's metrics on each of the six splits; kept or replaced as by `save_report`."""
    path = run.metric("every_split.json")
    if not _is_kept(path, result, overwrite):
        with replacing(path) as (part,):
            save_json(result, part)


def _is_kept(path: Path, result: dict[str, Any], overwrite: bool) -> bool:
    """Whether an existing file is kept, so that committed metrics do not change by accident."""
    try:
        before = json.loads(path.read_text(encoding="utf-8")).get("weights_sha256")
    except (OSError, ValueError, AttributeError, RecursionError):
        return False
    kept = before == result["weights_sha256"] and not overwrite
    if kept:
        print(f"  kept {path} of the same weights; --overwrite replaces it")
    return kept


def for_file(result: dict[str, Any]) -> dict[str, Any]:
    """The metrics without the table of classes and the confusion matrix, which have their own
    files."""
    return {name: value for name, value in result.items() if name not in ("classes", "confusion")}


def print_classes(result: dict[str, Any]) -> None:
    """Print the table of classes, the accuracy within each kind, and the most confused pairs."""
    print(pd.DataFrame(result["classes"]).to_string(index=False, float_format="%.3f"))
    within = {name: share for name, share in result["accuracy_within"].items() if share is not None}
    print("accuracy within " + ", ".join(f"{name} {share:.4f}" for name, share in within.items()))
    print("most confused: ", end="")
    print(", ".join(f"{row['pair']} ({row['mistakes']})" for row in result["most_confused"][:10]))


def compare(first: dict[str, Any], second: dict[str, Any], metrics: Path, overwrite: bool) -> None:
    """Print two runs side by side and plot them."""
    print(headline_table({first["run"]: first, second["run"]: second}))
    print(f"\nweighted by class frequency, on {first['data']}:")
    print(comparison_table((first, second)))
    path = metrics / f"{first['run']}_vs_{second['run']}_metrics.png"
    if path.exists() and not overwrite:
        print(f"  kept {path}; --overwrite replaces it")
        return
    plot_comparison(first, second, path)
    print(f"wrote {path}")
