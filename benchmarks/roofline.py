"""Roofline of the networks on this machine, and the time of a training step's parts.

    python -m benchmarks.roofline
    python -m benchmarks.roofline --model compactcnn --skip-compiled

Two ceilings are measured: a large bf16 matrix product and a large copy. Operations and bytes of a
training step and of inference are counted, and both are timed. The attainable speed is the lower
ceiling (Williams et al. 2009, doi 10.1145/1498765.1498785): operations at the speed of the matrix
product, or bytes at the speed of the copy. Bytes are each operator's inputs and outputs, as if
nothing stayed in the cache. Training has three variants, in separate processes: "before" returns
freed memory to the system and uses PyTorch's own convolutions; "now" is model_training.py, and
"compiled" is model_training.py with --compile.

Prints one JSON object. With --save: roofline.json. Other work on the machine distorts the results.
"""

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.common import FIGURES, WARM_UP, alone, ours, plain_network, random_batches
from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.compute.devices import choose_device, compiled, keep_memory
from handwriting.errors import HandwritingError
from handwriting.training.recipes import RECIPE_NAMES, RECIPES
from models import MODELS, READING_BATCH, fuse_batch_norm, normalise

COPIED_BYTES = 2**28
PARTS = ("batch and augmentation", "forward", "backward", "step")
VARIANTS = ("before", "now", "compiled")


class ByteCounter(TorchDispatchMode):
    """Sums in ``bytes`` what operators read and write, each tensor once per operator."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Call the operator and count its tensors, unless it is a view."""
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
    """The training steps of model_training.py on random images, by the network's default recipe.

    Args:
        model: name in `models.MODELS`.
        batch_size: images per step.
        plain: whether to use PyTorch's own convolutions.
    """

    def __init__(self, model: str, batch_size: int, *, plain: bool) -> None:
        torch.manual_seed(0)
        device, recipe = choose_device("auto"), RECIPES[RECIPE_NAMES[model]]
        self.device = device
        self.source = random_batches(batch_size, recipe, device)
        self.train_step = ours(model, device, recipe, plain_network(model) if plain else None)

    def step(self) -> None:
        """One step."""
        images, labels, _ = next(self.source)
        self.train_step.step(images, labels)

    def timed_step(self) -> dict[str, float]:
        """The seconds of the parts of one step."""
        times = [time.perf_counter()]
        images, labels, _ = next(self.source)
        times.append(time.perf_counter())
        loss = self.train_step.forward(images, labels)
        times.append(time.perf_counter())
        self.train_step.backward(loss)
        times.append(time.perf_counter())
        self.train_step.update()
        times.append(time.perf_counter())
        seconds = (b - a for a, b in itertools.pairwise(times))
        return dict(zip(PARTS, seconds, strict=True))


