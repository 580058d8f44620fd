"""What each part of the modern recipe is worth: short runs with one part changed at a time.

    python benchmarks/ablations.py [--pictures ../shared/drawings ../shared/photographs]

Each variant trains CompactCNN on a part of the training images, once per seed, and is measured on
validation images, and on folders of labelled pictures where given (characters equally frequent).
The part is small and seen several times, as all images are in a long run: what only speeds up the
first sight of an image would otherwise look better than it is. Finished runs are kept in
benchmarks/ablations.json, so the script can be stopped and started again; the table is
benchmarks/ablations.md.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from handwriting.training.calibration import class_frequencies
from handwriting.errors import run_script
from handwriting.files import replacing, save_json
from handwriting.datasets.external import load_labelled
from handwriting.labels import FIRST_PAIR
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images, load_split
from handwriting.recognition.recognizer import scores_of
from model_training import some_rows, train, unsaved_run

RESULTS = Path(__file__).with_suffix(".json")
TABLE = Path(__file__).with_suffix(".md")

STILL = dict.fromkeys(("rotation", "scale", "shear", "shift", "elastic", "stroke"), 0.0)
VARIANTS: dict[str, dict[str, Any]] = {
    "modern recipe": {},
    "Adam without weight decay": {"optimizer": "Adam"},
    "exponential schedule, lr 0.001": {"schedule": "exponential", "lr": 0.001},
    "no averaging of weights": {"averaging": 0.0},
    "exact labels only": {},
    "no augmentation": {"augmentation": STILL},
    "no rotation, scale, shear, shift": {
        "augmentation": dict.fromkeys(("rotation", "scale", "shear", "shift"), 0.0)
    },
    "no elastic change": {"augmentation": {"elastic": 0.0}},
    "no change of stroke": {"augmentation": {"stroke": 0.0}},
    "with gaps": {"augmentation": {"gaps": 0.2}},
    "with noise": {"augmentation": {"noise": 0.05}},
}
EXACT_ONLY = "exact labels only"


def measure(
    name: str,
    seed: int,
    args: argparse.Namespace,
    data: LabelledImages,
    split: dict[str, torch.Tensor],
    others: dict[str, LabelledImages],
) -> dict[str, float]:
    """Train one variant with one seed and measure it."""
    rows = split["train"]
    if name == EXACT_ONLY:
        rows = rows[data.labels[rows] < FIRST_PAIR]
    validation = some_rows(split["validation"], min(1, args.images / len(split["validation"])))
    start = time.perf_counter()
    values = VARIANTS[name] | {"epochs": args.epochs}
    run = unsaved_run("compactcnn", values, rows, fraction=args.images / len(rows), seed=seed)
    last = list(train(run, data, validation))[-1]
    result = {"validation": last["val_accuracy"], "val_loss": last["val_loss"]}
    result["seconds"] = round(time.perf_counter() - start)
    network = run.best_network
    frequencies = class_frequencies(scores_of(network, data.images[validation]), 1.0)
    prior = torch.tensor(frequencies).log()
    for other, pictures in others.items():
        answers = (scores_of(network, pictures.images) - prior).argmax(dim=1)
        result[other] = (answers == pictures.labels).float().mean().item()
    return result


def write_table(results: dict[str, dict[str, float]], args: argparse.Namespace) -> None:
    """Mean and spread of each variant over its seeds, as Markdown."""
    columns = [key for key in next(iter(results.values())) if key != "seconds"]
    lines = [
        "# What each part of the modern recipe is worth",
        "",
        f"CompactCNN, {args.images:,} training images seen {args.epochs} times, "
        f"{args.seeds} seeds: mean, and half the distance between the best and the worst seed. "
        "`validation` are validation images of EMNIST (accuracy; a letter known in either case "
        "counts for both), `val_loss` their loss in nats; folders are read with all characters "
        "equally frequent and without their size. Made by `benchmarks/ablations.py`.",
        "",
        "| variant | " + " | ".join(columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for name in VARIANTS:
        rows = [row for key, row in results.items() if key.rpartition(" / ")[0] == name]
        if rows:
            cells = [_mean_and_spread([row[column] for row in rows]) for column in columns]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    with replacing(TABLE) as (part,):
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _mean_and_spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.4f} ± {(max(values) - min(values)) / 2:.4f}"


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--pictures", type=Path, nargs="*", default=[], help="folders with a labels.csv")
    add("--images", type=int, default=16_000, help="training images of each run")
    add("--epochs", type=int, default=4, help="epochs of each run")
    add("--seeds", type=int, default=2, help="runs of each variant")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train what is not measured yet; write the table after each run."""
    data, split = load_images(args.processed, "train"), load_split(args.processed)
    others = {folder.name: load_labelled(folder).images for folder in args.pictures}
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for seed in range(args.seeds):
        for name in VARIANTS:
            key = f"{name} / {seed}"
            if key not in results:
                results[key] = measure(name, seed, args, data, split, others)
                with replacing(RESULTS) as (part,):
                    save_json(results, part)
                print(key, results[key], flush=True)
            write_table(results, args)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
