"""Plots of an evaluation: metrics by class, confusion matrix, calibration, comparison of two runs.

``metrics`` comes from `handwriting.evaluation.metrics`; its ``command`` is printed at the foot of
each plot.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D

from handwriting.evaluation.metrics import ERRORS, HEADLINES, epoch_of
from handwriting.labels import FIRST_CAPITAL, FIRST_SMALL
from handwriting.plots import BLUE, GREEN, ORANGE, save_figure

Coloured = tuple[dict[str, Any], str]
"""A run's metrics and its colour."""


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
    """Confusion matrix, in percent of each true character's images."""
    confusion = np.array(metrics["confusion"], dtype=float)
    characters = [row["character"] for row in metrics["classes"]]
    support = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    share = np.ma.masked_equal(100 * confusion / support, 0)
    figure, axes = plt.subplots(figsize=(14, 13), layout="constrained")
    image = axes.imshow(share, norm=LogNorm(vmin=0.2, vmax=100), cmap="viridis_r")
    axes.set_title(title, fontsize=14)
    axes.set_xlabel("Predicted character", fontsize=13)
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
    """Reliability diagram: accuracy and number of predictions by confidence."""
    rows = metrics["reliability"]
    probability = [row["probability"] for row in rows]
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(7, 8), sharex=True, layout="constrained", height_ratios=(3, 1)
    )
    figure.suptitle(title, fontsize=12)
    top.plot([0, 1], [0, 1], "--", color="grey", label="perfect calibration")
    top.plot(probability, [row["accuracy"] for row in rows], "o-", color=BLUE, label="measured")
    top.set_ylabel("Accuracy")
    top.set_title(f"Expected calibration error {metrics['calibration_error']:.4f}", fontsize=11)
    top.legend(loc="upper left")
    bottom.bar(probability, [row["answers"] for row in rows], 0.05, color=ORANGE)
    bottom.set_yscale("log")
    bottom.set_ylabel("Predictions")
    bottom.set_xlabel("Confidence")
    bottom.set_xlim(0, 1)
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
    save_figure(figure, path, metrics["command"])


def plot_comparison(first: dict[str, Any], second: dict[str, Any], path: Path) -> None:
    """Comparison of two runs on the same images: loss, headline metrics and F1 by class."""
    runs = ((first, BLUE), (second, ORANGE))
    figure = plt.figure(figsize=(15, 10), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.25), width_ratios=(1, 4.5))
    loss, headlines, classes = (
        figure.add_subplot(place) for place in (grid[0, 0], grid[0, 1], grid[1, :])
    )
    handles = [Line2D([], [], marker="o", linestyle="", markersize=10, color=c) for _, c in runs]
    labels = [f"{metrics['run']} (epoch {epoch_of(metrics)})" for metrics, _ in runs]
    title = f"{first['images']:,} images: {first['data']}"
    style = {"ncols": 2, "fontsize": 12, "title_fontsize": 15, "frameon": False}
    figure.legend(handles, labels, loc="outside upper center", title=title, **style)
    _plot_losses(loss, runs)
    _plot_headlines(headlines, runs)
    _plot_classes(classes, runs)
    for axes in (loss, headlines, classes):
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, f"python model_evaluation.py {first['run']} {second['run']}")


def _plot_losses(axes: Axes, runs: Sequence[Coloured]) -> None:
    bars = axes.bar([0, 1], [m["loss"] for m, _ in runs], 0.62, color=[c for _, c in runs])
    axes.bar_label(bars, fmt="%.4f", fontsize=12, padding=3)
    axes.set_title("Loss (lower is better)", fontsize=13)
    axes.set_ylabel("nats per image", fontsize=11)
    axes.set_xticks([])
    axes.margins(y=0.12)


def _plot_headlines(axes: Axes, runs: Sequence[Coloured]) -> None:
    """One row per metric, with each run's value beside its dot, the smaller one on the left."""
    names = {key: name for key, name in HEADLINES.items() if key not in ERRORS}
    values = 100 * np.array([[metrics[key] for key in names] for metrics, _ in runs])
    rows = np.arange(len(names))
    axes.hlines(rows, values.min(axis=0), values.max(axis=0), color="lightgrey", linewidth=4)
    is_left = (values[0] <= values[1], values[0] > values[1])
    for (_, colour), row, lefts in zip(runs, values, is_left, strict=True):
        axes.plot(row, rows, "o", color=colour, markersize=9)
        for place, value, left in zip(rows, row, lefts, strict=True):
            axes.annotate(
                f"{value:.1f}", (value, place), (-9 if left else 9, 0), va="center",
                ha="right" if left else "left", textcoords="offset points",
                fontsize=11, color=colour,
            )  # fmt: skip
    axes.set_yticks(rows, names.values(), fontsize=11)
    axes.invert_yaxis()
    axes.margins(x=0.06)
    axes.set_title("Percent (higher is better)", fontsize=13)
    axes.grid(axis="x", alpha=0.3)


def _plot_classes(axes: Axes, runs: Sequence[Coloured]) -> None:
    """F1 of each class; the bar between the runs has the colour of the better one."""
    values = np.array([[row["f1"] for row in metrics["classes"]] for metrics, _ in runs])
    places = np.arange(values.shape[1])
    better = np.array([colour for _, colour in runs])[values.argmax(axis=0)]
    low, high = values.min(axis=0), values.max(axis=0)
    axes.vlines(places, low, high, color=better, linewidth=5, alpha=0.3)
    for (_, colour), row in zip(runs, values, strict=True):
        axes.plot(places, row, "o", color=colour, markersize=8)
    axes.axvspan(FIRST_CAPITAL - 0.5, FIRST_SMALL - 0.5, color="grey", alpha=0.08, linewidth=0)
    axes.set_xticks(places, [row["character"] for row in runs[0][0]["classes"]], fontsize=12)
    axes.set_xlim(-0.8, len(places) - 0.2)
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("F1 by class: digits, capitals, small letters", fontsize=13)
    axes.grid(axis="y", alpha=0.3)
