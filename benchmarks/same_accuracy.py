"""Whether the fast way of training reads as well as the plain one, by the reference recipe.

    python benchmarks/same_accuracy.py [--model resnet34] [--seeds 3] [--fraction 0.25]

All ways start from the same weights. "plain" is fp32 with torchvision's layers and PyTorch's Adam;
"ours" sees the same batches in the same order, with bf16 where the processor computes in it,
channels last, fused Adam, and small maps as matrix products; "large" is the same with batches of
512 and twice the learning rate (the square-root rule, Krizhevsky 2014, arXiv 1404.5997). Training
images are those with an exact label. The figures are the share of right answers among the `byclass`
test images, and the mean loss over the last epoch, which chance moves less; the spread between
seeds says how much.

Writes metrics/same_accuracy.json after each seed, and prints a table.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from training_ways import PROJECT, Way, accuracy, our_way, usual_way

from handwriting.datasets.batches import Batches
from handwriting.compute.devices import choose_device, keep_memory
from handwriting.errors import run_script
from handwriting.files import replacing, save_json
from handwriting.labels import FIRST_PAIR
from handwriting.datasets.prepared import PROCESSED, load_images, load_split
from handwriting.training.recipes import RECIPES, changed
from model_training import some_rows
from models import MODELS

REPORT = PROJECT / "metrics" / "same_accuracy.json"
NETWORKS = ("customcnn", "resnet34")
WAYS = {
    "plain": RECIPES["reference"],
    "ours": RECIPES["reference"],
    "large": changed(RECIPES["reference"], {"batch_size": 512, "lr": 0.002}),
}
FIGURES = ("accuracy", "loss")


def train(way: Way, batches: Batches, epochs: int, title: str) -> float:
    """Train for some epochs; the mean loss over the last one, in nats."""
    way.network.train()
    with tqdm(total=epochs * batches.num_images, unit="img", desc=title) as bar:
        for epoch in range(epochs):
            batches.set_epoch(epoch)
            total = torch.zeros(())
            for images, labels in batches:
                total += way.step(images, labels).detach().cpu() * len(labels)
                bar.update(len(labels))
    return total.item() / batches.num_images


def measure(model: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Test accuracy and last loss of each way with one seed."""
    device = choose_device(args.device)
    data, test = load_images(args.processed, "train"), load_images(args.processed, "test")
    rows = load_split(args.processed)["train"]
    rows = some_rows(rows[data.labels[rows] < FIRST_PAIR], args.fraction)
    figures: dict[str, Any] = {"seed": seed, "images": len(rows)}
    for name, recipe in WAYS.items():
        torch.manual_seed(seed)
        way = usual_way(model, device) if name == "plain" else our_way(model, device, recipe)
        batches = Batches(data.images, data.labels, recipe.batch_size, device, rows, seed)
        loss = train(way, batches, args.epochs, f"{model}, {name}, seed {seed}")
        figures[name] = {
            "precision": way.precision,
            "batch_size": recipe.batch_size,
            "accuracy": accuracy(way.network, test),
            "loss": loss,
        }
    return figures


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds, of the ways and of their paired differences."""
    spread = statistics.stdev if len(rows) > 1 else lambda values: 0.0
    result = {}
    for figure in FIGURES:
        columns = {name: [row[name][figure] for row in rows] for name in WAYS}
        for name in ("ours", "large"):
            pairs = zip(columns[name], columns["plain"], strict=True)
            columns[f"{name} - plain"] = [other - plain for other, plain in pairs]
        result[figure] = {
            name: {"mean": statistics.mean(values), "sd": spread(values)}
            for name, values in columns.items()
        }
    return result


def as_markdown(report: dict[str, Any]) -> str:
    """A table of all networks."""
    titles = list(next(iter(report.values()))["summary"][FIGURES[0]])
    lines = [f"| | {' | '.join(titles)} |", "|---" * (1 + len(titles)) + "|"]
    for model, part in report.items():
        for figure, columns in part["summary"].items():
            cells = (f"{column['mean']:.4f} ± {column['sd']:.4f}" for column in columns.values())
            lines.append(f"| {model}, {figure} | {' | '.join(cells)} |")
    return "\n".join(lines)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--model", choices=list(MODELS), nargs="+", default=list(NETWORKS), help="networks")
    add("--seeds", type=int, default=3, help="trainings of each network in each way")
    add("--epochs", type=int, default=2, help="times through the training images")
    add("--fraction", type=float, default=0.25, help="part of the training images to use")
    add("--device", default="auto", help="auto, cuda, cuda:N or cpu")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--out", type=Path, default=REPORT, help="file to write")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train all; save after each seed. A network measured alone replaces only its part."""
    keep_memory()
    report = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else {}
    report |= {model: {"epochs": args.epochs, "seeds": []} for model in args.model}
    for seed in range(args.seeds):
        for model in args.model:
            part = report[model]
            part["seeds"].append(measure(model, seed, args))
            part["summary"] = summary(part["seeds"])
        with replacing(args.out) as (path,):
            save_json(report, path)
    print(as_markdown(report))
    print(json.dumps(report))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
