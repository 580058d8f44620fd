"""Effect of fine-tuning on out-of-domain handwriting, measured on held-out writers.

    python -m studies.left_out_writers RUN ../shared/drawings ../shared/photographs

RUN was trained on EMNIST alone. The writers (see `ExternalSet.hands`) are split into groups. For
each group, RUN is fine-tuned on all the others, as by `model_training.py --init-from RUN
--extra-data …`. It is evaluated on that group, unseen by network and size models, and on EMNIST's
validation images. The class prior is uniform. With --save: left_out_writers.json.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import ExtraData, subsample
from handwriting.datasets.external import ExternalSet, load_external, mixed
from handwriting.datasets.prepared import PROCESSED, load_images, load_split
from handwriting.evaluation.metrics import accuracies, accuracy, accuracy_within, topk_predictions
from handwriting.labels import NUM_CLASSES
from handwriting.recognition.recognizer import Recognizer, size_weight
from handwriting.runs import MODELS_FOLDER, RunFiles, find_run
from handwriting.training.fit_sizes import left_out_log_likelihoods
from handwriting.training.run import unsaved_run
from model_training import train
from studies.common import FIGURES, class_counts, fraction_of, recognizer_of


class GroupedSet:
    """An external labelled set, divided into groups that share no writer.

    Attributes:
        pictures: the images; originals come first.
        group: int (N,), group of each image, re-rendered ones included.
        log_probs: float (originals, 62), log p(character | image) by a network trained without the
            group; nan if there is none yet.
        log_sizes: float (originals, 62), from size models fitted without the group, or ``None``.
        weight: of the sizes.
    """

    def __init__(self, path: Path, groups: int, variants: int = 0) -> None:
        self.name = path.stem
        self.pictures = load_external(path, variants)
        _, number = np.unique(self.pictures.hands, return_inverse=True)
        self.group = number % groups
        self.originals = self.pictures.part(~self.pictures.is_variant)
        self.original_group = self.group[: len(self.originals)]
        self.labels = self.originals.labels.numpy().astype(int)
        self.log_probs = np.full((len(self.originals), NUM_CLASSES), np.nan, dtype=np.float32)
        self.log_sizes, self.weight = None, 1.0
        if self.originals.writers is not None and self.originals.heights is not None:
            self.log_sizes = left_out_log_likelihoods(self.originals, self.original_group)

    def others(self, group: int) -> ExternalSet:
        """All images of the other groups."""
        return self.pictures.part(self.group != group)

    def read(self, group: int, recognizer: Recognizer) -> None:
        """Predict a group's images with a recogniser that was trained without them."""
        own = self.original_group == group
        images = self.originals.images[torch.from_numpy(own)]
        self.log_probs[own] = recognizer.log_probs(images, "equal")
        self.weight = size_weight(recognizer.content)

    def figures(self) -> dict[str, dict[str, Any]]:
        """Accuracies by shape and, if there are sizes, with size."""
        found = {self.name: self._figures(self.log_probs)}
        if self.log_sizes is not None:
            found[f"{self.name} with size"] = self._with_size(self.weight)
        return found

    def _with_size(self, weight: float) -> dict[str, Any]:
        return self._figures(self.log_probs + weight * self.log_sizes)

    def _figures(self, log_probs: np.ndarray) -> dict[str, Any]:
        was_read = ~np.isnan(log_probs[:, 0])
        chosen, labels = torch.from_numpy(log_probs[was_read]), self.labels[was_read]
        predictions = topk_predictions(chosen, torch.from_numpy(labels))
        found: dict[str, Any] = accuracies(predictions.topk[:, 0], predictions.labels)
        if np.isin(np.arange(NUM_CLASSES), labels).all():
            found["accuracy_within"] = accuracy_within(predictions.within, predictions.labels)
        return found


