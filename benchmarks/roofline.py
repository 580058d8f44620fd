"""How near the networks come to what this machine can do, and where a training step's time goes.

    python benchmarks/roofline.py [--model compactcnn] [--batch-size 128]

Measures the ceilings (a large bf16 matrix product, a large copy), counts the operations and the
bytes of a training step and of reading, and times both. The attainable speed is the lower of the
two ceilings (Williams et al. 2009, doi 10.1145/1498765.1498785): operations at the speed of the
matrix product, or bytes at the speed of the copy, each operator's inputs and outcomes counted as
if none stayed in the cache. Each step is measured twice, in processes of their own: "before" with
freed memory given back to the system and with torchvision's convolutions, "after" as
model_training.py trains.

Writes metrics/benchmark_roofline.json (a network measured alone replaces only its own part) and
prints Markdown tables. Other work on the machine spoils the figures.
"""

import argparse
import itertools
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

PROJECT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT))

from characters.batches import Batches, normalise
from characters.devices import autocast, choose_device, choose_precision, keep_memory
from characters.files import replacing, save_json
from characters.labels import NUM_CLASSES
from characters.losses import LabelSetLoss
from characters.recipes import RECIPES, make_average, make_optimizer
from models import MODELS, RECIPE_NAMES

REPORT = PROJECT / "metrics" / "benchmark_roofline.json"
MATRIX_SIDE = 4096
COPIED_BYTES = 2**28
READ_AT_ONCE = 500
OPERATORS = 8
WARM_UP = 3


