"""model_training.py with two more networks: ``plain``, and ``normed`` with batch norm.

    torchrun --nproc_per_node=2 tests/compute/plain_training.py --model plain …

tests/compute/test_distributed.py runs it. Without batch norm, the ranks' parts of a batch are
equivalent to the whole batch. Ranks other than 0 write to their own folders, as on machines without
a common disk. The ranks named in FAILING_RANKS fail in their third step.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2]))

import model_training
from handwriting.cli import run_script
from handwriting.errors import HandwritingError
from handwriting.training.recipes import RECIPE_NAMES, REFERENCE_EPOCHS
from models import MODELS

REASON = "this rank has had enough. Let it rest."


def plain(num_classes: int = 62) -> nn.Module:
    """One convolution and two linear layers; float (N, 1, 28, 28) to float (N, num_classes)."""
    return nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=5, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 12 * 12, 64),
        nn.ReLU(),
        nn.Linear(64, num_classes),
    )


def normed(num_classes: int = 62) -> nn.Module:
    """The same with batch norm and a layer less."""
    return nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=5, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 12 * 12, num_classes),
    )


ENTRIES = (
    (MODELS, {"plain": plain, "normed": normed}),
    (RECIPE_NAMES, {"plain": "reference", "normed": "modern"}),
    (REFERENCE_EPOCHS, {"plain": 2, "normed": 2}),
)
"""What the tables of networks and recipes need to know of the two."""


def fail_in_the_third_step(run: model_training.Run) -> None:
    """Instead of moving the learning rate on."""
    run.steps_done = getattr(run, "steps_done", 0) + 1
    if run.steps_done == 3:
        raise HandwritingError(REASON)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train as model_training.py does, by default with the command line's arguments."""
    for table, entries in ENTRIES:
        table.update(entries)
    args = model_training.get_args_parser().parse_args(arguments)
    rank = os.environ["RANK"]
    if rank != "0":
        args.models, args.metrics = args.models / rank, args.metrics / rank
    if rank in os.environ.get("FAILING_RANKS", "").split():
        model_training.Run.after_step = fail_in_the_third_step
    model_training.main(args)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
