"""How every figure looks and is written: as one PNG, whole or not at all, with what made it."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from handwriting.files import replacing

BLUE, ORANGE, GREEN = "#2b6cb0", "#dd6b20", "#2f855a"


def save_figure(figure: Figure, path: Path, command: str) -> None:
    """Write a figure as PNG, with the command that makes it in small at its foot, and close it."""
    figure.text(0.995, 0.004, command, ha="right", va="bottom", fontsize=7, color="grey")
    if (engine := figure.get_layout_engine()) is not None:
        engine.set(rect=(0, 0.025, 1, 0.975))
    with replacing(path) as (part,):
        figure.savefig(part, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
