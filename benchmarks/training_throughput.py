"""Images per second in training: this project's way against the usual way, in the same run.

    python benchmarks/training_throughput.py [--quick] [--model resnet34] [--batch-size 512]

The usual way: torchvision's dataset with PIL and ToTensor per sample, ConcatDataset, DataLoader
with 2 workers, fp32, plain Adam, torchvision's own layers. Ours: as model_training.py trains by the
reference recipe. Both train the same network on the same generated archive at the same batch size,
each in a process of its own (how memory is kept concerns a whole process); the turns alternate, and
the medians of the repetitions count. No accuracy is measured here.

Writes metrics/benchmark_training_<model>.json, for another batch size than 128
metrics/benchmark_training_<model>_batch<size>.json.
"""

import argparse
import itertools
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch.utils.data import ConcatDataset, DataLoader
from training_ways import PROJECT, WARM_UP, Way, our_way, usual_way

from handwriting.emnist.archive import read_archive
from handwriting.datasets.batches import Batches
from handwriting.compute.devices import choose_device, choose_precision, keep_memory
from handwriting.files import replacing, save_json
from handwriting.training.recipes import RECIPES
from handwriting.synthesis.emnist_archive import draw_characters, write_archive
from handwriting.emnist.torchvision_compat import ToTensor
from models import MODELS

IMAGES = 2_000
WORKERS = 2


def endless(loader) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batch after batch, epoch after epoch, full ones only."""
    while True:
        for images, labels in loader:
            if len(labels) == loader.batch_size:
                yield images, labels


class Fed:
    """A way of training and what feeds it."""

    def __init__(self, way: Way, loader: Iterable, device: torch.device) -> None:
        self.way, self.batches, self.device = way, endless(loader), device

    def steps(self, count: int) -> None:
        """Train on ``count`` batches."""
        for images, labels in itertools.islice(self.batches, count):
            loss = self.way.step(images.to(self.device), labels.to(self.device))
        loss.item()

    def feed(self, count: int) -> None:
        """Cut and move ``count`` batches without training."""
        for images, _ in itertools.islice(self.batches, count):
            images[0, 0, 0, 0].item()


def fed_the_usual_way(datasets: list, model: str, batch_size: int, device: torch.device) -> Fed:
    """Per-sample loading and plain fp32 training."""
    for dataset in datasets:
        dataset.transform = ToTensor()
    loader = DataLoader(ConcatDataset(datasets), batch_size, shuffle=True, num_workers=WORKERS)
    return Fed(usual_way(model, device), loader, device)


def fed_our_way(datasets: list, model: str, batch_size: int, device: torch.device) -> Fed:
    """The loop of model_training.py without its bar and files."""
    keep_memory()
    images = torch.cat([dataset.data for dataset in datasets])
    labels = torch.cat([dataset.targets for dataset in datasets])
    loader = Batches(images, labels, batch_size, device, seed=1)
    return Fed(our_way(model, device, RECIPES["reference"]), loader, device)


_fed: Fed
"""What this process trains, in the processes of :func:`in_own_process`."""


def in_own_process(
    make: Callable[..., Fed], folder: Path, args: argparse.Namespace
) -> ProcessPoolExecutor:
    """A process that has made one of the ways ready."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, context, initializer=_make_ready, initargs=(make, folder, args))


def _make_ready(make: Callable[..., Fed], folder: Path, args: argparse.Namespace) -> None:
    global _fed
    torch.manual_seed(0)
    device = choose_device(args.device)
    _fed = make(read_archive(folder)[0], args.model, args.batch_size, device)


def images_per_second(work: str, count: int, batch_size: int) -> float:
    """Speed of one call of this process's way, by the method's name."""
    start = time.perf_counter()
    getattr(_fed, work)(count)
    return count * batch_size / (time.perf_counter() - start)


def measure(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Medians of both ways, their ratio, and the speed of feeding alone."""
    device = choose_device(args.device)
    write_archive(folder, *draw_characters(IMAGES, seed=0), seed=0)
    speeds: dict[str, list[float]] = {"usual": [], "ours": [], "feeding": []}
    with (
        in_own_process(fed_the_usual_way, folder, args) as usual,
        in_own_process(fed_our_way, folder, args) as ours,
    ):
        works = {"usual": (usual, "steps"), "ours": (ours, "steps"), "feeding": (ours, "feed")}
        for turn in range(args.repeats + 1):
            for name, (process, work) in works.items():
                count = args.steps * (10 if name == "feeding" else 1)
                count = count if turn else WARM_UP
                speed = process.submit(images_per_second, work, count, args.batch_size).result()
                if turn:
                    speeds[name].append(speed)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    return {
        "model": args.model,
        "device": device.type,
        "precision": choose_precision("auto", device),
        "threads": torch.get_num_threads(),
        "batch_size": args.batch_size,
        "repeats": args.repeats,
        **{f"{name}_images_per_second": round(value, 1) for name, value in medians.items()},
        "usual_spread": [round(min(speeds["usual"]), 1), round(max(speeds["usual"]), 1)],
        "ours_spread": [round(min(speeds["ours"]), 1), round(max(speeds["ours"]), 1)],
        "ratio": round(medians["ours"] / medians["usual"], 2),
        "feeding_ratio": round(medians["feeding"] / medians["ours"], 1),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--model", choices=list(MODELS), default="customcnn", help="network")
    parser.add_argument("--batch-size", type=int, default=128, help="images per step")
    parser.add_argument("--steps", type=int, default=30, help="steps in each repetition")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of each way")
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N or cpu")
    parser.add_argument("--quick", action="store_true", help="8 steps, 3 repetitions")
    parser.add_argument(
        "--metrics", type=Path, default=PROJECT / "metrics", help="folder to write to"
    )
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, print a table and one JSON object."""
    if args.quick:
        args.steps, args.repeats = 8, 3
    with tempfile.TemporaryDirectory() as folder:
        result = measure(args, Path(folder))
    print(f"{args.model}, batch {args.batch_size}, {result['device']}, {result['threads']} threads")
    print(f"{'':24}{'images/s':>10}")
    for name, title in (
        ("usual", "usual way, fp32"),
        ("ours", f"this project, {result['precision']}"),
        ("feeding", "feeding alone"),
    ):
        print(f"{title:24}{result[f'{name}_images_per_second']:>10,.0f}")
    print(f"ratio {result['ratio']}, feeding over training {result['feeding_ratio']}")
    print(json.dumps(result))
    size = "" if args.batch_size == 128 else f"_batch{args.batch_size}"
    with replacing(args.metrics / f"benchmark_training_{args.model}{size}.json") as (part,):
        save_json(result, part)


if __name__ == "__main__":
    main(get_args_parser().parse_args())
