"""Images per second on 1 and 2 ranks, measured here, and what to expect of more, by a model.

    python -m benchmarks.scaling

Measured, on gloo, with one thread and the same number of images for each rank: training on 1 rank
and on 2 by the steps of model_training.py and the network's own recipe, and the all-reduce of the
network's gradients alone. The turns alternate, and the medians of the repetitions count.

The model: a step takes the time that a node (a GPU, or a machine like this one) needs for its own
images, and after that a ring all-reduce, 2 (N - 1) / N times the gradients' bytes over the
bandwidth of a node. PyTorch sends gradients while it still computes others, so this is the slower
bound as far as bandwidth goes; latency and waiting for the slowest node are left out. The speed of
a GPU and all bandwidths are assumptions, named in the table. No accuracy is measured here.

Prints Markdown tables. With --save: scaling.json.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist

from benchmarks.common import FIGURES, PROJECT, WARM_UP, ours, random_batches
from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.compute.devices import keep_memory
from handwriting.compute.distributed import (
    is_first_rank,
    joined_ranks,
    sum_over_ranks,
    world_size,
)
from handwriting.errors import HandwritingError
from handwriting.training.recipes import RECIPE_NAMES, RECIPES
from models import MODELS

LINKS = {
    "8 GPUs, NVLink, 200 GB/s": ("gpu", 8, 200e9),
    "8 GPUs, PCIe 4.0 x16, 20 GB/s": ("gpu", 8, 20e9),
    "16 machines, 10 Gbit/s": ("machine", 16, 10e9 / 8),
    "16 machines, 1 Gbit/s": ("machine", 16, 1e9 / 8),
}
"""Name to kind of node, number of nodes, and assumed bytes per second in and out of each."""


def slowest_seconds(work: Callable[..., object], *values: object) -> float:
    """Time from a common start until the last rank is done."""
    sum_over_ranks(0)
    start = time.perf_counter()
    work(*values)
    sum_over_ranks(0)
    return time.perf_counter() - start


@joined_ranks()
def measure_here(args: argparse.Namespace) -> None:
    """Print one JSON object with this launch's speed; runs on every rank of a launch."""
    torch.set_num_threads(1)
    keep_memory()
    torch.manual_seed(0)
    recipe = RECIPES[RECIPE_NAMES[args.worker]]
    device = torch.device("cpu")
    train_step = ours(args.worker, device, recipe)
    batches = random_batches(args.batch_size * world_size(), recipe, device)

    def train(steps: int) -> None:
        for images, labels, _ in itertools.islice(batches, steps):
            train_step.step(images, labels)

    train(WARM_UP)
    seconds = slowest_seconds(train, args.steps)
    gradient_bytes = sum(weights.nbytes for weights in train_step.network.parameters())
    gradients = torch.zeros(gradient_bytes // 4)
    dist.all_reduce(gradients)
    all_reduce = [slowest_seconds(dist.all_reduce, gradients) for _ in range(args.steps)]
    if is_first_rank():
        result = {
            "images_per_second": args.steps * args.batch_size * world_size() / seconds,
            "all_reduce_seconds": statistics.median(all_reduce),
            "gradient_bytes": gradient_bytes,
            "precision": train_step.precision,
        }
        print(json.dumps(result))


def launch(model: str, ranks: int, args: argparse.Namespace) -> dict[str, Any]:
    """Measure a network on some ranks in processes of their own.

    Raises:
        HandwritingError: the launch failed; torchrun has said why.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc_per_node={ranks}", "--module", "benchmarks.scaling", "--worker", model]
    command += ["--batch-size", str(args.batch_size), "--steps", str(args.steps)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    if done.returncode:
        raise HandwritingError(f"measuring {model} on {ranks} ranks failed; see above for why.")
    return json.loads(done.stdout.splitlines()[-1])


def measure(model: str, args: argparse.Namespace) -> dict[str, Any]:
    """Medians of a network's speed on 1 and on 2 ranks, and of its all-reduce on 2."""
    turns = [{n: launch(model, n, args) for n in (1, 2)} for _ in range(args.repeats)]
    speeds = {n: [turn[n]["images_per_second"] for turn in turns] for n in (1, 2)}
    one, two = (statistics.median(speeds[n]) for n in (1, 2))
    return {
        "gradient_bytes": turns[0][2]["gradient_bytes"],
        "precision": turns[0][2]["precision"],
        "images_per_second_1_rank": round(one, 1),
        "images_per_second_2_ranks": round(two, 1),
        "spread_1_rank": [round(min(speeds[1]), 1), round(max(speeds[1]), 1)],
        "spread_2_ranks": [round(min(speeds[2]), 1), round(max(speeds[2]), 1)],
        "speed_up_2_ranks": round(two / one, 2),
        "all_reduce_2_ranks_ms": round(
            1000 * statistics.median(turn[2]["all_reduce_seconds"] for turn in turns), 2
        ),
    }


def modelled(
    images: int, images_per_second: float, gradient_bytes: int, nodes: int, bandwidth: float
) -> dict[str, float]:
    """What the model of this file's head says of a number of nodes.

    Args:
        images: of each node in each step.
        images_per_second: of one node alone.
        gradient_bytes: of the network.
        nodes: how many.
        bandwidth: bytes per second in and out of each node.
    """
    compute = images / images_per_second
    all_reduce = 2 * (nodes - 1) / nodes * gradient_bytes / bandwidth
    efficiency = compute / (compute + all_reduce)
    return {
        "compute_ms": round(1000 * compute, 2),
        "all_reduce_ms": round(1000 * all_reduce, 2),
        "efficiency": round(efficiency, 3),
        "speed_up": round(nodes * efficiency, 2),
        "images_per_second": round(nodes * efficiency * images_per_second),
    }


def model_rows(
    measured: dict[str, dict[str, Any]], args: argparse.Namespace
) -> list[dict[str, Any]]:
    """The modelled table: each network on each of LINKS."""
    rows = []
    for model, figures in measured.items():
        for link, (node, count, bandwidth) in LINKS.items():
            # The whole machine counts as one node: its 2 ranks, and the images of both.
            here = figures["images_per_second_2_ranks"], 2 * args.batch_size
            speed, images = here if node == "machine" else (args.gpu_speed, args.gpu_batch_size)
            result = modelled(images, speed, figures["gradient_bytes"], count, bandwidth)
            rows.append({"model": model, "nodes": link, "batch_size": images * count, **result})
    return rows


def print_tables(result: dict[str, Any]) -> None:
    """Both parts as Markdown."""
    print("\nMeasured:\n")
    print("| network | gradients | 1 rank, images/s | 2 ranks, images/s | speed-up | all-reduce |")
    print("|---|---|---|---|---|---|")
    for model, row in result["measured"]["networks"].items():
        print(
            f"| {model} | {row['gradient_bytes'] / 1e6:.1f} MB "
            f"| {row['images_per_second_1_rank']:,.0f} | {row['images_per_second_2_ranks']:,.0f} "
            f"| {row['speed_up_2_ranks']:.2f} | {row['all_reduce_2_ranks_ms']:.1f} ms |"
        )
    assumed = result["model"]["gpu_images_per_second"]
    print(f"\nA model, not measured (assumed: {assumed:,.0f} images/s of one GPU):\n")
    print("| network | nodes | --batch-size | compute | all-reduce | efficiency | speed-up |")
    print("|---|---|---|---|---|---|---|")
    for row in result["model"]["rows"]:
        print(
            f"| {row['model']} | {row['nodes']} | {row['batch_size']:,} "
            f"| {row['compute_ms']:.1f} ms | {row['all_reduce_ms']:.1f} ms "
            f"| {row['efficiency']:.0%} | {row['speed_up']:.1f} |"
        )


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(
        __doc__, FIGURES, model=["compactcnn"], batch_size=8, steps=2, repeats=1
    )
    add = parser.add_argument
    add("--model", nargs="+", choices=list(MODELS), default=list(MODELS), help="networks")
    add("--batch-size", type=int, default=128, help="images of each rank in each step")
    add("--steps", type=int, default=30, help="steps in each repetition")
    add("--repeats", type=int, default=5, help="launches on 1 and on 2 ranks")
    add("--gpu-speed", type=float, default=30_000, help="assumed images per second of one GPU")
    add("--gpu-batch-size", type=int, default=128, help="images of each GPU in each step")
    add("--worker", choices=list(MODELS), default=None, help=argparse.SUPPRESS)
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, model, print the tables."""
    if args.worker:
        measure_here(args)
        return
    networks = {}
    for model in args.model:
        networks[model] = measure(model, args)
        print(f"{model}: {json.dumps(networks[model])}", flush=True)
    measured = {
        "cores": os.cpu_count(),
        "threads_per_rank": 1,
        "images_per_rank_and_step": args.batch_size,
        "steps": args.steps,
        "repeats": args.repeats,
        "networks": networks,
    }
    model = {
        "note": "calculated from assumptions, not measured",
        "formula": "step = images / images_per_second + 2 (N - 1) / N * gradient_bytes / bandwidth",
        "gpu_images_per_second": args.gpu_speed,
        "rows": model_rows(networks, args),
    }
    result = {"measured": measured, "model": model}
    print_tables(result)
    save_measured(args, "scaling.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
