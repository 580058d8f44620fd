"""Why lower-case letters are hard: wrong labels, rare classes or lost size? Each measured apart.

    python data_preprocessing.py --labels by-name --processed BY_NAME --images BY_NAME
    python data_split.py --processed BY_NAME
    python benchmarks/lower_case.py RUN --by-name BY_NAME --drawings ../shared/drawings

Labels: CompactCNN is trained briefly, once per seed, on the same number of images with each of
three sets of labels: by the printed name, as usual (test images are taken out of it, so that only
the labels differ); exact ones alone; label sets. All are measured on the `byclass` test images.
Frequency: RUN, trained on EMNIST alone, reads those test images with the frequencies of its
training images, with those of `byclass` and with all characters alike. Size: it reads drawings with
and without their size, with sizes of other writers. Finished trainings are kept in
metrics/lower_case.json, so the script can be started again.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from drawings import sizes_of_other_writers

sys.path.insert(0, str(Path(__file__).parent.parent))

from handwriting.errors import run_script
from handwriting.evaluation.every_split import unseen_rows
from handwriting.files import replacing, save_json
from handwriting.datasets.external import load_labelled
from handwriting.labels import CLASSES, FIRST_PAIR, MERGED_LETTERS, WITHOUT_CASE
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images, load_split
from handwriting.recognition.recognizer import LOOKALIKES, Recognizer, log_prior_change, scores_of
from handwriting.runs import METRICS_FOLDER, MODELS_FOLDER, find_run
from model_training import Run, train, unsaved_run

GROUPS = {
    "all": CLASSES,
    "digits": [c for c in CLASSES if c.isdigit()],
    "capitals": [c for c in CLASSES if c.isupper()],
    "small letters": [c for c in CLASSES if c.islower()],
    "the 15 that look like their capital": list(MERGED_LETTERS.lower()),
    "the other 11": [c for c in CLASSES if c.islower() and c.upper() not in MERGED_LETTERS],
}


def by_group(answers: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Share of right answers among the images of each group of characters."""
    return {
        name: float((answers == labels)[np.isin(labels, [CLASSES.index(c) for c in group])].mean())
        for name, group in GROUPS.items()
    }


def without_test_images(
    data: LabelledImages, rows: torch.Tensor, test: LabelledImages
) -> torch.Tensor:
    """The rows whose image is none of the test images."""
    (unseen,) = unseen_rows(test.images.numpy(), [data.images[rows].numpy()])
    return rows[torch.from_numpy(unseen)]


def train_on(
    data: LabelledImages, rows: torch.Tensor, validation: torch.Tensor, seed: int,
    args: argparse.Namespace,
) -> Run:  # fmt: skip
    """A short training on some of the rows."""
    part = min(1.0, args.images / len(rows))
    run = unsaved_run("compactcnn", {"epochs": args.epochs}, rows, fraction=part, seed=seed)
    list(train(run, data, validation[:1000]))
    return run


def measure_labels(
    args: argparse.Namespace, found: dict[str, Any], test: LabelledImages
) -> Iterator[None]:
    """Add to ``found`` what is missing of the trainings, after each of which it yields."""
    data, split = load_images(args.processed, "train"), load_split(args.processed)
    by_name, name_split = load_images(args.by_name, "train"), load_split(args.by_name)
    rows = split["train"]
    variants = {
        "by name": (by_name, without_test_images(by_name, name_split["train"], test), name_split),
        "exact ones alone": (data, rows[data.labels[rows] < FIRST_PAIR], split),
        "label sets": (data, rows, split),
    }
    for seed in range(args.seeds):
        for name, (images, chosen, own_split) in variants.items():
            key = f"{name} / {seed}"
            if key not in found:
                run = train_on(images, chosen, own_split["validation"], seed, args)
                answers = scores_of(run.best_network, test.images).argmax(dim=1).numpy()
                found[key] = by_group(answers, test.labels.numpy())
                print(key, found[key], flush=True)
                yield


