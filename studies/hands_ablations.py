"""Ablation of the training for out-of-domain handwriting, and accuracy by number of writers.

    python -m studies.hands_ablations RUN ../shared/pen/characters.npz ../shared/drawings …

RUN was trained on EMNIST alone. Each variant fine-tunes it briefly, once per seed, with images of
two thirds of each set's writers, and is evaluated on the last third (`studies.left_out_writers`).
The first set is a pen archive. The seed also selects the writers of smaller subsets. Finished
trainings are kept in data/studies/hands_ablations.json, so the study can be interrupted and
continued. Sizes are used at full weight. With --save: hands_ablations.json and hands_ablations.png,
accuracy by number of writers, with a power law as forecast.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import ExtraData
from handwriting.datasets.external import ExternalSet, mixed
from handwriting.plots import save_figure
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import find_run
from studies.common import FIGURES, FINISHED, FinishedTrainings
from studies.left_out_writers import FurtherTraining, GroupedSet, add_training_options

GROUPS, LEFT_OUT = 3, 0
Mix = Callable[[Sequence[ExternalSet], float, int], ExtraData]
"""Builds the training mix from the sets, their fraction of a batch, and the seed."""


def as_shipped(sets: Sequence[ExternalSet], fraction: float, seed: int) -> ExtraData:
    """As in `model_training.py`: sets are sampled by the square root of their size."""
    return mixed(sets, fraction)


def without_changed(sets: Sequence[ExternalSet], fraction: float, seed: int) -> ExtraData:
    """Pen samples without re-rendering."""
    return mixed([part.part(~part.is_variant) for part in sets], fraction)


def by_cube_root(sets: Sequence[ExternalSet], fraction: float, seed: int = 0) -> ExtraData:
    """Sets sampled by the cube root of their originals, so small ones are more frequent."""
    return mixed(sets, fraction, np.cbrt([(~part.is_variant).sum() for part in sets]))


def all_alike(sets: Sequence[ExternalSet], fraction: float, seed: int) -> ExtraData:
    """All images equally often, whatever their character, writer and set."""
    return ExtraData(mixed(sets, fraction).data, fraction)


def sets_alike(sets: Sequence[ExternalSet], fraction: float, seed: int) -> ExtraData:
    """All sets equally often, whatever their size."""
    return mixed(sets, fraction, np.ones(len(sets)))


def pens_alone(sets: Sequence[ExternalSet], fraction: float, seed: int) -> ExtraData:
    """Pen strokes only, without drawings and photographs."""
    return mixed(sets[:1], fraction)


def without_pens(sets: Sequence[ExternalSet], fraction: float, seed: int) -> ExtraData:
    """Drawings and photographs only."""
    return mixed(sets[1:], fraction)


def writers(number: int) -> Mix:
    """Pen strokes of this number of writers only."""

    def chosen(sets: Sequence[ExternalSet], fraction: float, seed: int) -> ExtraData:
        names = np.unique(sets[0].writers)
        some = np.random.default_rng(seed).permutation(names)[:number]
        return mixed([sets[0].part(np.isin(sets[0].writers, some))], fraction)

    return chosen


@dataclass(frozen=True)
class Variant:
    """A training variant.

    Attributes:
        mix: builds the training mix.
        heads: 2 with an out-of-domain head, else 1.
    """

    mix: Mix
    heads: int = 2


FEWER = (8, 32, 128)
VARIANTS = {
    "as shipped": Variant(as_shipped),
    "strokes not drawn anew": Variant(without_changed),
    "one head": Variant(as_shipped, heads=1),
    "sets by the cube root": Variant(by_cube_root),
    "all images alike": Variant(all_alike),
    "all sets equally often": Variant(sets_alike),
    "pens alone": Variant(pens_alone),
    "drawings and photographs alone": Variant(without_pens),
    **{f"pens of {number} writers": Variant(writers(number)) for number in FEWER},
}


def figures_of(sets: Sequence[GroupedSet], recognizer: Recognizer) -> dict[str, Any]:
    """Metrics of a recogniser on held-out writers."""
    for part in sets:
        part.read(LEFT_OUT, recognizer)
        part.weight = 1.0
    return {name: row for part in sets for name, row in part.figures().items()}


def measure(
    further: FurtherTraining, sets: Sequence[GroupedSet], variant: Variant, seed: int
) -> dict[str, Any]:
    """Train one variant and return its metrics."""
    others = [part.others(LEFT_OUT) for part in sets]
    extra = variant.mix(others, further.args.extra_fraction, seed)
    recognizer = further.train(extra, seed, variant.heads)
    emnist = further.emnist_accuracy(recognizer)
    return {"emnist_validation": emnist, **figures_of(sets, recognizer)}


def mean_and_spread(rows: Sequence[dict[str, Any]], name: str, figure: str) -> tuple[float, float]:
    """Mean over the seeds, and half the range."""
    values = [row[name][figure] if figure else row[name] for row in rows]
    return float(np.mean(values)), (max(values) - min(values)) / 2


def forecast(numbers: Sequence[int], accuracies: Sequence[float], ahead: int) -> float:
    """Accuracy with ``ahead`` writers, if the error continues as a power law of their number."""
    slope, level = np.polyfit(np.log(numbers), np.log1p(-np.array(accuracies)), 1)
    return float(1 - np.exp(level + slope * np.log(ahead)))


def against_writers(
    runs: dict[str, list[dict[str, Any]]], pens: str, number: int
) -> dict[str, Any]:
    """Accuracy by number of writers, with and ignoring case, and the forecasts for more writers."""
    numbers = [*FEWER, number]
    names = [f"pens of {n} writers" for n in FEWER] + ["pens alone"]
    ahead = [2 * number, 4 * number]
    result: dict[str, Any] = {"writers": numbers, "forecast_writers": ahead}
    for figure in ("accuracy", "accuracy_without_case"):
        found = [mean_and_spread(runs[name], pens, figure) for name in names]
        result[figure] = [mean for mean, _ in found]
        result[f"{figure}_spread"] = [spread for _, spread in found]
        result[f"{figure}_forecast"] = [forecast(numbers, result[figure], n) for n in ahead]
    return result


def plot(curve: dict[str, Any], path: Path) -> None:
    """Plot accuracy by number of writers."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    ticks = curve["writers"] + curve["forecast_writers"]
    for name, label in (("accuracy", "62 classes"), ("accuracy_without_case", "ignoring case")):
        lines = axes.errorbar(
            curve["writers"], curve[name], yerr=curve[f"{name}_spread"], fmt="o-", label=label
        )
        color = lines.lines[0].get_color()
        later = [curve["writers"][-1], *curve["forecast_writers"]]
        ahead = [curve[name][-1], *curve[f"{name}_forecast"]]
        axes.plot(later, ahead, "o:", color=color, markerfacecolor="white")
        for x, y in zip(ticks, curve[name] + ahead[1:], strict=True):
            # The last measured point lies close to the one before.
            place = (6, -16) if x == curve["writers"][-1] else (0, 8)
            axes.annotate(f"{y:.3f}", (x, y), xytext=place, textcoords="offset points", ha="center")
    axes.set_xscale("log")
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.minorticks_off()
    axes.margins(0.08, 0.15)
    axes.set_xlabel("UNIPEN writers in training (dotted: forecast)")
    axes.set_ylabel("accuracy on held-out writers")
    axes.set_title("Accuracy by number of writers, at an equal number of training images")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    save_figure(figure, path, "python -m studies.hands_ablations RUN PENS DRAWINGS PHOTOGRAPHS")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(
        __doc__, FIGURES, seeds=1, epochs=1, fraction=0.001, validation_images=200, variants=0
    )
    defaults = {"epochs": 2, "fraction": 0.25, "lr": 0.003, "extra_fraction": 0.5}
    add_training_options(parser, **defaults, variants=3, alpha=1.0)
    add = parser.add_argument
    add("--seeds", type=int, default=2, help="trainings per variant")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train the missing runs, print one JSON object and draw the plot."""
    keep_memory()
    run = find_run(args.run, args.models)
    further = FurtherTraining(run, args)
    sets = [GroupedSet(path, GROUPS, args.variants) for path in args.sets]
    names = ("epochs", "fraction", "lr", "extra_fraction", "variants", "alpha")
    settings = {"run": run.name} | {name: getattr(args, name) for name in names}
    path = None if args.quick else FINISHED / "hands_ablations.json"
    found = FinishedTrainings(path, settings).of_all(
        VARIANTS, args.seeds, lambda name, seed: measure(further, sets, VARIANTS[name], seed)
    )
    runs = {name: [found[f"{name} / {seed}"] for seed in range(args.seeds)] for name in VARIANTS}
    number = len(np.unique(sets[0].others(LEFT_OUT).writers))
    curve = against_writers(runs, sets[0].name, number)
    images = {part.name: int((part.original_group == LEFT_OUT).sum()) for part in sets}
    result = {"settings": settings, "images": images, "against_writers": curve, "runs": runs}
    print(json.dumps(result, indent=1))
    save_measured(args, "hands_ablations.json", result)
    if args.save:
        plot(curve, args.out / "hands_ablations.png")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