class FurtherTraining:
    """Fine-tuning of a run, and its evaluation.

    Args:
        run: the run trained on EMNIST alone.
        args: the options.
    """

    def __init__(self, run: RunFiles, args: argparse.Namespace) -> None:
        self.run, self.args = run, args
        self.data, split = load_images(args.processed, "train"), load_split(args.processed)
        self.rows, rows = split["train"], split["validation"]
        self.validation = subsample(rows, fraction_of(args.validation_images, rows))
        self.counts = class_counts(args.processed)
        self.before = Recognizer.load(run.weights)

    def train(self, extra: ExtraData, seed: int) -> Recognizer:
        """Fine-tune with external images."""
        args = self.args
        further = unsaved_run(
            self.before.content["model"],
            {"epochs": args.epochs, "lr": args.lr},
            self.rows,
            fraction=args.fraction,
            seed=seed,
            init_from=str(self.run.weights),
            alpha=args.alpha,
            extra_data=("elsewhere",),
            extra_fraction=extra.fraction,
        )
        list(train(further, self.data, self.validation, extra))
        return recognizer_of(further, self.data.subset(self.validation), self.counts)

    def emnist_accuracy(self, recognizer: Recognizer) -> float:
        """Accuracy on EMNIST's validation images; either case is correct for merged letters."""
        return accuracy(recognizer.network, self.data.subset(self.validation))


def cross_fit(
    further: FurtherTraining, sets: Sequence[GroupedSet], args: argparse.Namespace
) -> dict[str, Any]:
    """Evaluate each group of writers with a network fine-tuned on the others."""
    emnist = []
    for group in range(args.groups):
        others = mixed([part.others(group) for part in sets], args.extra_fraction)
        recognizer = further.train(others, args.seed)
        emnist.append(further.emnist_accuracy(recognizer))
        for part in sets:
            part.read(group, recognizer)
        print(f"group {group + 1}/{args.groups}: EMNIST {emnist[-1]:.4f}", flush=True)
    return _figures(sets, float(np.mean(emnist)))


def figures_before(further: FurtherTraining, sets: Sequence[GroupedSet]) -> dict[str, Any]:
    """The same metrics of the run before fine-tuning."""
    for part in sets:
        for group in np.unique(part.group):
            part.read(group, further.before)
    return _figures(sets, further.emnist_accuracy(further.before))


def _figures(sets: Sequence[GroupedSet], emnist: float) -> dict[str, Any]:
    figures = {name: row for part in sets for name, row in part.figures().items()}
    return {"emnist_validation": emnist, **figures}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(
        __doc__, FIGURES, groups=2, epochs=1, fraction=0.001, validation_images=500, variants=0
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="run trained on EMNIST alone")
    add("sets", nargs="+", type=Path, metavar="SET", help="as model_training.py --extra-data")
    add("--epochs", type=int, default=2, help="epochs per training")
    add("--fraction", type=float, default=1.0, help="fraction of EMNIST's training images")
    add("--validation-images", type=int, default=10_000, help="EMNIST validation images")
    add("--lr", type=float, default=0.002, help="peak learning rate")
    add("--extra-fraction", type=float, default=0.25, help="fraction of the sets' images per batch")
    add("--variants", type=int, default=0, help="as model_training.py --extra-variants")
    add("--alpha", type=float, default=0.5, help="as in model_training.py")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--groups", type=int, default=5, help="groups of writers")
    add("--seed", type=int, default=42, help="seed of the order of images")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train, evaluate and print one JSON object."""
    keep_memory()
    run = find_run(args.run, args.models)
    further = FurtherTraining(run, args)
    sets = [GroupedSet(path, args.groups, args.variants) for path in args.sets]
    settings = ("epochs", "fraction", "lr", "extra_fraction", "variants", "alpha", "seed")
    result = {
        "run": run.name,
        "groups": args.groups,
        "further_training": {name: getattr(args, name) for name in settings},
        "before": figures_before(further, sets),
        "after": cross_fit(further, sets, args),
    }
    report_measured(args, "left_out_writers.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