def measure_frequency(recognizer: Recognizer, test: LabelledImages) -> dict[str, Any]:
    """Test images read with EMNIST's frequencies and with all characters alike; the mistakes."""
    labels = test.labels.numpy()
    log_p = np.log(recognizer.probabilities(test.images) + 1e-12)
    own = log_p.argmax(axis=1)
    alike = (log_p + log_prior_change(recognizer.content, "equal")).argmax(axis=1)
    wrong = own != labels
    case = wrong & (WITHOUT_CASE[own] == WITHOUT_CASE[labels])
    group = np.array([next((i for i, g in enumerate(LOOKALIKES) if c in g), -1) for c in CLASSES])
    alike_shapes = wrong & ~case & (group[own] == group[labels]) & (group[own] >= 0)
    ratio = [np.array(recognizer.content[name]) for name in ("training_frequencies", "frequencies")]
    as_trained = (log_p + np.log(ratio[0] / ratio[1])).argmax(axis=1)
    return {
        "the training images' frequencies": by_group(as_trained, labels),
        "byclass's frequencies": by_group(own, labels),
        "all characters alike": by_group(alike, labels),
        "mistakes": {
            "all": int(wrong.sum()),
            "only the case": int(case.sum()),
            "another character of the same shape": int(alike_shapes.sum()),
            "the rest": int((wrong & ~case & ~alike_shapes).sum()),
        },
    }


def measure_size(recognizer: Recognizer, folder: Path) -> dict[str, dict[str, float]]:
    """Drawings read without and with their size, all characters alike."""
    drawings = load_labelled(folder)
    labels = drawings.images.labels.numpy()
    log_p = np.log(recognizer.probabilities(drawings.images.images) + 1e-12)
    log_p += log_prior_change(recognizer.content, "equal")
    places, heights = drawings.places, drawings.heights
    sizes = sizes_of_other_writers(places, heights, labels, drawings.writers)
    return {
        "by shape": by_group(log_p.argmax(axis=1), labels),
        "by shape and size": by_group((log_p + sizes).argmax(axis=1), labels),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="run trained on EMNIST alone")
    add("--by-name", type=Path, required=True, help="folder prepared with --labels by-name")
    add("--drawings", type=Path, required=True, help="folder of drawings of a whole canvas")
    add("--images", type=int, default=60_000, help="training images of each run")
    add("--epochs", type=int, default=4, help="epochs of each run")
    add("--seeds", type=int, default=2, help="runs of each set of labels")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for the figures")
    return parser


def table(title: str, rows: dict[str, dict[str, float]]) -> str:
    """Figures by group as Markdown."""
    lines = [f"| {title} | " + " | ".join(GROUPS) + " |", "|---|" + "---|" * len(GROUPS)]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[group]:.4f}" for group in GROUPS) + " |")
    return "\n".join(lines) + "\n"


def mean_over_seeds(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean of each group over the seeds of each set of labels."""
    names = dict.fromkeys(key.rpartition(" / ")[0] for key in found)
    return {
        name: {
            group: float(np.mean([r[group] for key, r in found.items() if key.startswith(name)]))
            for group in GROUPS
        }
        for name in names
    }


def main(args: argparse.Namespace) -> None:
    """Measure what is not measured yet, save and print."""
    path = args.metrics / "lower_case.json"
    result = json.loads(path.read_text()) if path.exists() else {"labels": {}}
    test = load_images(args.processed, "test")
    recognizer = Recognizer(find_run(args.run, args.models).weights)
    result["run"] = args.run
    result["training_images"], result["epochs"] = args.images, args.epochs
    result["frequency"] = measure_frequency(recognizer, test)
    result["size"] = measure_size(recognizer, args.drawings)
    for _ in itertools.chain([None], measure_labels(args, result["labels"], test)):
        with replacing(path) as (part,):
            save_json(result, part)
    print(table("test images, labels in training", mean_over_seeds(result["labels"])))
    frequency = {name: row for name, row in result["frequency"].items() if name != "mistakes"}
    print(table("test images, frequencies", frequency))
    print(table("drawings", result["size"]))
    print(json.dumps(result["frequency"]["mistakes"]))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
