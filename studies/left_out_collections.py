"""Fine-tuning measured on whole collections that it never saw.

    python -m studies.left_out_collections RUN PENS.npz DRAWINGS PHOTOGRAPHS \\
        --change epochs=4 --change balance=collections

RUN was trained on EMNIST alone. A collection is a set, or of a pen archive the samples of one
provider. The larger ones are dealt into groups. For each group, RUN is fine-tuned on all other
collections, as by `model_training.py --init-from RUN --extra-data …`, without the writers of the
group, and evaluated on it with a uniform class prior, at several interpolations between RUN and the
new weights. That is done with the shipped recipe and with each change of it. With --save:
left_out_collections.json.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import ExtraData, subsample
from handwriting.datasets.external import ExternalSet, load_external, mixed
from handwriting.datasets.pen import is_pen_archive, load_pen
from handwriting.datasets.prepared import PROCESSED, load_images, load_split
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import accuracies, accuracy, calibration_error, reliability
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, RunFiles, find_run, half_precision
from handwriting.training.calibration import fit_temperature
from handwriting.training.run import Run, unsaved_run
from model_training import train
from studies.common import FIGURES, FinishedTrainings, class_counts, fraction_of, recognizer_of

SHIPPED = dict[str, Any](epochs=8, lr=0.003, extra_fraction=0.5, balance="files")
"""The shipped recipe's values that ``--change`` can change. ``balance`` is ``files``, by the square
roots of their sizes, or ``collections``, all alike."""

BALANCES = ("files", "collections")


@dataclass(frozen=True)
class Source:
    """A set of images, each of a collection.

    Attributes:
        pictures: the images; originals come first.
        collection: str (N,), the collection of each image, re-rendered ones included.
    """

    pictures: ExternalSet
    collection: np.ndarray

    @classmethod
    def load(cls, path: Path, variants: int) -> "Source":
        """Read a set; arguments and errors of `datasets.external.load_external`."""
        pictures = load_external(path, variants)
        if not is_pen_archive(path):
            return cls(pictures, np.full(len(pictures), path.stem))
        archive = load_pen(path)
        provider = np.tile(archive.provider[archive.characters()], 1 + variants)
        return cls(pictures, np.char.add(f"{path.stem} ", provider))

    def sizes(self) -> dict[str, int]:
        """Number of original images of each collection."""
        names, counts = np.unique(self.collection[~self.pictures.is_variant], return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))

    def measured(self, name: str) -> ExternalSet:
        """The original images of a collection."""
        return self.pictures.part((self.collection == name) & ~self.pictures.is_variant)

    def others(self, names: Sequence[str]) -> "Source":
        """What may be trained on where collections are left out: neither they nor their writers."""
        kept = ~np.isin(self.collection, names)
        if self.pictures.writers is not None:
            kept &= ~np.isin(self.pictures.writers, self.pictures.writers[~kept])
        return Source(self.pictures.part(kept), self.collection[kept])

    def collections(self) -> list[ExternalSet]:
        """Its images, collection by collection."""
        names = np.unique(self.collection)
        return [self.pictures.part(self.collection == name) for name in names]


def training_images(
    sources: Sequence[Source], left_out: Sequence[str], values: dict[str, Any]
) -> ExtraData:
    """The images to fine-tune on without some collections, balanced as the recipe says."""
    others = [source.others(left_out) for source in sources]
    others = [source for source in others if len(source.collection)]
    if values["balance"] == "files":
        return mixed([source.pictures for source in others], values["extra_fraction"])
    parts = [part for source in others for part in source.collections()]
    return mixed(parts, values["extra_fraction"], np.ones(len(parts)))


class FineTuning:
    """Fine-tuning of a run, and its evaluation.

    Args:
        run: the run trained on EMNIST alone.
        args: the options.
    """

    def __init__(self, run: RunFiles, args: argparse.Namespace) -> None:
        self.run, self.args = run, args
        self.data, split = load_images(args.processed, "train"), load_split(args.processed)
        self.rows, rows = split["train"], split["validation"]
        self.chosen = subsample(rows, fraction_of(args.validation_images, rows))
        self.validation = self.data.subset(self.chosen)
        self.counts = class_counts(args.processed)
        self.model = Recognizer.load(run.weights).content["model"]

    def before(self, sources: Sequence[Source], left_out: Sequence[str]) -> dict[str, Any]:
        """Metrics of the run itself on collections, and their mean."""
        rows = figures_of_all(Recognizer.load(self.run.weights), _measured(sources, left_out))
        return {"mean": means(list(rows.values())), "left_out": rows}

    def measure(
        self, sources: Sequence[Source], left_out: Sequence[str], values: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """Metrics on each left-out collection, and on EMNIST's validation images, by alpha."""
        extra = training_images(sources, left_out, values)
        further = unsaved_run(
            self.model,
            {"epochs": values["epochs"], "lr": values["lr"]},
            self.rows,
            fraction=self.args.fraction,
            seed=self.args.seed,
            init_from=str(self.run.weights),
            alpha=1.0,
            extra_data=("elsewhere",),
            extra_fraction=values["extra_fraction"],
            heads=2,
        )
        list(train(further, self.data, self.chosen, extra))
        measured = _measured(sources, left_out)
        return {str(alpha): self._figures(further, alpha, measured) for alpha in self.args.alphas}

    def _figures(
        self, further: Run, alpha: float, measured: dict[str, ExternalSet]
    ) -> dict[str, Any]:
        further.settings = replace(further.settings, alpha=alpha)
        further.kept_weights = half_precision(further.final_network.state_dict())
        recognizer = recognizer_of(further, self.validation, self.counts)
        emnist = accuracy(recognizer.network, self.validation)
        return {"emnist_validation": emnist, "left_out": figures_of_all(recognizer, measured)}


