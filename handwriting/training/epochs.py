"""The epochs of an `AveragedRun`: training, measurement, saving."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from tqdm import tqdm

from handwriting.compute.distributed import (
    broadcast_buffers,
    is_first_rank,
    join_ranks,
    sum_over_ranks,
    world_size,
)
from handwriting.datasets.layout_batches import LayoutBatches
from handwriting.datasets.text_batches import TextBatches
from handwriting.errors import HandwritingError
from handwriting.training.averaged_run import AveragedRun

_STEEPEST = 5.0
"""Largest norm of a step's gradient."""


class Loss(NamedTuple):
    """What is minimised, float (); the part that the history shows, float (); the samples of the
    batch."""

    total: torch.Tensor
    shown: torch.Tensor
    samples: int


Batches = TextBatches | LayoutBatches
LossOf = Callable[[Any, Any], Loss]
"""From a run and a batch to its loss."""


def train_epoch(run: AveragedRun, batches: Batches, loss_of: LossOf, epoch: int) -> float:
    """Train for one epoch; returns the mean of `Loss.shown` over the samples of all ranks.

    Raises:
        HandwritingError: the loss is not a number.
    """
    run.trained.train()
    total, seen = 0.0, 0
    bar = tqdm(total=len(batches), unit="img", desc=f"epoch {epoch}", disable=not is_first_rank())
    # Ranks can have unequal numbers of batches.
    with bar, join_ranks(run.trained):
        for batch in batches:
            loss = loss_of(run, batch)
            run.optimizer.zero_grad()
            loss.total.backward()
            nn.utils.clip_grad_norm_(run.network.parameters(), _STEEPEST)
            run.optimizer.step()
            total += loss.shown.item() * loss.samples
            seen += loss.samples
            run.after_step(seen * world_size())
            bar.update(loss.samples * world_size())
    all_loss, all_seen = sum_over_ranks(total, seen)
    if all_loss != all_loss:
        raise HandwritingError("the loss is not a number. Lower --lr; earlier epochs are saved.")
    return all_loss / max(all_seen, 1)


def train_epochs(
    run: AveragedRun,
    batches: Batches,
    loss_of: LossOf,
    measure: Callable[[], dict[str, float]],
    plot: Callable[[], None],
) -> None:
    """Train until the last epoch; after each one the first rank measures, saves, plots and prints.

    Args:
        run: new or restored.
        batches: of this rank.
        loss_of: of a batch.
        measure: rates of the averaged weights on held-out writers.
        plot: draws the run's history.
    """
    while len(run.history) < run.epochs:
        epoch = len(run.history) + 1
        batches.set_epoch(epoch)
        torch.manual_seed(run.seed + epoch)
        start = time.perf_counter()
        row = {"epoch": epoch, "train_loss": train_epoch(run, batches, loss_of, epoch)}
        row["seconds"] = round(time.perf_counter() - start, 1)
        broadcast_buffers(run.average.module)
        if is_first_rank():
            row |= measure()
        run.history.append(row)
        if is_first_rank():
            run.save()
            plot()
            print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
