"""How long CompactCNN trains until it reads as well as CustomCNN does at its end.

    python benchmarks/time_to_accuracy.py CUSTOMCNN_RUN

CompactCNN is trained by benchmarks/quick_recipe.json, once per seed, and measured on the `byclass`
test images; its seconds are those of training and of the last step, moving it to `byclass`'s class
frequencies, without start-up. What CustomCNN takes is not trained again: its images per second are
measured in the same run, fed by this project and the usual way (`training_throughput.py`), medians,
and multiplied by the images of its epochs: those that RUN was trained for, and the 20 of the
reference recipe. Writes metrics/time_to_accuracy.json.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import training_throughput
from training_ways import accuracy

sys.path.insert(0, str(Path(__file__).parent.parent))

from handwriting.training.calibration import fit_calibration
from handwriting.compute.devices import keep_memory
from handwriting.errors import run_script
from handwriting.files import replacing, save_json
from handwriting.datasets.prepared import PROCESSED, load_images, load_manifest, load_split
from handwriting.training.recipes import read_params
from handwriting.recognition.recognizer import Recognizer, scores_of
from handwriting.runs import METRICS_FOLDER, MODELS_FOLDER, find_run
from model_training import train, unsaved_run
from models import REFERENCE_EPOCHS

QUICK = Path(__file__).with_name("quick_recipe.json")
_VALIDATED = 1000


def train_quickly(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Seconds of training and test accuracy of CompactCNN by the quick recipe."""
    data, split = load_images(args.processed, "train"), load_split(args.processed)
    test = load_images(args.processed, "test")
    run = unsaved_run("compactcnn", read_params(args.params), split["train"], seed=seed)
    rows = list(train(run, data, split["validation"][:_VALIDATED]))
    network, validation = run.best_network, split["validation"]
    as_trained = accuracy(network, test)
    start = time.perf_counter()
    scores, labels = scores_of(network, data.images[validation]), data.labels[validation].long()
    counts = load_manifest(args.processed)["byclass_class_counts"].values()
    fit_calibration(network, scores, labels, list(counts))
    seconds = sum(row["seconds"] for row in rows) + time.perf_counter() - start
    return {
        "seed": seed,
        "epochs": len(rows),
        "seconds": round(seconds, 1),
        "test_accuracy_as_trained": as_trained,
        "test_accuracy": accuracy(network, test),
    }


def throughput(repeats: int, steps: int) -> dict[str, Any]:
    """Images per second of CustomCNN in training, in both ways."""
    options = ["--model", "customcnn", "--repeats", str(repeats), "--steps", str(steps)]
    with tempfile.TemporaryDirectory() as folder:
        return training_throughput.measure(
            training_throughput.get_args_parser().parse_args(options), Path(folder)
        )


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Both networks, in turns, and the ratios of their times."""
    goal = Recognizer(find_run(args.run, args.models).weights).content
    test = json.loads(find_run(args.run, args.models).metric("metrics.json").read_text())
    speed = throughput(args.repeats, args.steps)
    quick = [train_quickly(args, seed) for seed in range(args.seeds)]
    seconds = statistics.median(row["seconds"] for row in quick)
    images = len(load_split(args.processed)["train"])
    epochs = {"as_trained": goal["hyperparameters"]["epochs"],
              "reference_recipe": REFERENCE_EPOCHS["customcnn"]}  # fmt: skip
    custom = {
        f"{way}, {name}": count * images / speed[f"{way}_images_per_second"]
        for way in ("ours", "usual")
        for name, count in epochs.items()
    }
    return {
        "goal": {"run": args.run, "test_accuracy": test["accuracy"]},
        "compactcnn": quick,
        "customcnn_images_per_second": {way: speed[f"{way}_images_per_second"]
                                        for way in ("ours", "usual")},
        "customcnn_epochs": epochs,
        "customcnn_seconds": {name: round(value) for name, value in custom.items()},
        "ratios": {name: round(value / seconds, 1) for name, value in custom.items()},
    }  # fmt: skip


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("run", metavar="CUSTOMCNN_RUN", help="run whose accuracy on the test set is the goal")
    add("--params", type=Path, default=QUICK, help="changes to the modern recipe")
    add("--seeds", type=int, default=3, help="trainings of CompactCNN")
    add("--repeats", type=int, default=5, help="repetitions of each measurement of speed")
    add("--steps", type=int, default=30, help="steps in each repetition")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for the figures")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, save and print."""
    keep_memory()
    result = measure(args)
    with replacing(args.metrics / "time_to_accuracy.json") as (part,):
        save_json(result, part)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
