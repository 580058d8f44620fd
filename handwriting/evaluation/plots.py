"""The plots of an evaluation: figures by class, confusions, calibration, two runs side by side.

``metrics`` is what `handwriting.evaluation.metrics` makes, with ``command``, which stands at the
foot of each plot.
"""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from handwriting.evaluation.metrics import ERRORS, HEADLINES
from handwriting.labels import FIRST_CAPITAL, FIRST_SMALL
from handwriting.plots import BLUE, GREEN, ORANGE, save_figure


def plot_class_metrics(metrics: dict[str, Any], title: str, path: Path) -> None:
    """Precision, recall and F1 of the 62 classes, one panel each."""
    rows = metrics["classes"]
    places = np.arange(len(rows))
    figure, panels = plt.subplots(3, 1, figsize=(16, 10), sharey=True, layout="constrained")
    figure.suptitle(title, fontsize=14)
    for axes, name, colour in zip(
        panels, ("precision", "recall", "f1"), (BLUE, ORANGE, GREEN), strict=True
    ):
        axes.bar(places, [row[name] for row in rows], color=colour)
        axes.set_ylabel("F1" if name == "f1" else name.capitalize(), fontsize=12)
        axes.set_xticks(places, [row["character"] for row in rows], fontsize=12)
        axes.set_xlim(-0.8, len(rows) - 0.2)
        axes.set_ylim(0, 1)
        axes.grid(axis="y", alpha=0.3)
    save_figure(figure, path, metrics["command"])


def plot_confusion_matrix(metrics: dict[str, Any], title: str, path: Path) -> None:
    """How often each character is read as each other, in percent of the true one."""
    confusion = np.array(metrics["confusion"], dtype=float)
    characters = [row["character"] for row in metrics["classes"]]
    support = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    share = np.ma.masked_equal(100 * confusion / support, 0)
    figure, axes = plt.subplots(figsize=(14, 13), layout="constrained")
    image = axes.imshow(share, norm=LogNorm(vmin=0.2, vmax=100), cmap="viridis_r")
    axes.set_title(title, fontsize=14)
    axes.set_xlabel("Read as", fontsize=13)
    axes.set_ylabel("True character", fontsize=13)
    places = range(len(characters))
    axes.set_xticks(places, characters, fontsize=10)
    axes.set_yticks(places, characters, fontsize=10)
    for edge in (FIRST_CAPITAL - 0.5, FIRST_SMALL - 0.5):
        axes.axhline(edge, color="grey", linewidth=0.6)
        axes.axvline(edge, color="grey", linewidth=0.6)
    bar = figure.colorbar(image, ax=axes, shrink=0.7)
    bar.set_label("Percent of the true character's images (logarithmic)", fontsize=12)
    bar.set_ticks([0.2, 1, 5, 20, 100], labels=["0.2", "1", "5", "20", "100"])
    save_figure(figure, path, metrics["command"])


def plot_reliability(metrics: dict[str, Any], title: str, path: Path) -> None:
    """How often the answers of each probability are right, and how many there are."""
    rows = metrics["reliability"]
    probability = [row["probability"] for row in rows]
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(7, 8), sharex=True, layout="constrained", height_ratios=(3, 1)
    )
    figure.suptitle(title, fontsize=12)
    top.plot([0, 1], [0, 1], "--", color="grey", label="as it should be")
    top.plot(probability, [row["accuracy"] for row in rows], "o-", color=BLUE, label="measured")
    top.set_ylabel("Share of right answers")
    top.set_title(f"Expected calibration error {metrics['calibration_error']:.4f}", fontsize=11)
    top.legend(loc="upper left")
    bottom.bar(probability, [row["answers"] for row in rows], 0.05, color=ORANGE)
    bottom.set_yscale("log")
    bottom.set_ylabel("Answers")
    bottom.set_xlabel("Probability of the answer")
    bottom.set_xlim(0, 1)
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
    save_figure(figure, path, metrics["command"])


def plot_comparison(first: dict[str, Any], second: dict[str, Any], path: Path) -> None:
    """Two runs side by side: headline figures, and F1 by class."""
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(16, 10), layout="constrained", height_ratios=(1, 1.4)
    )
    figure.suptitle(f"{first['run']} and {second['run']} on {first['data']}", fontsize=14)
    headlines = {key: name for key, name in HEADLINES.items() if key not in ERRORS}
    places = np.arange(len(headlines))
    for metrics, shift, colour in ((first, -0.2, BLUE), (second, 0.2, ORANGE)):
        values = [metrics[key] for key in headlines]
        bars = top.bar(places + shift, values, 0.38, color=colour, label=metrics["run"])
        top.bar_label(bars, fmt="%.3f", fontsize=8)
    top.set_xticks(places, [name.replace(", ", "\n") for name in headlines.values()], fontsize=9)
    top.set_ylim(0, 1.25)
    top.legend(loc="upper left", ncols=2)
    _plot_class_difference(bottom, first, second)
    save_figure(figure, path, f"python model_evaluation.py {first['run']} {second['run']}")


def _plot_class_difference(axes: Axes, first: dict[str, Any], second: dict[str, Any]) -> None:
    values = np.array([[row["f1"] for row in metrics["classes"]] for metrics in (first, second)])
    places = np.arange(values.shape[1])
    axes.vlines(places, values.min(axis=0), values.max(axis=0), color="lightgrey", linewidth=4)
    for metrics, row, colour in ((first, values[0], BLUE), (second, values[1], ORANGE)):
        axes.plot(places, row, "o", color=colour, label=metrics["run"])
    axes.set_xticks(places, [row["character"] for row in first["classes"]], fontsize=12)
    axes.set_xlim(-0.8, len(places) - 0.2)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("F1 by class", fontsize=12)
    axes.grid(axis="y", alpha=0.3)
