"""Causes of errors on lower-case letters: wrong labels, class prior, lost size.

    python data_preprocessing.py --labels by-name --processed data/by_name
    python data_split.py --processed data/by_name
    python -m studies.lower_case RUN --by-name data/by_name --drawings ../shared/drawings

Labels: CompactCNN is trained briefly, once per seed, on equally many images with three kinds of
labels: by printed name as in the baseline (without test images, so that only labels differ), exact
labels only, and label sets. All are evaluated on the `byclass` test images. Class prior: RUN,
trained on EMNIST alone, predicts these images with its training prior, with `byclass`'s and with a
uniform one. Size: it predicts drawings with and without size, with size models of other writers.

Finished trainings are kept in data/studies/lower_case.json, so the study can be interrupted and
continued. With --save: lower_case.json.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import keep_memory
from handwriting.datasets.external import load_external
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images, load_split
from handwriting.emnist.duplicates import unseen_rows
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, FIRST_EITHER_CASE, MERGED_LETTERS, WITHOUT_CASE, class_index
from handwriting.recognition.recognizer import LOOKALIKES, Recognizer, size_weight
from handwriting.runs import MODELS_FOLDER, find_run
from handwriting.training.fit_sizes import left_out_log_likelihoods
from handwriting.training.run import unsaved_run
from model_training import train
from models import predict_logits
from studies.common import FIGURES, FINISHED, FinishedTrainings, fraction_of

GROUPS = {
    "all": CLASSES,
    "digits": [c for c in CLASSES if c.isdigit()],
    "capitals": [c for c in CLASSES if c.isupper()],
    "small letters": [c for c in CLASSES if c.islower()],
    "the 15 that look like their capital": list(MERGED_LETTERS.lower()),
    "the other 11": [c for c in CLASSES if c.islower() and c.upper() not in MERGED_LETTERS],
}
_VALIDATED = 1000

Figures = dict[str, dict[str, float]]
"""Accuracy by variant and group of characters."""


def by_group(answers: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy on each group of characters; takes int (N,) each."""
    right = answers == labels
    return {
        name: float(right[np.isin(labels, [class_index(c) for c in group])].mean())
        for name, group in GROUPS.items()
    }


def without_test_images(
    data: LabelledImages, rows: torch.Tensor, test: LabelledImages
) -> torch.Tensor:
    """The rows whose image is not a test image."""
    (unseen,) = unseen_rows(test.images.numpy(), [data.images[rows].numpy()])
    return rows[torch.from_numpy(unseen)]


class LabelSets:
    """Trains on the three kinds of labels.

    Args:
        args: the options.
        test: the `byclass` test images.
    """

    def __init__(self, args: argparse.Namespace, test: LabelledImages) -> None:
        self.args, self.test = args, test
        data, split = load_images(args.processed, "train"), load_split(args.processed)
        by_name, name_split = load_images(args.by_name, "train"), load_split(args.by_name)
        rows, validation = split["train"], split["validation"]
        name_rows = without_test_images(by_name, name_split["train"], test)
        self.variants = {
            "by name": (by_name, name_rows, name_split["validation"]),
            "exact ones alone": (data, rows[data.labels[rows] < FIRST_EITHER_CASE], validation),
            "label sets": (data, rows, validation),
        }
        """By name: images, training rows, validation rows."""

    def measure(self, name: str, seed: int) -> dict[str, float]:
        """Train briefly on one kind of labels and evaluate by groups."""
        data, rows, validation = self.variants[name]
        fraction = fraction_of(self.args.images, rows)
        values = {"epochs": self.args.epochs}
        run = unsaved_run("compactcnn", values, rows, fraction=fraction, seed=seed)
        list(train(run, data, validation[:_VALIDATED]))
        answers = predict_logits(run.final_network, self.test.images).argmax(dim=1)
        return by_group(answers.numpy(), self.test.labels.numpy())

    def measure_all(self) -> Figures:
        """Metrics by "<labels> / <seed>"; finished trainings are not repeated."""
        settings = {
            "archives": " and ".join(data.fingerprint[:8] for data, *_ in self.variants.values()),
            "images": self.args.images,
            "epochs": self.args.epochs,
        }
        path = None if self.args.quick else FINISHED / "lower_case.json"
        finished = FinishedTrainings(path, settings)
        return finished.of_all(self.variants, self.args.seeds, self.measure)


