"""Fine-tuning measured on whole collections that it never saw.

    python -m studies.left_out_collections RUN PENS.npz DRAWINGS PHOTOGRAPHS \\
        --change alpha=0.5 --change epochs=2,balance=collections

RUN was trained on EMNIST alone. A collection is a set, or of a pen archive the samples of one
provider. Each larger one in turn is left out: RUN is fine-tuned on all the others, as by
`model_training.py --init-from RUN --extra-data …`, without the writers of that one, and evaluated
on it with a uniform class prior. That is done with the shipped recipe and with each change of it.
With --save: left_out_collections.json.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import ExtraData, subsample
from handwriting.datasets.external import ExternalSet, load_external, mixed
from handwriting.datasets.pen import is_pen_archive, load_pen
from handwriting.datasets.prepared import PROCESSED, load_images, load_split
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import accuracies, accuracy, calibration_error, reliability
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, RunFiles, find_run
from handwriting.training.run import unsaved_run
from model_training import train
from studies.common import FIGURES, FinishedTrainings, class_counts, fraction_of, recognizer_of

SHIPPED = dict[str, Any](epochs=8, lr=0.003, alpha=1.0, extra_fraction=0.5, balance="files")
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

    def others(self, name: str) -> "Source":
        """What may be trained on where a collection is left out: neither it nor its writers."""
        kept = self.collection != name
        if self.pictures.writers is not None:
            kept &= ~np.isin(self.pictures.writers, self.pictures.writers[~kept])
        return Source(self.pictures.part(kept), self.collection[kept])

    def collections(self) -> list[ExternalSet]:
        """Its images, collection by collection."""
        names = np.unique(self.collection)
        return [self.pictures.part(self.collection == name) for name in names]


def training_images(sources: Sequence[Source], left_out: str, values: dict[str, Any]) -> ExtraData:
    """The images to fine-tune on without a collection, balanced as the recipe says."""
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

    def measure(
        self, sources: Sequence[Source], left_out: str, values: dict[str, Any]
    ) -> dict[str, Any]:
        """Metrics on a left-out collection, and on EMNIST's validation images."""
        extra = training_images(sources, left_out, values)
        further = unsaved_run(
            self.model,
            {"epochs": values["epochs"], "lr": values["lr"]},
            self.rows,
            fraction=self.args.fraction,
            seed=self.args.seed,
            init_from=str(self.run.weights),
            alpha=values["alpha"],
            extra_data=("elsewhere",),
            extra_fraction=values["extra_fraction"],
            heads=2,
        )
        list(train(further, self.data, self.chosen, extra))
        recognizer = recognizer_of(further, self.validation, self.counts)
        own = next(s for s in sources if left_out in s.sizes()).measured(left_out)
        emnist = accuracy(recognizer.network, self.validation)
        return {"images": len(own), **figures(recognizer, own), "emnist_validation": emnist}


def figures(recognizer: Recognizer, data: ExternalSet) -> dict[str, float]:
    """Accuracies with a uniform prior, and the calibration error."""
    probs = np.exp(recognizer.log_probs(data.images, "equal"))
    probs /= probs.sum(axis=1, keepdims=True)
    read, labels = probs.argmax(axis=1), data.labels.numpy().astype(int)
    error = calibration_error(reliability(probs.max(axis=1), read == labels))
    return {**accuracies(read, labels), "calibration_error": error}


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
    add("--epochs", type=int, default=SHIPPED["epochs"], help="epochs where no change says them")
    add("--least", type=int, default=2000, help="images of a collection that is left out")
    add("--fraction", type=float, default=1.0, help="fraction of EMNIST's training images")
    add("--validation-images", type=int, default=10_000, help="EMNIST validation images")
    add("--variants", type=int, default=3, help="as model_training.py --extra-variants")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--finished", type=Path, default=None, metavar="JSON", help="keep finished trainings here")
    add("--seed", type=int, default=42, help="seed of the order of images")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train, evaluate and print one JSON object."""
    keep_memory()
    sources = [Source.load(path, args.variants) for path in args.sets]
    sizes = {name: count for source in sources for name, count in source.sizes().items()}
    names = [name for name, count in sizes.items() if count >= args.least]
    if not names or len(sizes) < 2:
        raise HandwritingError("there are no collections of --least images to leave out in turn.")
    tuning = FineTuning(find_run(args.run, args.models), args)
    settings = {name: getattr(args, name) for name in ("epochs", "fraction", "variants", "seed")}
    finished = FinishedTrainings(args.finished, {"run": tuning.run.name, **settings})
    result: dict[str, Any] = {"run": tuning.run.name, "settings": settings, "recipes": {}}
    for changed in ({}, *args.change):
        values = SHIPPED | {"epochs": args.epochs} | changed
        title = ", ".join(f"{name} {value}" for name, value in changed.items()) or "shipped"
        rows = {
            name: finished.get(
                f"{title} / {name}", lambda name=name, v=values: tuning.measure(sources, name, v)
            )
            for name in names
        }
        result["recipes"][title] = {"mean": means(list(rows.values())), "left_out": rows}
    report_measured(args, "left_out_collections.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
