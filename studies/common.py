"""Shared code of the studies: a store of what is finished, the recogniser of a run, a plot."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from handwriting.datasets.prepared import LabelledImages, load_manifest
from handwriting.errors import HandwritingError
from handwriting.files import replacing, save_json
from handwriting.plots import BLUE, ORANGE
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import METRICS_FOLDER
from handwriting.training.run import Run

FIGURES = METRICS_FOLDER / "studies"
FINISHED = Path("data/studies")
"""Folder of finished trainings, ignored by git."""


class FinishedTrainings:
    """Metrics of finished trainings, so that a study can be interrupted and continued.

    Args:
        path: JSON file to keep them in; ``None`` keeps none.
        settings: of the study. Metrics of other settings stay in the file, separately.

    Raises:
        HandwritingError: the file is damaged.
    """

    def __init__(self, path: Path | None, settings: dict[str, Any]) -> None:
        self.path = path
        try:
            self._all = json.loads(path.read_text("utf-8")) if path and path.exists() else {}
            words = ", ".join(f"{name} {value}" for name, value in settings.items())
            self._figures = self._all.setdefault(words, {})
        except (ValueError, AttributeError) as error:
            raise HandwritingError(f"{path} is damaged ({error}). Delete it.") from error

    def get(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The metrics of a training, from ``measure`` unless it is finished."""
        if name not in self._figures:
            self._figures[name] = measure()
            if self.path:
                with replacing(self.path) as (part,):
                    save_json(self._all, part)
            print(f"{name}: {json.dumps(self._figures[name])}", flush=True)
        return self._figures[name]

    def of_all(
        self, names: Iterable[str], seeds: int, measure: Callable[[str, int], dict[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """The metrics of each training with each seed, by "<name> / <seed>"."""
        keys = [(name, seed) for seed in range(seeds) for name in names]
        return {
            f"{name} / {seed}": self.get(f"{name} / {seed}", partial(measure, name, seed))
            for name, seed in keys
        }


def fraction_of(images: int, rows: torch.Tensor) -> float:
    """The fraction of the rows that gives this number of images, in 0..1."""
    return min(1.0, images / len(rows))


def class_counts(processed: Path) -> list[int]:
    """Images per class, of 62, in `byclass`'s training rows."""
    return list(load_manifest(processed)["byclass_class_counts"].values())


def recognizer_of(run: Run, validation: LabelledImages, counts: list[int]) -> Recognizer:
    """The recogniser of a run's kept epoch, calibrated as stage 3 does."""
    return Recognizer(run.calibrated(validation, counts), run.files.weights)


def draw_paired_bars(axes: Axes, names: Sequence[str], series: dict[str, list[float]]) -> None:
    """Horizontal bars of two series with their values; the first name is at the top."""
    places = np.arange(len(names))
    for shift, colour, (title, values) in zip(
        (-0.2, 0.2), (BLUE, ORANGE), series.items(), strict=True
    ):
        bars = axes.barh(places + shift, values, 0.38, color=colour, label=title)
        axes.bar_label(bars, fmt="%.3f", padding=2, fontsize=7)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.margins(x=0.15, y=0.02)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.02), ncols=2, frameon=False)