def measure_frequency(recognizer: Recognizer, test: LabelledImages) -> dict[str, Any]:
    """Accuracy on test images by class prior, and the kinds of errors.

    Raises:
        HandwritingError: the run has no class prior.
    """
    names = ("training_frequencies", "frequencies")
    if not all(recognizer.content.get(name) for name in names):
        raise HandwritingError("RUN has no class prior. Finish its training (stage 3).")
    trained, wanted = (np.log(recognizer.content[name]) for name in names)
    labels, log_p = test.labels.numpy(), recognizer.log_probs(test.images)
    alike = recognizer.log_probs(test.images, "equal")
    own = log_p.argmax(axis=1)
    return {
        "the training images' frequencies": by_group(
            (log_p + trained - wanted).argmax(axis=1), labels
        ),
        "byclass's frequencies": by_group(own, labels),
        "all characters alike": by_group(alike.argmax(axis=1), labels),
        "mistakes": sort_mistakes(own, labels),
    }


def sort_mistakes(answers: np.ndarray, labels: np.ndarray) -> dict[str, int]:
    """Number of errors by kind; takes int (N,) each."""
    shape = np.array([next((i for i, g in enumerate(LOOKALIKES) if c in g), -1) for c in CLASSES])
    wrong = answers != labels
    case = wrong & (WITHOUT_CASE[answers] == WITHOUT_CASE[labels])
    same_shape = wrong & ~case & (shape[answers] == shape[labels]) & (shape[answers] >= 0)
    return {
        "all": int(wrong.sum()),
        "only the case": int(case.sum()),
        "another character of the same shape": int(same_shape.sum()),
        "the rest": int((wrong & ~case & ~same_shape).sum()),
    }


def measure_size(recognizer: Recognizer, folder: Path) -> Figures:
    """Accuracy on drawings without and with size, with a uniform prior."""
    drawings = load_external(folder)
    if drawings.writers is None:
        raise HandwritingError(f"{folder / 'labels.csv'} needs the column writer.")
    labels, log_p = drawings.labels.numpy(), recognizer.log_probs(drawings.images, "equal")
    log_sizes = left_out_log_likelihoods(drawings, drawings.writers)
    log_sizes *= size_weight(recognizer.content)
    return {
        "by shape": by_group(log_p.argmax(axis=1), labels),
        "by shape and size": by_group((log_p + log_sizes).argmax(axis=1), labels),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, images=64, epochs=1, seeds=1)
    add = parser.add_argument
    add("run", metavar="RUN", help="run trained on EMNIST alone")
    add("--by-name", type=Path, required=True, help="folder prepared with --labels by-name")
    add("--drawings", type=Path, required=True, help="folder of drawings of a whole canvas")
    add("--images", type=int, default=30_000, help="training images per run")
    add("--epochs", type=int, default=4, help="epochs per run")
    add("--seeds", type=int, default=2, help="runs per kind of labels")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train the missing runs, evaluate and print one JSON object."""
    keep_memory()
    run, test = find_run(args.run, args.models), load_images(args.processed, "test")
    recognizer = Recognizer.load(run.weights)
    result = {
        "run": run.name,
        "training_images": args.images,
        "epochs": args.epochs,
        "frequency": measure_frequency(recognizer, test),
        "size": measure_size(recognizer, args.drawings),
        "labels": LabelSets(args, test).measure_all(),
    }
    report_measured(args, "lower_case.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
