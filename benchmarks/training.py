"""Images per second in training: this project against the baseline, in the same run.

    python -m benchmarks.training --model resnet34 --batch-size 512

The baseline is one PIL image at a time through a DataLoader: torchvision's dataset with ToTensor,
ConcatDataset, 2 workers, fp32, plain Adam, PyTorch's own layers. Ours is model_training.py with the
reference recipe. Both train the same network on the same generated archive at the same batch size.
They alternate in separate processes, because memory settings affect a whole process. Results are
medians of the repetitions. No accuracy is measured.

With --save: training_<model>.json, for another batch size than 128
training_<model>_batch<size>.json.
"""

import argparse
import itertools
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import ConcatDataset, DataLoader

from benchmarks.common import FIGURES, WARM_UP, TrainStep, baseline, ours
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import DEVICE_HELP, choose_device, choose_precision, keep_memory
from handwriting.datasets.batches import Batches
from handwriting.datasets.prepared import LabelledImages
from handwriting.emnist.archive import ArchiveSplit, read_archive
from handwriting.emnist.torchvision_compat import ToTensor
from handwriting.errors import HandwritingError
from handwriting.synthesis.emnist_archive import draw_characters, write_archive
from handwriting.training.recipes import RECIPES
from models import MODELS

WORKERS = 2
_USUAL_BATCH = 128


def full_batches(loader: Iterable) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Images and labels in full batches, over endless epochs."""
    while True:
        for images, labels, *_ in loader:
            if len(labels) == loader.batch_size:
                yield images, labels


class Fed:
    """A training procedure and its data."""

    def __init__(self, train_step: TrainStep, loader: Iterable, device: torch.device) -> None:
        self.train_step, self.batches, self.device = train_step, full_batches(loader), device

    def train(self, count: int) -> None:
        """Train on ``count`` batches."""
        for images, labels in itertools.islice(self.batches, count):
            loss = self.train_step.step(images.to(self.device), labels.to(self.device))
        loss.item()


def feed_baseline(
    datasets: list[ArchiveSplit], model: str, batch_size: int, device: torch.device
) -> Fed:
    """Per-sample loading and plain fp32 training."""
    for dataset in datasets:
        dataset.transform = ToTensor()
    # Workers are forked where possible, as from a plain script, and persist, because the epochs
    # here are short.
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    loader = DataLoader(
        ConcatDataset(datasets),
        batch_size,
        shuffle=True,
        num_workers=WORKERS,
        multiprocessing_context="fork" if can_fork else None,
        persistent_workers=True,
    )
    return Fed(baseline(model, device), loader, device)


def feed_ours(
    datasets: list[ArchiveSplit], model: str, batch_size: int, device: torch.device
) -> Fed:
    """The loop of model_training.py without progress bar and files."""
    keep_memory()
    data = LabelledImages(
        torch.cat([dataset.data for dataset in datasets]),
        torch.cat([dataset.targets for dataset in datasets]),
    )
    return Fed(
        ours(model, device, RECIPES["reference"]), Batches(data, batch_size, device, seed=1), device
    )


_fed: Fed
"""The training of this process, in processes of :func:`in_own_process`."""


def in_own_process(
    make: Callable[..., Fed], folder: Path, args: argparse.Namespace
) -> ProcessPoolExecutor:
    """A process with one of the trainings set up."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, context, initializer=_make_ready, initargs=(make, folder, args))


def _make_ready(make: Callable[..., Fed], folder: Path, args: argparse.Namespace) -> None:
    global _fed
    torch.manual_seed(0)
    device = choose_device(args.device)
    _fed = make(read_archive(folder)[0], args.model, args.batch_size, device)


def images_per_second(count: int, batch_size: int) -> float:
    """Speed of this process's training."""
    start = time.perf_counter()
    _fed.train(count)
    return count * batch_size / (time.perf_counter() - start)


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Medians of both trainings, and their ratio.

    Args:
        args: the options.
        folder: for the generated archive.
    """
    device = choose_device(args.device)
    if args.batch_size > args.images:
        raise HandwritingError("--batch-size must not be larger than --images.")
    write_archive(folder, *draw_characters(args.images, seed=0), seed=0)
    speeds: dict[str, list[float]] = {"baseline": [], "ours": []}
    with (
        in_own_process(feed_baseline, folder, args) as usual,
        in_own_process(feed_ours, folder, args) as own,
    ):
        processes = {"baseline": usual, "ours": own}
        for turn in range(args.repeats + 1):
            for name, process in processes.items():
                count = args.steps if turn else WARM_UP
                speed = process.submit(images_per_second, count, args.batch_size).result()
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
        **{f"{n}_spread": [round(f(v), 1) for f in (min, max)] for n, v in speeds.items()},
        "ratio": round(medians["ours"] / medians["baseline"], 2),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, steps=2, repeats=1, images=300, batch_size=16)
    add = parser.add_argument
    add("--model", choices=list(MODELS), default="customcnn", help="network")
    add("--batch-size", type=int, default=_USUAL_BATCH, help="images per step")
    add("--steps", type=int, default=30, help="steps in each repetition")
    add("--repeats", type=int, default=5, help="repetitions per training")
    add("--images", type=int, default=2_000, help="images of the generated archive")
    add("--device", default="auto", help=DEVICE_HELP)
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        result = measure(args, Path(folder))
    size = "" if args.batch_size == _USUAL_BATCH else f"_batch{args.batch_size}"
    report_measured(args, f"training_{args.model}{size}.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
