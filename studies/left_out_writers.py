"""Does training on drawings and photographs help with writers that were not among them?

    python -m studies.left_out_writers RUN ../shared/drawings ../shared/photographs

RUN was trained on EMNIST alone. For each of several groups of writers (of a folder whose labels.csv
has the column writer; else of files) it is trained further as by `model_training.py --init-from RUN
--extra-data …` on all the others, and measured on that group, which neither network nor sizes have
seen; and on EMNIST's validation images. All characters of the folders count as equally frequent.
With --save: left_out_writers.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import subsample
from handwriting.datasets.external import load_external, mixed
from handwriting.datasets.prepared import PROCESSED, load_images, load_split
from handwriting.evaluation.metrics import accuracies, accuracy
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, RunFiles, find_run
from handwriting.training.fit_sizes import left_out_log_likelihoods
from handwriting.training.run import Run, unsaved_run
from model_training import train
from studies.common import FIGURES, class_counts, fraction_of, recognizer_of

Answers = dict[str, np.ndarray]
"""Classes read, int (N,), by the folder's name and, with sizes, by "<name> with size"."""


class Folder:
    """A folder of labelled pictures, parted into groups that share no writer.

    Attributes:
        group: int (N,).
        log_sizes: float (N, 62) of models of size fitted without the group, or ``None``.
    """

    def __init__(self, path: Path, groups: int) -> None:
        self.name = path.name
        self.pictures = load_external(path)
        _, number = np.unique(self.pictures.hands, return_inverse=True)
        self.group = number % groups
        self.log_sizes = None
        if self.pictures.writers is not None and self.pictures.heights is not None:
            self.log_sizes = left_out_log_likelihoods(self.pictures, self.group)

    def read(self, recognizer: Recognizer) -> Answers:
        """What is read in all pictures, by shape and, where there are sizes, with them."""
        log_p = recognizer.log_probs(self.pictures.images, "equal")
        answers = {self.name: log_p.argmax(axis=1)}
        if self.log_sizes is not None:
            answers[f"{self.name} with size"] = (log_p + self.log_sizes).argmax(axis=1)
        return answers

    def figures(self, answers: Answers) -> dict[str, dict[str, float]]:
        """Accuracies of this folder's answers."""
        labels = self.pictures.labels.numpy()
        names = (self.name, f"{self.name} with size")
        return {name: accuracies(answers[name], labels) for name in names if name in answers}


def measure(run: RunFiles, args: argparse.Namespace) -> dict[str, Any]:
    """Train and measure each group; figures before and after."""
    data, split = load_images(args.processed, "train"), load_split(args.processed)
    rows = split["validation"]
    rows = subsample(rows, fraction_of(args.validation_images, rows))
    validation, counts = data.subset(rows), class_counts(args.processed)
    folders = [Folder(path, args.groups) for path in args.folders]
    before = Recognizer.load(run.weights)
    emnist_before = accuracy(before.network, validation)
    answers_before = {name: a for f in folders for name, a in f.read(before).items()}
    answers_after = {name: np.full_like(a, -1) for name, a in answers_before.items()}
    emnist_after = []
    for group in range(args.groups):
        further = start(run, before.content["model"], args, split["train"])
        others = [folder.pictures.part(folder.group != group) for folder in folders]
        list(train(further, data, rows, mixed(others, args.extra_fraction)))
        after = recognizer_of(further, validation, counts)
        emnist_after.append(accuracy(after.network, validation))
        for folder in folders:
            own = folder.group == group
            for name, answers in folder.read(after).items():
                answers_after[name][own] = answers[own]
        print(f"group {group + 1}/{args.groups}: EMNIST {emnist_after[-1]:.4f}", flush=True)
    return {
        "before": _figures(folders, answers_before, emnist_before),
        "after": _figures(folders, answers_after, float(np.mean(emnist_after))),
    }


def _figures(folders: list[Folder], answers: Answers, emnist: float) -> dict[str, Any]:
    figures = {name: row for f in folders for name, row in f.figures(answers).items()}
    return {"emnist_validation": emnist, **figures}


def start(run: RunFiles, model: str, args: argparse.Namespace, rows: torch.Tensor) -> Run:
    """A run that goes on from the given one, with images from elsewhere."""
    return unsaved_run(
        model,
        {"epochs": args.epochs, "lr": args.lr},
        rows,
        fraction=args.fraction,
        seed=args.seed,
        init_from=str(run.weights),
        alpha=args.alpha,
        extra_data=tuple(str(folder) for folder in args.folders),
        extra_fraction=args.extra_fraction,
        heads=2,
    )


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(
        __doc__, FIGURES, groups=2, epochs=1, fraction=0.001, validation_images=500
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="run trained on EMNIST alone")
    add("folders", nargs="+", type=Path, metavar="FOLDER", help="folder with a labels.csv")
    add("--groups", type=int, default=5, help="groups of writers")
    add("--epochs", type=int, default=2, help="epochs of the further training")
    add("--fraction", type=float, default=1.0, help="part of EMNIST's training images in each")
    add("--validation-images", type=int, default=10_000, help="of EMNIST, to measure on")
    add("--lr", type=float, default=0.002, help="highest learning rate")
    add("--extra-fraction", type=float, default=0.25, help="of the folders' pictures in each batch")
    add("--alpha", type=float, default=0.5, help="as in model_training.py")
    add("--seed", type=int, default=42, help="seed of the order of images")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    keep_memory()
    run = find_run(args.run, args.models)
    settings = ("epochs", "fraction", "lr", "extra_fraction", "alpha", "seed")
    result = {
        "run": run.name,
        "groups": args.groups,
        "further_training": {name: getattr(args, name) for name in settings},
        **measure(run, args),
    }
    print(json.dumps(result, indent=1))
    save_measured(args, "left_out_writers.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
