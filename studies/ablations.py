"""Ablation of the modern recipe: short runs with one part changed at a time.

    python -m studies.ablations --pictures ../shared/drawings ../shared/photographs

Each variant trains CompactCNN on a fraction of the training images, once per seed. It is evaluated
on validation images: accuracy, where either case is correct for a letter known in either case, and
loss in nats. It is also evaluated on given folders of labelled images, with a uniform prior and
without size. The fraction is small and seen several times, as in a long run; a single pass would
favour what only speeds up early training. Finished runs are kept in data/studies/ablations.json, so
the study can be interrupted and continued. Prints one JSON object. With --save: ablations.json.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import subsample
from handwriting.datasets.external import load_external
from handwriting.datasets.prepared import PROCESSED, load_images, load_split
from handwriting.labels import FIRST_EITHER_CASE
from handwriting.training.run import unsaved_run
from model_training import train
from studies.common import (
    FIGURES,
    FINISHED,
    FinishedTrainings,
    class_counts,
    fraction_of,
    recognizer_of,
)

STILL = dict.fromkeys(("rotation", "scale", "shear", "shift", "elastic", "stroke"), 0.0)
EXACT_ONLY = "exact labels only"
VARIANTS: dict[str, dict[str, Any]] = {
    "modern recipe": {},
    "Adam without weight decay": {"optimizer": "Adam"},
    "exponential schedule, lr 0.001": {"schedule": "exponential", "lr": 0.001},
    "no averaging of weights": {"ema_decay": 0.0},
    EXACT_ONLY: {},
    "no augmentation": {"augmentation": STILL},
    "no rotation, scale, shear, shift": {
        "augmentation": dict.fromkeys(("rotation", "scale", "shear", "shift"), 0.0)
    },
    "no elastic change": {"augmentation": {"elastic": 0.0}},
    "no change of stroke": {"augmentation": {"stroke": 0.0}},
    "with gaps": {"augmentation": {"gaps": 0.2}},
    "with noise": {"augmentation": {"noise": 0.05}},
}
"""Variants by name, with their changes to the recipe."""


class Ablation:
    """Trains and evaluates the variants on the same data.

    Args:
        args: the options.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.data, split = load_images(args.processed, "train"), load_split(args.processed)
        self.rows = split["train"]
        rows = split["validation"]
        self.validation = subsample(rows, fraction_of(args.images, rows))
        self.counts = class_counts(args.processed)
        self.folders = {folder.name: load_external(folder) for folder in args.pictures}

    def measure(self, name: str, seed: int) -> dict[str, float]:
        """Train one variant with one seed; its metrics are those of the kept epoch."""
        rows = self.rows
        if name == EXACT_ONLY:
            rows = rows[self.data.labels[rows] < FIRST_EITHER_CASE]
        start = time.perf_counter()
        values = VARIANTS[name] | {"epochs": self.args.epochs}
        fraction = fraction_of(self.args.images, rows)
        run = unsaved_run("compactcnn", values, rows, fraction=fraction, seed=seed)
        list(train(run, self.data, self.validation))
        figures = {"validation": run.best["val_accuracy"], "val_loss": run.best["val_loss"]}
        figures["seconds"] = round(time.perf_counter() - start)
        recognizer = recognizer_of(run, self.data.subset(self.validation), self.counts)
        for folder, pictures in self.folders.items():
            answers = recognizer.log_probs(pictures.images, "equal").argmax(axis=1)
            figures[folder] = float((answers == pictures.labels.numpy()).mean())
        return figures


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, images=64, epochs=1, seeds=1)
    add = parser.add_argument
    add("--pictures", type=Path, nargs="*", default=[], help="folders with a labels.csv")
    add("--images", type=int, default=16_000, help="training images per run")
    add("--epochs", type=int, default=4, help="epochs per run")
    add("--seeds", type=int, default=2, help="runs per variant")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train the missing runs and print one JSON object."""
    keep_memory()
    ablation = Ablation(args)
    settings = {
        "archive": ablation.data.fingerprint[:8],
        "images": args.images,
        "epochs": args.epochs,
        "pictures": " ".join(ablation.folders),
    }
    finished = FinishedTrainings(None if args.quick else FINISHED / "ablations.json", settings)
    runs = finished.of_all(VARIANTS, args.seeds, ablation.measure)
    result = {"training_images": args.images, "epochs": args.epochs, "runs": runs}
    report_measured(args, "ablations.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