class ByteCounter(TorchDispatchMode):
    """Adds up in ``bytes`` what operators read and write, each tensor once per operator."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Call the operator and count its tensors, unless it only looks at them differently."""
        outcome = func(*args, **(kwargs or {}))
        given, made = (
            [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
            for tree in ((args, kwargs), outcome)
        )
        places = {tensor.untyped_storage().data_ptr() for tensor in given}
        is_view = made and all(t.untyped_storage().data_ptr() in places for t in made)
        if func._schema.is_mutable or not is_view:
            self.bytes += sum(tensor.nbytes for tensor in (*given, *made))
        return outcome


class Training:
    """The steps of model_training.py on random pictures, by the network's own recipe."""

    def __init__(self, model: str, batch_size: int, device: torch.device) -> None:
        torch.manual_seed(0)
        recipe = RECIPES[RECIPE_NAMES[model]]
        images = torch.randint(0, 256, (8 * batch_size, 28, 28), dtype=torch.uint8)
        labels = torch.randint(0, NUM_CLASSES, (8 * batch_size,))
        self.batches = Batches(
            images, labels, batch_size, device, seed=1, augmentation=recipe.augmentation
        )
        self.device, self.precision = device, choose_precision("auto", device)
        self.network = MODELS[model]().to(device, memory_format=torch.channels_last)
        self.loss_fn = LabelSetLoss().to(device)
        self.optimizer = make_optimizer(recipe, self.network)
        self.average = make_average(recipe, self.network) if recipe.averaging else None
        self.source = iter(self.batches)

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The next batch, augmented as the recipe wants it."""
        try:
            return next(self.source)
        except StopIteration:
            self.source = iter(self.batches)
            return next(self.source)

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
        """Train on one batch; the seconds of its parts."""
        times = [time.perf_counter()]
        with autocast(self.device, self.precision):
            scores = self.network(images)
        loss = self.loss_fn(scores.float(), labels)
        times.append(time.perf_counter())
        self.optimizer.zero_grad()
        loss.backward()
        times.append(time.perf_counter())
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.network)
        loss.item()
        times.append(time.perf_counter())
        forward, backward, update = (b - a for a, b in itertools.pairwise(times))
        return {"forward": forward, "backward": backward, "step": update}


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time of a call, after one that does not count."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ceilings(repeats: int) -> dict[str, float]:
    """bf16 operations per second of a matrix product, and bytes per second of a copy."""
    left, right = (torch.randn(MATRIX_SIDE, MATRIX_SIDE).bfloat16() for _ in range(2))
    source = torch.ones(COPIED_BYTES, dtype=torch.uint8)
    target = torch.empty_like(source)
    product = median_seconds(lambda: left @ right, repeats)
    copy = median_seconds(lambda: target.copy_(source), repeats)
    return {
        "bf16_operations_per_second": 2 * MATRIX_SIDE**3 / product,
        "bytes_per_second": 2 * COPIED_BYTES / copy,
    }


def counted(work: Callable[[], object], images: int) -> dict[str, float]:
    """Operations and bytes per image of some work on so many images."""
    with FlopCounterMode(display=False) as operations:
        work()
    with ByteCounter() as traffic:
        work()
    return {
        "operations_per_image": operations.get_total_flops() / images,
        "bytes_per_image": traffic.bytes / images,
    }


def with_attainable(figures: dict[str, Any], limits: dict[str, float]) -> dict[str, Any]:
    """The figures with the attainable images per second and the fraction of it reached."""
    by_operations = limits["bf16_operations_per_second"] / figures["operations_per_image"]
    by_bytes = limits["bytes_per_second"] / figures["bytes_per_image"]
    attainable = min(by_operations, by_bytes)
    return figures | {
        "limit": "operations" if by_operations < by_bytes else "bytes",
        "attainable_images_per_second": attainable,
        "fraction_of_attainable": figures["images_per_second"] / attainable,
        "fraction_of_operations_ceiling": figures["images_per_second"] / by_operations,
    }


def operator_shares(training: Training, steps: int) -> dict[str, float]:
    """Milliseconds per step of each operator, most first."""
    batches = [training.batch() for _ in range(steps)]
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for batch in batches:
            training.step(*batch)
    times = {e.key: e.self_cpu_time_total / 1000 / steps for e in profiler.key_averages()}
    return dict(sorted(times.items(), key=lambda item: -item[1]))


def training_figures(model: str, batch_size: int, steps: int, before: bool) -> dict[str, Any]:
    """Speed and profile of training steps; ``before`` what this project gained.

    To be called in a process of its own: memory that is kept stays kept.
    """
    training = Training(model, batch_size, choose_device("auto"))
    if before:
        for layer in training.network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.__class__ = nn.Conv2d
    else:
        keep_memory()
    for _ in range(WARM_UP):
        training.step(*training.batch())
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    parts, feeding = [], []
    for _ in range(steps):
        start = time.perf_counter()
        batch = training.batch()
        feeding.append(time.perf_counter() - start)
        parts.append(training.step(*batch))
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    whole = statistics.median(sum(part.values()) for part in parts)
    medians = {name: 1000 * statistics.median(p[name] for p in parts) for name in parts[0]}
    batch = training.batch()
    return {
        "batch_size": batch_size,
        "precision": training.precision,
        "images_per_second": batch_size / whole,
        "milliseconds": medians | {"batch and augmentation": 1000 * statistics.median(feeding)},
        "feeding_share_of_step": statistics.median(feeding) / (whole + statistics.median(feeding)),
        "page_faults_per_step": faults / steps,
        "operators_milliseconds": operator_shares(training, 3),
        **counted(lambda: training.step(*batch), batch_size),
    }


@torch.inference_mode()
def reading_figures(model: str, repeats: int) -> dict[str, Any]:
    """Speed of reading many pictures, as model_evaluation.py does, fp32."""
    keep_memory()
    network = MODELS[model]().eval().to(memory_format=torch.channels_last)
    pictures = torch.randint(0, 256, (READ_AT_ONCE, 28, 28), dtype=torch.uint8)

    def read() -> torch.Tensor:
        return network(normalise(pictures))

    seconds = median_seconds(read, repeats)
    return {"images_per_second": READ_AT_ONCE / seconds, **counted(read, READ_AT_ONCE)}


@torch.inference_mode()
def milliseconds_of_one(models: list[str], repeats: int) -> dict[str, float]:
    """Reading one picture on one thread in fp32, as the page does; the networks take turns."""
    torch.set_num_threads(1)
    picture = torch.randint(0, 256, (1, 28, 28), dtype=torch.uint8)
    networks = {m: MODELS[m]().eval().to(memory_format=torch.channels_last) for m in models}
    times: dict[str, list[float]] = {model: [] for model in models}
    for _ in range(repeats):
        for model, network in networks.items():
            work = median_seconds(lambda n=network: n(normalise(picture)), 30)
            times[model].append(1000 * work)
    return {model: statistics.median(values) for model, values in times.items()}


def alone(work: Callable[..., Any], *arguments: object) -> Any:
    """What a function returns in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def measure(model: str, args: argparse.Namespace) -> dict[str, Any]:
    """All figures of one network."""
    limits = alone(ceilings, args.repeats)
    before, after = (
        alone(training_figures, model, args.batch_size, args.steps, way) for way in (True, False)
    )
    reading = alone(reading_figures, model, args.repeats)
    return {
        "threads": torch.get_num_threads(),
        "ceilings": limits,
        "training_before": with_attainable(before, limits),
        "training": with_attainable(after, limits),
        "reading": with_attainable(reading, limits),
        "one_picture_milliseconds": alone(
            milliseconds_of_one, list({"customcnn": 0, model: 0}), args.repeats
        ),
    }


def as_markdown(model: str, figures: dict[str, Any]) -> str:
    """Tables of one network's figures."""
    limits = figures["ceilings"]
    lines = [
        f"## {model}",
        "",
        f"Ceilings, {figures['threads']} threads: "
        f"{limits['bf16_operations_per_second'] / 1e9:,.0f} bf16 GFLOP/s, "
        f"{limits['bytes_per_second'] / 1e9:.1f} GB/s.",
        "",
        "| | MFLOP per image | MB per image | images/s | attainable | reached | limit |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for key in ("training_before", "training", "reading"):
        row = figures[key]
        lines.append(
            f"| {key.replace('_', ', ')} | {row['operations_per_image'] / 1e6:.1f} "
            f"| {row['bytes_per_image'] / 1e6:.2f} | {row['images_per_second']:,.0f} "
            f"| {row['attainable_images_per_second']:,.0f} "
            f"| {row['fraction_of_attainable']:.0%} | {row['limit']} |"
        )
    lines += ["", "| milliseconds of a training step | before | after |", "|---|---:|---:|"]
    ways = [figures["training_before"], figures["training"]]
    for part, most in (("milliseconds", None), ("operators_milliseconds", OPERATORS)):
        tables = [way[part] for way in ways]
        for name in dict.fromkeys(name for table in tables for name in list(table)[:most]):
            cells = (f"{table.get(name, 0):.1f}" for table in tables)
            lines.append(f"| {name} | {' | '.join(cells)} |")
    faults = (f"{way['page_faults_per_step']:,.0f}" for way in ways)
    lines.append(f"| page faults (count) | {' | '.join(faults)} |")
    single = ", ".join(f"{n} {t:.2f} ms" for n, t in figures["one_picture_milliseconds"].items())
    share = figures["training"]["feeding_share_of_step"]
    lines += ["", f"Batch and augmentation are {share:.1%} of a step. One picture: {single}.", ""]
    return "\n".join(lines)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--model", choices=list(MODELS), nargs="+", default=list(MODELS), help="networks")
    add("--batch-size", type=int, default=128, help="images per training step")
    add("--steps", type=int, default=15, help="training steps to take the median of")
    add("--repeats", type=int, default=7, help="repetitions of all else")
    add("--out", type=Path, default=REPORT, help="file to write")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure the networks one after another; save after each."""
    for model in args.model:
        figures = measure(model, args)
        print(as_markdown(model, figures), flush=True)
        report = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else {}
        with replacing(args.out) as (part,):
            save_json(report | {model: figures}, part)


if __name__ == "__main__":
    main(get_args_parser().parse_args())
