"""Whether the fast way of training reads as well as the usual one, by the reference recipe.

    python -m studies.same_accuracy
    python -m studies.same_accuracy --model resnet34 --seeds 3 --fraction 0.25

All ways start from the same weights. "baseline" is fp32 with PyTorch's own layers and Adam; "ours"
sees the same batches in the same order, with bf16 where the processor computes in it, channels
last, fused Adam, and small maps as matrix products; "large" is the same with batches of 512 and
twice the learning rate (the square-root rule, Krizhevsky 2014, arXiv 1404.5997). Training images
are those with an exact label. The figures are the share of right answers among the `byclass` test
images, and the mean loss over the last epoch, which chance moves less; the spread between seeds
says how much.

Finished trainings are kept in data/studies/same_accuracy.json, so the study can be stopped and
started again. Prints a Markdown table. With --save: same_accuracy.json.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from benchmarks.common import TrainStep, baseline, ours
from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.compute.devices import choose_device, keep_memory
from handwriting.datasets.batches import Batches, subsample
from handwriting.datasets.prepared import PROCESSED, load_images, load_split
from handwriting.evaluation.metrics import accuracy
from handwriting.labels import FIRST_EITHER_CASE
from handwriting.training.recipes import RECIPES, changed
from models import MODELS
from studies.common import FIGURES, FINISHED, FinishedTrainings

NETWORKS = ("customcnn", "resnet34")
WAYS = {
    "baseline": RECIPES["reference"],
    "ours": RECIPES["reference"],
    "large": changed(RECIPES["reference"], {"batch_size": 512, "lr": 0.002}),
}
MEASURED = ("accuracy", "loss")


def train(train_step: TrainStep, batches: Batches, epochs: int, title: str) -> float:
    """Train for some epochs; the mean loss over the last one, in nats."""
    train_step.network.train()
    with tqdm(total=epochs * batches.num_images, unit="img", desc=title) as bar:
        for epoch in range(epochs):
            batches.set_epoch(epoch)
            total = torch.zeros(())
            for images, labels, _ in batches:
                total += train_step.step(images, labels).detach().cpu() * len(labels)
                bar.update(len(labels))
    return total.item() / batches.num_images


class Comparison:
    """Trains networks in each of WAYS on the same data.

    Args:
        args: the options.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.device = args, choose_device(args.device)
        self.data, self.test = (load_images(args.processed, part) for part in ("train", "test"))
        rows = load_split(args.processed)["train"]
        exact = rows[self.data.labels[rows] < FIRST_EITHER_CASE]
        self.rows = subsample(exact, args.fraction)

    def measure(self, model: str, way: str, seed: int) -> dict[str, Any]:
        """Test accuracy and last loss of one training."""
        torch.manual_seed(seed)
        recipe, device = WAYS[way], self.device
        step = baseline(model, device) if way == "baseline" else ours(model, device, recipe)
        batches = Batches(self.data, recipe.batch_size, device, rows=self.rows, seed=seed)
        loss = train(step, batches, self.args.epochs, f"{model}, {way}, seed {seed}")
        return {
            "precision": step.precision,
            "batch_size": recipe.batch_size,
            "accuracy": accuracy(step.network, self.test),
            "loss": loss,
        }

    def measure_all(self, model: str, finished: FinishedTrainings) -> dict[str, Any]:
        """All ways and seeds of one network, and their summary."""
        seeds = [
            {
                "seed": seed,
                "images": len(self.rows),
                **{
                    way: finished.get(
                        f"{model}, {way} / {seed}",
                        lambda way=way, seed=seed: self.measure(model, way, seed),
                    )
                    for way in WAYS
                },
            }
            for seed in range(self.args.seeds)
        ]
        return {"epochs": self.args.epochs, "seeds": seeds, "summary": summary(seeds)}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds, of the ways and of their paired differences."""
    spread = statistics.stdev if len(rows) > 1 else lambda values: 0.0
    result = {}
    for figure in MEASURED:
        columns = {name: [row[name][figure] for row in rows] for name in WAYS}
        for name in ("ours", "large"):
            pairs = zip(columns[name], columns["baseline"], strict=True)
            columns[f"{name} - baseline"] = [other - usual for other, usual in pairs]
        result[figure] = {
            name: {"mean": statistics.mean(values), "sd": spread(values)}
            for name, values in columns.items()
        }
    return result


def as_markdown(report: dict[str, Any]) -> str:
    """A table of all networks."""
    titles = list(next(iter(report.values()))["summary"][MEASURED[0]])
    lines = [f"| | {' | '.join(titles)} |", "|---" * (1 + len(titles)) + "|"]
    for model, part in report.items():
        for figure, columns in part["summary"].items():
            cells = (f"{column['mean']:.4f} ± {column['sd']:.4f}" for column in columns.values())
            lines.append(f"| {model}, {figure} | {' | '.join(cells)} |")
    return "\n".join(lines)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(
        __doc__, FIGURES, model=["customcnn"], seeds=1, epochs=1, fraction=0.002
    )
    add = parser.add_argument
    add("--model", choices=list(MODELS), nargs="+", default=list(NETWORKS), help="networks")
    add("--seeds", type=int, default=3, help="trainings of each network in each way")
    add("--epochs", type=int, default=2, help="times through the training images")
    add("--fraction", type=float, default=0.25, help="part of the training images to use")
    add("--device", default="auto", help="auto, cuda, cuda:N or cpu")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train what is not trained yet; print a table and one JSON object."""
    keep_memory()
    comparison = Comparison(args)
    settings = {
        "archive": comparison.data.fingerprint[:8],
        "images": len(comparison.rows),
        "epochs": args.epochs,
    }
    finished = FinishedTrainings(None if args.quick else FINISHED / "same_accuracy.json", settings)
    report = {model: comparison.measure_all(model, finished) for model in args.model}
    print(as_markdown(report))
    print(json.dumps(report))
    save_measured(args, "same_accuracy.json", report)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
