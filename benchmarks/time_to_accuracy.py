"""Training time of CompactCNN to the final accuracy of CustomCNN.

    python -m benchmarks.time_to_accuracy CUSTOMCNN_RUN

CompactCNN is trained by benchmarks/quick_recipe.json, once per seed, and evaluated on the `byclass`
test images. Its time includes training and the adaptation to `byclass`'s class prior, without
start-up. CustomCNN is not trained again. Its median images per second are measured in the same run,
with this project's training and the baseline's (`benchmarks.training`). Its time follows from the
images of its epochs: those of RUN, and the 20 of the reference recipe. With --save:
time_to_accuracy.json.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import training
from benchmarks.common import FIGURES
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import subsample
from handwriting.datasets.prepared import PROCESSED, load_images, load_manifest, load_split
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import accuracy
from handwriting.runs import (
    METRICS_FOLDER,
    MODELS_FOLDER,
    accuracy_on_test_set,
    find_run,
    load_weights,
)
from handwriting.training.calibration import fit_calibration
from handwriting.training.recipes import REFERENCE_EPOCHS, read_params
from handwriting.training.run import unsaved_run
from model_training import train
from models import predict_logits

QUICK_RECIPE = Path(__file__).with_name("quick_recipe.json")
_VALIDATED = 1000
_WAYS = ("ours", "baseline")


def find_goal(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """The accuracy of the target run, and its epochs.

    Raises:
        HandwritingError: the run was not evaluated, or its epochs are unknown.
    """
    run = find_run(args.run, args.models, args.metrics)
    goal = accuracy_on_test_set(run)
    epochs = load_weights(run.weights).get("hyperparameters", {}).get("epochs")
    if goal is None or epochs is None:
        raise HandwritingError(
            f"{run.name} has no accuracy on the test set, or no epochs. Run "
            f"'python model_evaluation.py {run.name}' first (stage 4)."
        )
    return {"run": run.name, "test_accuracy": goal}, epochs


def train_quickly(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Seconds of training and test accuracy of CompactCNN by the quick recipe."""
    data, test = load_images(args.processed, "train"), load_images(args.processed, "test")
    split = load_split(args.processed)
    run = unsaved_run(
        "compactcnn", read_params(args.params), split["train"], fraction=args.fraction, seed=seed
    )
    epochs = list(train(run, data, split["validation"][:_VALIDATED]))
    network = run.final_network
    as_trained = accuracy(network, test)
    start = time.perf_counter()
    validation = data.subset(split["validation"])
    counts = load_manifest(args.processed)["byclass_class_counts"].values()
    logits = predict_logits(network, validation.images)
    fit_calibration(network, logits, validation.labels.long(), list(counts))
    seconds = sum(row["seconds"] for row in epochs) + time.perf_counter() - start
    return {
        "seed": seed,
        "epochs": len(epochs),
        "seconds": round(seconds, 1),
        "test_accuracy_as_trained": as_trained,
        "test_accuracy": accuracy(network, test),
    }


def measure_speed(args: argparse.Namespace) -> dict[str, float]:
    """Images per second of CustomCNN in training, with this project's training and the
    baseline's."""
    options = ["--repeats", str(args.repeats), "--steps", str(args.steps)]
    options = [*["--quick"] * args.quick, "--model", "customcnn", *options]
    with tempfile.TemporaryDirectory() as folder:
        found = training.measure(training.get_args_parser().parse_args(options), Path(folder))
    return {way: found[f"{way}_images_per_second"] for way in _WAYS}


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Measure both networks alternately, with the ratios of their times."""
    goal, trained_epochs = find_goal(args)
    speed = measure_speed(args)
    quick = [train_quickly(args, seed) for seed in range(args.seeds)]
    seconds = statistics.median(row["seconds"] for row in quick)
    images = len(subsample(load_split(args.processed)["train"], args.fraction))
    epochs = {"as_trained": trained_epochs, "reference_recipe": REFERENCE_EPOCHS["customcnn"]}
    custom = {
        f"{way}, {name}": count * images / speed[way]
        for way in _WAYS
        for name, count in epochs.items()
    }
    return {
        "goal": goal,
        "compactcnn": quick,
        "customcnn_images_per_second": speed,
        "customcnn_epochs": epochs,
        "customcnn_seconds": {name: round(value) for name, value in custom.items()},
        "ratios": {name: round(value / seconds, 1) for name, value in custom.items()},
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, seeds=1, fraction=0.004, repeats=1, steps=1)
    add = parser.add_argument
    add("run", metavar="CUSTOMCNN_RUN", help="run with the target test accuracy")
    add("--params", type=Path, default=QUICK_RECIPE, help="changes to the modern recipe")
    add("--seeds", type=int, default=3, help="trainings of CompactCNN")
    add("--fraction", type=float, default=1.0, help="fraction of the training images")
    add("--repeats", type=int, default=5, help="repetitions of each speed measurement")
    add("--steps", type=int, default=30, help="steps per repetition")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder with the run's metrics")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    keep_memory()
    result = measure(args)
    report_measured(args, "time_to_accuracy.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
