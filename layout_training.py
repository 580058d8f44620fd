"""Train the layout network, which finds the text lines of a picture.

    python layout_training.py --data PAGES/copiste PAGES/letters --pens PENS --fonts FONTS
    python layout_training.py --resume           continue the newest run
    torchrun --nproc_per_node=2 layout_training.py --data …    on two processes or GPUs

--data takes folders of pages with ALTO or PAGE files. A part of the writers is held out. Beside
them it learns from composed pages, of which no file is needed: --pens and --fonts make them richer.

After each epoch it writes the averaged weights in half precision to models/layout/<run>.pt, the
checkpoint to models/layout/checkpoints/<run>.pt, and the rates on held-out writers to
metrics/<run>_history.csv and <run>_layout_rates.png.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from functools import partial

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import torch

from handwriting.cli import command_line, make_parser, run_script
from handwriting.compute.devices import (
    autocast,
    choose_device,
    choose_precision,
    keep_memory,
)
from handwriting.compute.distributed import (
    broadcast_object,
    is_first_rank,
    joined_ranks,
    own_device,
    rank,
    world_size,
)
from handwriting.datasets.layout_batches import LayoutBatches, LayoutSample
from handwriting.errors import HandwritingError
from handwriting.pages.layout import LAYOUT_FOLDER, find_layout, load_layout_weights
from handwriting.runs import RunFiles
from handwriting.training.claims import check_unused, claimed
from handwriting.training.epochs import Loss, train_epochs
from handwriting.training.layout_data import load_layout_data
from handwriting.training.layout_run import (
    LayoutBatch,
    LayoutRun,
    LayoutSettings,
    layout_counts,
    layout_loss,
    layout_rates,
    load_layout_checkpoint,
)
from handwriting.training.plots import plot_layout_rates
from handwriting.training.run_options import add_run_options, files_of


def loss_of(run: LayoutRun, samples: Sequence[LayoutSample]) -> Loss:
    """The loss of a batch."""
    truth = LayoutBatch.of(samples, run.device)
    with autocast(run.device, run.settings.precision):
        maps, directions = run.trained(truth.pictures)
    loss = layout_loss(maps, directions, truth)
    return Loss(loss, loss, len(samples))


@torch.inference_mode()
def measure(run: LayoutRun, measured: Sequence[LayoutSample]) -> dict[str, float]:
    """Rates of `layout_rates` on samples of held-out writers, with the averaged weights."""
    counts: Counter[str] = Counter()
    network = run.average.module.eval()
    for first in range(0, len(measured), run.settings.batch):
        truth = LayoutBatch.of(measured[first : first + run.settings.batch], run.device)
        with autocast(run.device, run.settings.precision):
            maps, directions = network(truth.pictures)
        counts.update(layout_counts(maps, directions, truth))
    return layout_rates(counts) if counts else {}


def choose_settings(args: argparse.Namespace, device: torch.device) -> LayoutSettings:
    """The settings of the command line.

    Raises:
        HandwritingError: --data is missing, or a value is out of range.
    """
    if not args.data and args.composed < 1:
        raise HandwritingError("give folders of pages with --data, or --composed 1 without any.")
    names = ("pens", "fonts", "composed", "epochs", "samples", "batch", "lr", "held_out", "seed")
    found = None if args.init_from is None else find_layout(args.init_from, args.models).stem
    return LayoutSettings(
        tuple(args.data),
        precision=choose_precision(args.precision, device),
        init_from=found,
        **{name: getattr(args, name) for name in names},
    )


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    defaults = LayoutSettings(data=())
    add("--data", nargs="+", default=[], metavar="PATH", help="folders of ALTO or PAGE files")
    add("--pens", default=None, metavar="PATH", help="folder of pen archives, for composed pages")
    add("--fonts", default=None, metavar="PATH", help="folder of fonts that imitate handwriting")
    add(
        "--composed",
        type=float,
        default=defaults.composed,
        help="share of composed pages among the samples, 0 to 1",
    )
    add("--epochs", type=int, default=defaults.epochs, help="passes over --samples samples")
    add("--samples", type=int, default=defaults.samples, help="samples in an epoch")
    add("--batch", type=int, default=defaults.batch, help="samples per step, on each rank")
    add("--lr", type=float, default=defaults.lr, help="highest learning rate")
    add("--held-out", type=float, default=defaults.held_out, help="part of the writers to hold out")
    add("--init-from", default=None, metavar="RUN", help="start from the weights of this run")
    add("--seed", type=int, default=defaults.seed, help="seed of weights and samples")
    add("--workers", type=int, default=1, help="processes that draw samples")
    add_run_options(parser, "layout", LAYOUT_FOLDER)
    return parser


@joined_ranks()
def main(args: argparse.Namespace) -> None:
    """Load the data, train and save epoch by epoch."""
    if args.workers < 0:
        raise HandwritingError("--workers must be 0 or more.")
    keep_memory()
    device = own_device(choose_device(args.device))
    files = broadcast_object(lambda: files_of(args, "layout"))
    with claimed(files):
        train(args, files, device)
    print(f"next: python read_picture.py PICTURE --layout-model {files.weights}")


def train(args: argparse.Namespace, files: RunFiles, device: torch.device) -> None:
    """Train a new or resumed run, whose name this process has claimed."""
    state = None
    if args.resume is None:
        settings = choose_settings(args, device)
        if is_first_rank():
            check_unused(files, files.weights, files.checkpoint, files.metric("history.csv"))
    else:
        state = load_layout_checkpoint(files)
        settings = LayoutSettings.from_dict(state["settings"])
    data = load_layout_data(
        settings.data, settings.held_out, settings.composed, settings.pens, settings.fonts
    )
    batches = LayoutBatches(
        data.sources,
        settings.samples,
        settings.batch,
        settings.seed,
        rank(),
        world_size(),
        args.workers,
    )
    run = LayoutRun(settings, files, device, len(batches))
    if state:
        run.restore(state)
    elif settings.init_from:
        run.begin_with(load_layout_weights(find_layout(args.init_from, args.models)))
    weights = sum(parameter.numel() for parameter in run.network.parameters())
    print(f"{files.name}: {device.type}, {settings.precision}, {weights:,} weights", flush=True)
    path = files.metric("layout_rates.png")
    plot = partial(plot_layout_rates, run.history, files.name, path, command_line())
    train_epochs(run, batches, loss_of, lambda: measure(run, data.measured), plot)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
