"""Style and atomic writing of all plots, as PNG with their command."""

import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from handwriting.files import replacing

_CHARACTERS_PER_INCH, _FOOT_INCHES = 17, 0.13
"""Of the command's small font: characters in an inch, and height of a line."""

BLUE, ORANGE, GREEN = "#2b6cb0", "#dd6b20", "#2f855a"


def save_figure(figure: Figure, path: Path, command: str) -> None:
    """Write a figure as PNG, with its command in small type at the bottom, and close it."""
    foot = textwrap.wrap(command, int(figure.get_figwidth() * _CHARACTERS_PER_INCH)) or [""]
    text = "\n".join(foot)
    figure.text(0.995, 0.004, text, ha="right", va="bottom", fontsize=7, color="grey")
    if (engine := figure.get_layout_engine()) is not None:
        low = _FOOT_INCHES * len(foot) / figure.get_figheight()
        engine.set(rect=(0, low, 1, 1 - low))
    with replacing(path) as (part,):
        figure.savefig(part, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