def _measured(sources: Sequence[Source], names: Sequence[str]) -> dict[str, ExternalSet]:
    of = {name: source for source in sources for name in source.sizes()}
    return {name: of[name].measured(name) for name in names}


def figures_of_all(
    recognizer: Recognizer, measured: dict[str, ExternalSet]
) -> dict[str, dict[str, float]]:
    """Metrics of each collection.

    The temperature is the one that fits the others, so that no collection sets its own.
    """
    logits = {
        name: torch.from_numpy(recognizer.log_probs(data.images, "equal"))
        for name, data in measured.items()
    }
    labels = {name: data.labels.long() for name, data in measured.items()}
    found = {}
    for name, data in measured.items():
        others = [other for other in measured if other != name] or [name]
        joined = (torch.cat([part[other] for other in others]) for part in (logits, labels))
        found[name] = figures(logits[name], data, fit_temperature(*joined))
    return found


def figures(logits: torch.Tensor, data: ExternalSet, temperature: float) -> dict[str, float]:
    """Accuracies and the calibration error of logits, float (N, 62)."""
    confidence, read = (logits / temperature).softmax(dim=1).max(dim=1)
    labels = data.labels.numpy().astype(int)
    right = read.numpy() == labels
    error = calibration_error(reliability(confidence.numpy(), right))
    rates = accuracies(read.numpy(), labels)
    return {"images": len(data), **rates, "calibration_error": error, "temperature": temperature}


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric over the left-out collections, which count alike."""
    return {
        name: float(np.mean([row[name] for row in rows])) for name in rows[0] if name != "images"
    }


def change(text: str) -> dict[str, Any]:
    """A change of the shipped recipe, such as "alpha=0.5,epochs=2"."""
    values = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            values[name] = type(SHIPPED[name])(value)
        except (KeyError, ValueError) as error:
            known = ", ".join(SHIPPED)
            raise argparse.ArgumentTypeError(f"{part!r} is no NAME=VALUE of {known}") from error
    if values.get("balance", "files") not in BALANCES:
        raise argparse.ArgumentTypeError(f"balance is one of {', '.join(BALANCES)}")
    return values


def joined(trainings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The metrics of a recipe: all its groups' collections, and their mean."""
    left_out = {name: row for found in trainings for name, row in found["left_out"].items()}
    emnist = float(np.mean([found["emnist_validation"] for found in trainings]))
    return {
        "mean": means(list(left_out.values())),
        "emnist_validation": emnist,
        "left_out": left_out,
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(
        __doc__, FIGURES, epochs=1, fraction=0.001, validation_images=500, variants=0, least=1
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="run trained on EMNIST alone")
    add("sets", nargs="+", type=Path, metavar="SET", help="as model_training.py --extra-data")
    add("--change", action="append", default=[], type=change, metavar="NAME=VALUE,…",
        help=f"a change of the recipe to try: {', '.join(SHIPPED)}")  # fmt: skip
    add("--alphas", nargs="+", type=float, default=[1.0, 0.75, 0.5], metavar="A",
        help="interpolations between RUN, 0, and the new weights, 1")  # fmt: skip
    add("--epochs", type=int, default=SHIPPED["epochs"], help="epochs where no change says them")
    add("--groups", type=int, default=3, help="groups of collections that are left out together")
    add("--least", type=int, default=1500, help="images of a collection that is left out")
    add("--fraction", type=float, default=1.0, help="fraction of EMNIST's training images")
    add("--validation-images", type=int, default=10_000, help="EMNIST validation images")
    add("--variants", type=int, default=3, help="as model_training.py --extra-variants")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--finished", type=Path, default=None, metavar="JSON", help="keep finished trainings here")
    add("--seed", type=int, default=42, help="seed of the order of images")
    return parser


def dealt(sizes: dict[str, int], least: int, groups: int) -> list[list[str]]:
    """The collections of ``least`` images and more, dealt into groups from the largest on.

    Raises:
        HandwritingError: there are none, or a group would leave nothing to train on.
    """
    names = sorted((name for name in sizes if sizes[name] >= least), key=lambda n: -sizes[n])
    found = [group for first in range(groups) if (group := names[first::groups])]
    if not found or len(found[0]) == len(sizes):
        raise HandwritingError(
            "there are too few collections of --least images. Make --least smaller or --groups "
            "larger."
        )
    return found


def main(args: argparse.Namespace) -> None:
    """Train, evaluate and print one JSON object."""
    keep_memory()
    sources = [Source.load(path, args.variants) for path in args.sets]
    sizes = {name: count for source in sources for name, count in source.sizes().items()}
    groups = dealt(sizes, args.least, args.groups)
    tuning = FineTuning(find_run(args.run, args.models), args)
    kept = ("epochs", "groups", "alphas", "fraction", "variants", "seed")
    settings = {name: getattr(args, name) for name in kept}
    finished = FinishedTrainings(args.finished, {"run": tuning.run.name, **settings})
    result: dict[str, Any] = {"run": tuning.run.name, "settings": settings, "recipes": {}}
    result["before"] = tuning.before(sources, [name for group in groups for name in group])
    for changed in ({}, *args.change):
        values = SHIPPED | {"epochs": args.epochs} | changed
        title = ", ".join(f"{name} {value}" for name, value in changed.items()) or "shipped"
        trainings = [
            finished.get(
                f"{title} / {', '.join(group)}",
                lambda group=group, v=values: tuning.measure(sources, group, v),
            )
            for group in groups
        ]
        result["recipes"][title] = {
            str(alpha): joined([found[str(alpha)] for found in trainings]) for alpha in args.alphas
        }
    report_measured(args, "left_out_collections.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
