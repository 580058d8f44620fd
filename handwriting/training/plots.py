"""Plots of a training run: loss and accuracy by epoch, or rates by training time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from handwriting.plots import BLUE, GREEN, ORANGE, save_figure

LAYOUT_RATES = {
    "val_core_f1": "F1 of handwriting",
    "val_printed_f1": "F1 of print",
    "val_direction": "accuracy of the direction",
    "val_height": "error of the height, octaves",
}
"""Columns of a layout network's history, and their labels."""


def _history_axes(title: str, ylabel: str) -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    axes.set_title(title)
    axes.set_xlabel("Epoch")
    axes.set_ylabel(ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    return figure, axes


def plot_loss(history: Sequence[dict[str, float]], title: str, path: Path, command: str) -> None:
    """Training and validation loss by epoch."""
    figure, axes = _history_axes(title, "Loss (nats per image)")
    epochs = [row["epoch"] for row in history]
    axes.plot(epochs, [r["train_loss"] for r in history], "o-", color=BLUE, label="training")
    axes.plot(epochs, [r["val_loss"] for r in history], "s-", color=ORANGE, label="validation")
    axes.legend()
    save_figure(figure, path, command)


def plot_accuracy(
    history: Sequence[dict[str, float]], title: str, path: Path, command: str
) -> None:
    """Validation accuracy by epoch, with the best and the last epoch marked."""
    figure, axes = _history_axes(title, "Validation accuracy")
    epochs = np.array([row["epoch"] for row in history])
    accuracy = np.array([row["val_accuracy"] for row in history])
    axes.plot(epochs, accuracy, "o-", color=GREEN)
    best = int(accuracy.argmax())
    axes.plot(
        epochs[best], accuracy[best], "*", color=ORANGE, markersize=16, label=f"best: epoch "
        f"{epochs[best]:.0f}, {accuracy[best]:.4f}",
    )  # fmt: skip
    axes.plot(epochs[-1], accuracy[-1], "o", color=GREEN, label=f"last: epoch {epochs[-1]:.0f}, "
              f"{accuracy[-1]:.4f}")  # fmt: skip
    axes.legend(loc="lower right")
    save_figure(figure, path, command)


def plot_error_rates(
    history: Sequence[dict[str, float]], title: str, path: Path, command: str
) -> None:
    """Character error rate (CER) of the text-line model on each held-out set, by training time.

    Args:
        history: rows with ``seconds`` and, for each set, its name and ``_cer``.
        title: of the plot.
        path: of the PNG.
        command: that made it.
    """
    labels = {
        name: name.removesuffix("_cer").replace("_", " ")
        for name in history[-1]
        if name.endswith("_cer") and name != "val_cer"
    }
    figure, axes = _history_axes(title, "Character error rate (held-out writers)")
    _draw_by_time(axes, history, labels)
    save_figure(figure, path, command)


def plot_layout_rates(
    history: Sequence[dict[str, float]], title: str, path: Path, command: str
) -> None:
    """Rates of the layout network on held-out writers, by training time.

    Args:
        history: rows with ``seconds`` and, where writers are held out, the rates of
            `training.layout_run.layout_rates`.
        title: of the plot.
        path: of the PNG.
        command: that made it.
    """
    labels = {name: label for name, label in LAYOUT_RATES.items() if name in history[-1]}
    figure, axes = _history_axes(title, "F1, accuracy, error (held-out writers)")
    _draw_by_time(axes, history, labels)
    save_figure(figure, path, command)


def _draw_by_time(
    axes: Axes, history: Sequence[dict[str, float]], labels: Mapping[str, str]
) -> None:
    """Columns of a history by training time, each with its label and its last value."""
    minutes = np.cumsum([row["seconds"] for row in history]) / 60
    for name, label in labels.items():
        rates = [row[name] for row in history]
        axes.plot(minutes, rates, "o-", label=f"{label}, {rates[-1]:.4f} at the end")
    axes.set_xlabel("Training time (minutes), one mark per epoch")
    axes.set_ylim(bottom=0)
    if labels:
        # Below the axis label, however low the axes are.
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, ncols=2)