def seconds_of(work: Callable[[], object], repeats: int) -> list[float]:
    """The times of several calls after a warm-up call."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def ceilings(repeats: int, side: int) -> dict[str, float]:
    """Best bf16 operations per second of a matrix product, and bytes per second of a copy."""
    left, right = (torch.randn(side, side).bfloat16() for _ in range(2))
    source = torch.ones(COPIED_BYTES, dtype=torch.uint8)
    target = torch.empty_like(source)
    product = min(seconds_of(lambda: left @ right, repeats))
    copy = min(seconds_of(lambda: target.copy_(source), repeats))
    return {
        "bf16_operations_per_second": 2 * side**3 / product,
        "bytes_per_second": 2 * COPIED_BYTES / copy,
    }


def counted(work: Callable[[], object], images: int) -> dict[str, float]:
    """Operations and bytes per image of some work on a number of images."""
    with FlopCounterMode(display=False) as operations:
        work()
    with ByteCounter() as traffic:
        work()
    return {
        "operations_per_image": operations.get_total_flops() / images,
        "bytes_per_image": traffic.bytes / images,
    }


def with_attainable(figures: dict[str, Any], limits: dict[str, float]) -> dict[str, Any]:
    """Add the attainable images per second, and the fraction of it that is reached."""
    by_operations = limits["bf16_operations_per_second"] / figures["operations_per_image"]
    by_bytes = limits["bytes_per_second"] / figures["bytes_per_image"]
    attainable = min(by_operations, by_bytes)
    return figures | {
        "limit": "operations" if by_operations < by_bytes else "bytes",
        "attainable_images_per_second": attainable,
        "fraction_of_attainable": figures["images_per_second"] / attainable,
        "fraction_of_operations_ceiling": figures["images_per_second"] / by_operations,
    }


def make_training(model: str, batch_size: int, variant: str) -> tuple[Training, float]:
    """One of VARIANTS, ready to be measured, and the seconds of its first steps.

    Call it in a separate process, because kept memory stays kept.
    """
    if variant != "before":
        keep_memory()
    training = Training(model, batch_size, plain=variant == "before")
    start = time.perf_counter()
    if variant == "compiled":
        torch.compiler.config.force_disable_caches = True
        training.train_step.trained = compiled(training.train_step.network, training.device)
    for _ in range(WARM_UP):
        training.step()
    return training, time.perf_counter() - start


def page_faults() -> int:
    """Minor page faults (without disk reads) of this process so far.

    Raises:
        HandwritingError: Windows does not count page faults.
    """
    try:
        import resource
    except ImportError as error:
        raise HandwritingError("page faults are counted on Linux and macOS only.") from error
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def training_figures(model: str, batch_size: int, steps: int, variant: str) -> dict[str, Any]:
    """Speed of training steps, and the time of their parts."""
    training, seconds = make_training(model, batch_size, variant)
    faults = page_faults()
    parts = [training.timed_step() for _ in range(steps)]
    faults = page_faults() - faults
    whole = statistics.median(sum(part.values()) for part in parts)
    medians = {name: 1000 * statistics.median(p[name] for p in parts) for name in PARTS}
    figures = {
        "batch_size": batch_size,
        "precision": training.train_step.precision,
        "images_per_second": batch_size / whole,
        "milliseconds": medians,
        "feeding_share_of_step": medians[PARTS[0]] / 1000 / whole,
        "page_faults_per_step": faults / steps,
        "seconds_of_first_steps": seconds,
    }
    if variant == "compiled":
        return figures
    return figures | counted(training.step, batch_size)


@torch.inference_mode()
def reading_figures(model: str, repeats: int) -> dict[str, Any]:
    """Speed of inference on many images in fp32, as in model_evaluation.py."""
    keep_memory()
    network = fuse_batch_norm(MODELS[model]().eval())
    images = torch.randint(0, 256, (READING_BATCH, 28, 28), dtype=torch.uint8)

    def read() -> torch.Tensor:
        return network(normalise(images))

    seconds = statistics.median(seconds_of(read, repeats))
    return {"images_per_second": READING_BATCH / seconds, **counted(read, READING_BATCH)}


@torch.inference_mode()
def milliseconds_of_one(models: list[str], repeats: int) -> dict[str, float]:
    """Latency of one image on one thread in fp32, as in the web app; the networks alternate."""
    torch.set_num_threads(1)
    image = torch.randint(0, 256, (1, 28, 28), dtype=torch.uint8)
    networks = {model: fuse_batch_norm(MODELS[model]().eval()) for model in models}
    times: dict[str, list[float]] = {model: [] for model in models}
    for _ in range(repeats):
        for model, network in networks.items():
            work = seconds_of(lambda n=network: n(normalise(image)), 30)
            times[model].append(1000 * statistics.median(work))
    return {model: statistics.median(values) for model, values in times.items()}


def measure(model: str, args: argparse.Namespace) -> dict[str, Any]:
    """All metrics of one network."""

    def train(variant: str) -> dict[str, Any]:
        return alone(training_figures, model, args.batch_size, args.steps, variant)

    limits = alone(ceilings, args.repeats, args.matrix_side)
    return {
        "threads": torch.get_num_threads(),
        "ceilings": limits,
        "training_before": with_attainable(train("before"), limits),
        "training": with_attainable(train("now"), limits),
        **({} if args.skip_compiled else {"training_compiled": train("compiled")}),
        "reading": with_attainable(alone(reading_figures, model, args.repeats), limits),
        "one_image_milliseconds": alone(
            milliseconds_of_one, list(dict.fromkeys(("customcnn", model))), args.repeats
        ),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(
        __doc__,
        FIGURES,
        model=["customcnn"],
        batch_size=16,
        steps=2,
        repeats=1,
        matrix_side=512,
        skip_compiled=True,
    )
    add = parser.add_argument
    add("--model", choices=list(MODELS), nargs="+", default=list(MODELS), help="networks")
    add("--batch-size", type=int, default=128, help="images per training step")
    add("--steps", type=int, default=25, help="training steps for the median")
    add("--repeats", type=int, default=7, help="repetitions of other measurements")
    add("--matrix-side", type=int, default=4096, help="size of the matrices of the ceiling")
    add("--skip-compiled", action="store_true", help="do not measure training with --compile")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure the networks one after another and print one JSON object."""
    report = {model: measure(model, args) for model in args.model}
    print(json.dumps(report, indent=1))
    save_measured(args, "roofline.json", report)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
