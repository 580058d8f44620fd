"""Stage 3 of 4: train a character model on the prepared images.

    python model_training.py                        CustomCNN by the reference recipe
    python model_training.py --model resnet34
    python model_training.py --model compactcnn     by the modern recipe
    python model_training.py --resume               continue the newest unfinished run
    python model_training.py --init-from RUN --extra-data FOLDER… --epochs 1 --lr 0.001
                                                    fine-tune a run's weights with more images
    torchrun --nproc_per_node=2 model_training.py   any of these on two processes or GPUs

After each epoch it writes metrics/<run>_history.csv, the plots of loss and accuracy, and the
checkpoint models/checkpoints/<run>.pt. At the end, or when stopped, it writes models/<run>.pt: the
kept epoch, calibrated, in half precision.
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
from handwriting.compute.devices import autocast, keep_memory
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
from handwriting.runs import MODELS_FOLDER
from handwriting.training.recipes import RECIPE_OPTIONS, RECIPES
from handwriting.training.run import DivergedError, Run, start_run
from handwriting.training.run_options import add_run_options
from models import MODELS, READING_BATCH

FORMER_OPTIONS = {
    "--start": {"dest": "init_from"},
    "--extra": {"dest": "extra_data", "type": Path, "nargs": "+"},
    "--share": {"dest": "extra_fraction", "type": float},
    "--blend": {"dest": "alpha", "type": float},
}
"""Former names of options, which still work, and their settings."""


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

    Each rank trains on its part of each batch; loss and gradients are those of whole batches.

    Args:
        device: where the network is.
        model: the network.
        train_loader: batches of labelled images.
        loss_fn: loss of (logits, labels, whether the image comes from balanced extra data).
        optimizer: updates the network.
        precision: ``fp32`` or ``bf16``.
        after_step: called after each step of the optimiser.
        title: of the progress bar.

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
            # DDP averages gradients over the ranks, whose parts of the batch differ in size.
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
    """Mean loss in nats and accuracy in 0..1 on the validation images of all ranks.

    A prediction is correct if the label allows it; a label of either case allows both cases.
    """
    model.eval()
    total = torch.zeros((), device=device)
    right = torch.zeros((), device=device)
    for batch in val_loader:
        with autocast(device, precision):
            # The first of two heads is the EMNIST head.
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
    """Train until the recipe's last epoch; yields the row of the history after each epoch.

    Each rank trains and validates on its part.

    Args:
        run: new or restored.
        data: the prepared training images.
        validation: int64, rows to validate on.
        extra: out-of-domain images to mix in.
        held_out: out-of-domain images of held-out writers, to evaluate on.
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
    add("--model", choices=list(MODELS), default="customcnn", help="architecture to train")
    add(
        "--recipe",
        choices=list(RECIPES),
        default=argparse.SUPPRESS,
        help="training recipe (default: modern for compactcnn, reference for the others)",
    )
    add(
        "--params",
        type=Path,
        default=None,
        metavar="FILE",
        help="JSON with hyperparameters that replace the recipe's, from hyperparameter_tuning.py",
    )
    for name, (kind, words) in RECIPE_OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        add(option, type=kind, default=argparse.SUPPRESS, help=f"{words} (default: the recipe's)")
    add(
        "--fraction",
        type=float,
        default=1.0,
        help="part of the training images to use, a fixed random sample",
    )
    add("--init-from", default=None, metavar="RUN", help="fine-tune the weights of this run")
    add(
        "--extra-data",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="with --init-from: additional labelled images with about equal class frequencies, "
        "as for model_evaluation.py --data",
    )
    add("--extra-fraction", type=float, default=0.3, help="share of --extra-data in each batch")
    add(
        "--extra-weights",
        type=float,
        nargs="+",
        default=[],
        metavar="W",
        help="sampling weight of each data set of --extra-data, in any unit (default: the square "
        "root of its number of images)",
    )
    add(
        "--extra-held-out",
        type=float,
        default=0.1,
        help="part of the writers of --extra-data to hold out for evaluation",
    )
    add(
        "--extra-variants",
        type=int,
        default=0,
        help="number of augmented renderings of each sample of a pen archive",
    )
    add(
        "--alpha",
        type=float,
        default=0.5,
        help="with --init-from: weight interpolation (WiSE-FT) from that run's weights, 0, to the "
        "new ones, 1",
    )
    add("--seed", type=int, default=42, help="seed of initial weights and order of images")
    add(
        "--compile",
        action="store_true",
        help="compile the network first, which takes up to a minute and needs a compiler; faster "
        "for long trainings on GPUs (for CPUs see docs/speed.md)",
    )
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add_run_options(parser, "<model>", MODELS_FOLDER)
    for option, settings in FORMER_OPTIONS.items():
        add(option, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **settings)
    return parser


@joined_ranks()
def main(args: argparse.Namespace) -> None:
    """Load the data, train and save epoch by epoch, write the weights at the end."""
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
        f"{best['val_accuracy']:.4f}; the last epoch has {last['val_accuracy']:.4f}"
    )
    finish(f"python model_evaluation.py {run.files.name}")


def _train_and_save(
    run: Run, data: LabelledImages, validation: torch.Tensor, manifest: dict[str, Any]
) -> None:
    settings, device = run.settings, run.device
    if manifest["synthetic"]:
        print("  the images are synthetic: the metrics say nothing about handwriting")
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
