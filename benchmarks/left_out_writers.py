"""Does training on drawings and photographs help with writers that were not among them?

    python benchmarks/left_out_writers.py RUN ../shared/drawings ../shared/photographs

RUN was trained on EMNIST alone. For each of several groups of writers (of a folder whose labels.csv
has the column writer; else of files) it is trained further as by `model_training.py --start RUN
--extra …` on all the others, and measured on that group, which neither network nor sizes have seen;
and on EMNIST's validation images. All characters of the folders count as equally frequent. Writes
metrics/<run>_left_out.json.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from training_ways import accuracy

sys.path.insert(0, str(Path(__file__).parent.parent))

from handwriting.datasets.batches import Extra
from handwriting.training.calibration import class_frequencies, fit_temperature
from handwriting.compute.devices import keep_memory
from handwriting.errors import run_script
from handwriting.files import replacing, save_json
from handwriting.datasets.external import LabelledSet, load_labelled
from handwriting.labels import FIRST_EQUAL
from handwriting.evaluation.metrics import accuracies
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images, load_split
from handwriting.recognition.recognizer import scores_of
from handwriting.runs import METRICS_FOLDER, find_run
from handwriting.recognition.sizes import fit
from model_training import Run, some_rows, train, unsaved_run

_VALIDATION_IMAGES = 10_000


class Folder:
    """A folder of labelled pictures, parted into groups that share no writer.

    Attributes:
        group: int (N,).
        log_size: float (N, 62) of models of size fitted without the group, or ``None``.
    """

    def __init__(self, path: Path, groups: int) -> None:
        self.name = path.name
        self.pictures: LabelledSet = load_labelled(path)
        writers = self.pictures.writers
        # Who wrote a photographed character is not known: files of one number go together.
        numbers = [file.stem.split("_")[-1] for file in self.pictures.files]
        _, number = np.unique(numbers if writers is None else writers, return_inverse=True)
        self.group = number % groups
        self.log_size = None if writers is None else self._sizes(writers)

    @property
    def labels(self) -> np.ndarray:
        """int (N,) in 0..61."""
        return self.pictures.images.labels.numpy().astype(int)

    def _sizes(self, writers: np.ndarray) -> np.ndarray:
        places, heights = self.pictures.places, self.pictures.heights
        evidence = np.empty((len(places), 62))
        for group in np.unique(self.group):
            own = self.group == group
            sizes = fit(places[~own], heights[~own], self.labels[~own], writers[~own])
            pairs = zip(places[own], heights[own], strict=True)
            evidence[own] = [sizes.on_canvas(place, height) for place, height in pairs]
        return evidence


def log_probabilities(run: Run, images: torch.Tensor, validation: LabelledImages) -> np.ndarray:
    """float (N, 62): calibrated, for equally frequent characters."""
    scores = scores_of(run.best_network, validation.images)
    temperature = fit_temperature(scores, validation.labels.long())
    prior = np.log(class_frequencies(scores, temperature))
    log_p = (scores_of(run.best_network, images) / temperature).log_softmax(dim=1)
    return log_p.numpy() - prior


def answers_of(run: Run, folder: Folder, rows: np.ndarray, validation: LabelledImages) -> dict:
    """Classes read from a folder's rows, by shape and, where there are sizes, with them."""
    images = folder.pictures.images.images[torch.from_numpy(rows)]
    log_p = log_probabilities(run, images, validation)
    found = {folder.name: log_p.argmax(axis=1)}
    if folder.log_size is not None:
        found[f"{folder.name} with size"] = (log_p + folder.log_size[rows]).argmax(axis=1)
    return found


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Train and measure each group; figures before and after."""
    data, split = load_images(args.processed, "train"), load_split(args.processed)
    share = min(1.0, _VALIDATION_IMAGES / len(split["validation"]))
    rows = some_rows(split["validation"], share)
    validation = LabelledImages(data.images[rows], data.labels[rows])
    folders = [Folder(path, args.groups) for path in args.folders]
    read: dict[str, dict[str, np.ndarray]] = {"before": {}, "after": {}}
    emnist: dict[str, list[float]] = {"before": [], "after": []}
    for group in range(args.groups):
        run = start(args, split["train"])
        if group == 0:
            emnist["before"].append(accuracy(run.best_network, validation))
        collect(read["before"], run, folders, group, validation)
        others = [(f.pictures.images.images[f.group != group], f.labels[f.group != group])
                  for f in folders]  # fmt: skip
        extra = Extra(
            torch.cat([images for images, _ in others]),
            torch.from_numpy(np.concatenate([labels for _, labels in others])) + FIRST_EQUAL,
            args.share,
        )
        list(train(run, data, rows, extra))
        emnist["after"].append(accuracy(run.best_network, validation))
        collect(read["after"], run, folders, group, validation)
        print(f"group {group + 1}/{args.groups}: EMNIST {emnist['after'][-1]:.4f}", flush=True)
    truth = {f.name: f.labels for f in folders} | {f"{f.name} with size": f.labels for f in folders}
    return {
        when: {
            "emnist_validation": float(np.mean(emnist[when])),
            **{name: accuracies(answers, truth[name]) for name, answers in read[when].items()},
        }
        for when in ("before", "after")
    }


def start(args: argparse.Namespace, rows: torch.Tensor) -> Run:
    """A run that goes on from the given one."""
    run = find_run(args.run, args.models)
    return unsaved_run(
        args.model or run.name.split("_")[0],
        {"epochs": args.epochs, "lr": args.lr},
        rows,
        fraction=args.fraction,
        seed=args.seed,
        device="cpu",
        start=str(run.weights),
        blend=args.blend,
    )


def collect(
    read: dict[str, np.ndarray],
    run: Run,
    folders: list[Folder],
    group: int,
    validation: LabelledImages,
) -> None:
    """Add the answers on one group to those on the others."""
    for folder in folders:
        rows = np.flatnonzero(folder.group == group)
        for name, answers in answers_of(run, folder, rows, validation).items():
            read.setdefault(name, np.full(len(folder.labels), -1))[rows] = answers


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="run trained on EMNIST alone")
    add("folders", nargs="+", type=Path, metavar="FOLDER", help="folder with a labels.csv")
    add("--groups", type=int, default=5, help="groups of writers")
    add("--model", default=None, help="network of RUN; told by its name without it")
    add("--epochs", type=int, default=2, help="epochs of the further training")
    add("--fraction", type=float, default=1.0, help="part of EMNIST's training images in each")
    add("--lr", type=float, default=0.002, help="highest learning rate")
    add("--share", type=float, default=0.25, help="of the folders' pictures in each batch")
    add("--blend", type=float, default=0.5, help="as in model_training.py")
    add("--seed", type=int, default=42, help="seed of the order of images")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=Path("models"), help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for the figures")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, print and save."""
    keep_memory()
    result = {
        "run": args.run,
        "groups": args.groups,
        "further_training": {
            name: getattr(args, name)
            for name in ("epochs", "fraction", "lr", "share", "blend", "seed")
        },
        **measure(args),
    }
    with replacing(args.metrics / f"{Path(args.run).stem}_left_out.json") as (part,):
        save_json(result, part)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
