"""Share of this machine's peak that the networks reach, and the time of a training step's parts.

    python -m benchmarks.roofline
    python -m benchmarks.roofline --model compactcnn --skip-compiled

The peak is the speed of a large bf16 matrix product. Operations of a training step and of inference
are counted, and both are timed. Training has three variants, in separate processes: "before"
returns freed memory to the system and uses PyTorch's own convolutions; "now" is model_training.py,
and "compiled" is model_training.py with --compile.

Prints one JSON object. With --save: roofline.json. Other work on the machine distorts the results.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.common import FIGURES, WARM_UP, alone, ours, plain_network, random_batches
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import choose_device, compiled, keep_memory
from handwriting.training.recipes import RECIPE_NAMES, RECIPES
from models import MODELS, READING_BATCH, fuse_batch_norm, normalise

PARTS = ("batch and augmentation", "forward", "backward", "step")
VARIANTS = ("before", "now", "compiled")


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


def peak(repeats: int, side: int) -> float:
    """Best bf16 operations per second of a matrix product."""
    left, right = (torch.randn(side, side).bfloat16() for _ in range(2))
    return 2 * side**3 / min(seconds_of(lambda: left @ right, repeats))


def operations_per_image(work: Callable[[], object], images: int) -> float:
    """Operations per image of some work on a number of images."""
    with FlopCounterMode(display=False) as operations:
        work()
    return operations.get_total_flops() / images


def with_fraction(figures: dict[str, Any], most: float) -> dict[str, Any]:
    """Add the fraction of the peak, in operations per second, that is reached."""
    reached = figures["images_per_second"] * figures["operations_per_image"]
    return figures | {"fraction_of_operations_ceiling": reached / most}


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


def training_figures(model: str, batch_size: int, steps: int, variant: str) -> dict[str, Any]:
    """Speed of training steps, and the time of their parts."""
    training, seconds = make_training(model, batch_size, variant)
    parts = [training.timed_step() for _ in range(steps)]
    whole = statistics.median(sum(part.values()) for part in parts)
    medians = {name: 1000 * statistics.median(p[name] for p in parts) for name in PARTS}
    figures = {
        "batch_size": batch_size,
        "precision": training.train_step.precision,
        "images_per_second": batch_size / whole,
        "milliseconds": medians,
        "feeding_share_of_step": medians[PARTS[0]] / 1000 / whole,
        "seconds_of_first_steps": seconds,
    }
    if variant == "compiled":
        return figures
    return figures | {"operations_per_image": operations_per_image(training.step, batch_size)}


@torch.inference_mode()
def reading_figures(model: str, repeats: int) -> dict[str, Any]:
    """Speed of inference on many images in fp32, as in model_evaluation.py."""
    keep_memory()
    network = fuse_batch_norm(MODELS[model]().eval())
    images = torch.randint(0, 256, (READING_BATCH, 28, 28), dtype=torch.uint8)

    def read() -> torch.Tensor:
        return network(normalise(images))

    seconds = statistics.median(seconds_of(read, repeats))
    return {
        "images_per_second": READING_BATCH / seconds,
        "operations_per_image": operations_per_image(read, READING_BATCH),
    }


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

    most = alone(peak, args.repeats, args.matrix_side)
    return {
        "threads": torch.get_num_threads(),
        "bf16_operations_per_second": most,
        "training_before": with_fraction(train("before"), most),
        "training": with_fraction(train("now"), most),
        **({} if args.skip_compiled else {"training_compiled": train("compiled")}),
        "reading": with_fraction(alone(reading_figures, model, args.repeats), most),
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
    report_measured(args, "roofline.json", report)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
