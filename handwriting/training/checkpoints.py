"""Resuming from a checkpoint: checks that its parts fit each other."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch.optim import Optimizer

from handwriting.errors import HandwritingError

START_ANEW = "Restart the run without --resume."


@contextlib.contextmanager
def restoring(path: Path) -> Iterator[None]:
    """A context that turns errors on loading a checkpoint's parts into one line.

    Raises:
        HandwritingError: the parts do not fit.
    """
    try:
        yield
    except (RuntimeError, LookupError, TypeError, AttributeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise HandwritingError(
            f"{path} is damaged: its parts do not fit each other ({reason}). {START_ANEW}"
        ) from error


def restore_optimizer(optimizer: Optimizer, state: dict[str, object]) -> None:
    """Load an optimiser's state and check its sizes; wrong sizes crash a fused step.

    Raises:
        ValueError: the state belongs to other weights.
    """
    optimizer.load_state_dict(state)
    for weights, kept in optimizer.state.items():
        moments = (kept["exp_avg"], kept["exp_avg_sq"])
        if any(moment.shape != weights.shape for moment in moments) or kept["step"].numel() != 1:
            raise ValueError("the optimizer's state is of other weights")


def checked_history(
    history: Sequence[Mapping[str, float]], names: Sequence[str]
) -> list[dict[str, float]]:
    """The history of a checkpoint, one row per epoch.

    Args:
        history: as saved.
        names: columns required in each row.

    Raises:
        ValueError: this is not a valid history.
    """
    rows = [dict(row) for row in history]
    if [row["epoch"] for row in rows] != list(range(1, len(rows) + 1)) or not rows:
        raise ValueError("the history does not count its epochs from 1")
    if not all(isinstance(row[name], int | float) for row in rows for name in names):
        raise ValueError(f"the history lacks one of {', '.join(names)}")
    return rows


def check_shapes(weights: Mapping[str, torch.Tensor], like: Mapping[str, torch.Tensor]) -> None:
    """Check that tensors have the names and shapes of others.

    Raises:
        ValueError: names or shapes differ.
    """
    if {name: t.shape for name, t in weights.items()} != {n: t.shape for n, t in like.items()}:
        raise ValueError("some weights are of another network")
