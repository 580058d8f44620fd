"""Stage 3 of 4: train a network on the prepared images.

    python model_training.py                        CustomCNN by the reference recipe
    python model_training.py --model resnet34
    python model_training.py --model compactcnn     by the modern recipe
    python model_training.py --resume               go on with the newest unfinished run
    python model_training.py --init-from RUN --extra-data FOLDER… --epochs 1 --lr 0.001
                                                    go on from a run's weights, with more images
    torchrun --nproc_per_node=2 model_training.py   any of these on two processes or GPUs

Writes metrics/<run>_history.csv, the loss and accuracy plots and models/checkpoints/<run>.pt, to
resume from, after every epoch; at the end or when it is stopped models/<run>.pt: the epoch that is
kept, calibrated, in half precision.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import torch
from torch import nn
from torchsummary import summary
from tqdm import tqdm

from handwriting.cli import announce, finish, make_parser, run_script
from handwriting.compute.devices import DEVICE_HELP, PRECISIONS, autocast, keep_memory
from handwriting.compute.distributed import (
    broadcast_buffers,
    broadcast_object,
    is_first_rank,
    joined_ranks,
    rank,
    sum_over_ranks,
    world_size,
)
from handwriting.datasets.batches import Batches, ExtraData
from handwriting.datasets.external import load_extra
from handwriting.datasets.prepared import (
    PROCESSED,
    LabelledImages,
    load_images,
    load_manifest,
    load_split,
)
from handwriting.evaluation.metrics import is_correct
from handwriting.labels import NUM_CLASSES
from handwriting.runs import METRICS_FOLDER, MODELS_FOLDER
from handwriting.training.recipes import RECIPE_OPTIONS, RECIPES
from handwriting.training.run import DivergedError, Run, start_run
from models import MODELS, READING_BATCH

FORMER_OPTIONS = {
    "--start": {"dest": "init_from"},
    "--extra": {"dest": "extra_data", "type": Path, "nargs": "+"},
    "--share": {"dest": "extra_fraction", "type": float},
    "--blend": {"dest": "alpha", "type": float},
}
"""Options of earlier versions, which go on working, and what they set."""


def training_loop(
    device: torch.device,
    model: nn.Module,
    train_loader: Batches,
    loss_fn: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    precision: str = "fp32",
    after_step: Callable[[], None] = lambda: None,
    title: str = "training",
) -> float:
    """Train for one epoch; returns its mean loss in nats.

    ``after_step`` is called after each step of the optimiser. Of several ranks each trains on its
    part of the batches; loss and gradients are those of the whole batches.

    Raises:
        DivergedError: the loss is not a number.
    """
    model.train()
    total = torch.zeros((), device=device)
    with tqdm(
        total=train_loader.num_images, unit="img", desc=title, disable=not is_first_rank()
    ) as bar:
        for batch, size in zip(train_loader, train_loader.sizes(), strict=True):
            with autocast(device, precision):
                logits = model(batch.images)
            loss = loss_fn(logits.float(), batch.labels, batch.is_balanced)
            share = train_loader.share(len(batch.labels), size)
            optimizer.zero_grad()
            # The ranks' gradients are averaged as if their parts of the batch were equally large.
            (loss * (share * world_size())).backward()
            optimizer.step()
            after_step()
            total += loss.detach() * (share * size)
            bar.update(size)
    (total_loss,) = sum_over_ranks(total)
    mean_loss = total_loss / max(train_loader.num_images, 1)
    if not math.isfinite(mean_loss):
        raise DivergedError(
            f"the loss of {title} is not a number. Lower --lr, or use --precision fp32; "
            "the run's earlier epochs are saved."
        )
    return mean_loss


@torch.inference_mode()
def evaluation_loop(
    device: torch.device,
    model: nn.Module,
    val_loader: Batches,
    loss_fn: nn.Module,
    precision: str = "fp32",
) -> tuple[float, float]:
    """Mean loss in nats and accuracy on the validation images.

    A prediction is right where the label allows it: for a letter known in either case, both cases.
    Both figures are those of the images of all ranks.
    """
    model.eval()
    total = torch.zeros((), device=device)
    right = torch.zeros((), device=device)
    for batch in val_loader:
        with autocast(device, precision):
            # Of two heads the first is that for NIST's forms.
            logits = model(batch.images)[:, :NUM_CLASSES]
        total += loss_fn(logits.float(), batch.labels) * len(batch.labels)
        right += is_correct(logits.argmax(dim=1), batch.labels).sum()
    total_loss, all_right, images_seen = sum_over_ranks(total, right, val_loader.num_images)
    return total_loss / images_seen, all_right / images_seen


def train(
    run: Run,
    data: LabelledImages,
    validation: torch.Tensor,
    extra: ExtraData | None = None,
    held_out: LabelledImages | None = None,
) -> Iterator[dict[str, float]]:
    """Train until the recipe's last epoch; yields the history's row after each.

    Each rank trains and validates on its part.

    Args:
        run: new or restored.
        data: the prepared training images.
        validation: rows to validate on, int64.
        extra: images from elsewhere to mix in.
        held_out: others from there, to measure on.
    """
    recipe, data = run.recipe, data.to(run.device)
    train_loader = Batches(
        data,
        recipe.batch_size,
        run.device,
        rows=run.rows,
        seed=run.settings.seed,
        augmentation=recipe.augmentation,
        extra=extra,
        rank=rank(),
        ranks=world_size(),
    )
    val_loader = Batches(data, READING_BATCH, run.device, rows=validation[rank() :: world_size()])
    while len(run.history) < recipe.epochs:
        _train_epoch(run, train_loader, val_loader)
        if held_out is not None:
            run.history[-1]["held_out_accuracy"] = run.hands_accuracy(held_out)
        yield run.history[-1]


def _train_epoch(run: Run, train_loader: Batches, val_loader: Batches) -> None:
    epoch, learning_rate = len(run.history) + 1, run.learning_rate
    device, precision = run.device, run.settings.precision
    train_loader.set_epoch(epoch)
    torch.manual_seed(run.settings.seed + epoch)
    start = time.perf_counter()
    train_loss = training_loop(
        device,
        run.trained,
        train_loader,
        run.loss_fn,
        run.optimizer,
        precision=precision,
        after_step=run.after_step,
        title=f"epoch {epoch}",
    )
    seconds = time.perf_counter() - start
    network = run.final_network
    broadcast_buffers(network)
    val_loss, val_accuracy = evaluation_loop(device, network, val_loader, run.loss_fn, precision)
    row = {
        "epoch": epoch,
        "train_loss": train_loss,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        "learning_rate": learning_rate,
        "seconds": round(seconds, 1),
        "images_per_second": round(train_loader.num_images / seconds, 1),
    }
    run.record(row, network)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--model", choices=list(MODELS), default="customcnn", help="network to train")
    add(
        "--recipe",
        choices=list(RECIPES),
        default=argparse.SUPPRESS,
        help="how to train (default: modern for compactcnn, reference for the others)",
    )
    add(
        "--params",
        type=Path,
        default=None,
        metavar="FILE",
        help="JSON with values that replace the recipe's, as hyperparameter_tuning.py writes it",
    )
    for name, (kind, words) in RECIPE_OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        add(option, type=kind, default=argparse.SUPPRESS, help=f"{words} (default: the recipe's)")
    add(
        "--fraction",
        type=float,
        default=1.0,
        help="part of the training images to use, chosen once by chance",
    )
    add("--init-from", default=None, metavar="RUN", help="go on from this run's weights")
    add(
        "--extra-data",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="with --init-from: labelled images (as for model_evaluation.py --data) whose "
        "characters are about equally frequent, to train on as well",
    )
    add("--extra-fraction", type=float, default=0.3, help="of the --extra-data in each batch")
    add(
        "--extra-weights",
        type=float,
        nargs="+",
        default=[],
        metavar="W",
        help="how often to draw each of the --extra-data, in any unit (default: as the square root "
        "of its images)",
    )
    add(
        "--extra-held-out",
        type=float,
        default=0.1,
        help="part of the writers of the --extra-data that is left out, to measure on",
    )
    add(
        "--extra-variants",
        type=int,
        default=0,
        help="how often to draw each sample of pen archives anew, with its strokes changed",
    )
    add(
        "--alpha",
        type=float,
        default=0.5,
        help="with --init-from: how far from that run's weights to the new ones, in 0..1; between "
        "them little is forgotten",
    )
    add("--seed", type=int, default=42, help="seed of the first weights and the order of images")
    add("--device", default="auto", help=DEVICE_HELP)
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="auto takes bf16 where the processor computes in it",
    )
    add(
        "--compile",
        action="store_true",
        help="compile the network before training, where a compiler is at hand: up to a minute "
        "that long trainings on GPUs gain back (on CPUs see docs/speed.md)",
    )
    add(
        "--resume",
        nargs="?",
        const="latest",
        metavar="RUN",
        default=None,
        help="go on with a run that was stopped (its options hold, but for --epochs)",
    )
    add("--name", default=None, help="name of the run instead of <model>_<date>_<time>")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder for weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for plots and tables")
    for option, settings in FORMER_OPTIONS.items():
        add(option, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **settings)
    return parser


@joined_ranks()
def main(args: argparse.Namespace) -> None:
    """Load the data, train epoch by epoch, save after each; write the weights at the end."""
    keep_memory()
    manifest = load_manifest(args.processed)
    data = load_images(args.processed, "train")
    split = load_split(args.processed)
    with start_run(args, manifest, split["train"]) as run:
        announce(3, reads=args.processed, writes=run.files.weights)
        _train_and_save(run, data, split["validation"], manifest)
    best, last = run.best, run.history[-1]
    print(
        f"epoch {best['epoch']} of {last['epoch']} is kept: val_accuracy "
        f"{best['val_accuracy']:.4f}; the last one has {last['val_accuracy']:.4f}"
    )
    finish(f"python model_evaluation.py {run.files.name}")


def _train_and_save(
    run: Run, data: LabelledImages, validation: torch.Tensor, manifest: dict[str, Any]
) -> None:
    settings, device = run.settings, run.device
    if manifest["synthetic"]:
        print("  the images are synthetic: the figures say nothing about handwriting")
    ranks = f", {world_size()} ranks" if world_size() > 1 else ""
    print(f"  {run.files.name}: {device.type}, {settings.precision}{ranks}", flush=True)
    summary(MODELS[settings.model](), (1, 28, 28), device="cpu")
    extra, held_out = broadcast_object(
        lambda: load_extra(
            settings.extra_data,
            settings.extra_fraction,
            settings.extra_variants,
            settings.extra_held_out,
            settings.extra_weights,
        )
    )
    try:
        for _ in train(run, data, validation, extra, held_out):
            if is_first_rank():
                run.save()
            run.report()
    finally:
        if is_first_rank() and run.history:
            counts = list(manifest["byclass_class_counts"].values())
            run.save_weights(data.subset(validation), counts, held_out)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
