"""Train the text-line model on words and lines.

    python text_training.py --data PENS/words.npz PENS/text.npz
    python text_training.py --init-from latest --data MY_PAGES    fine-tune on your own documents
    python text_training.py --resume             continue the newest run
    torchrun --nproc_per_node=2 text_training.py --data …    on two processes or GPUs

--data takes pen archives of words or lines; pen archives of characters and data/EMNIST/processed,
whose characters are composed to numbers, codes and programs; folders of photographed words, lines
or pages with a `text.csv` or `words.json`; folders of pages with ALTO or PAGE files; and folders of
fonts. Strokes are augmented and re-rendered in each epoch, clean or as on a photograph. A part of
the writers is held out.

After each epoch it writes the averaged weights in half precision to models/lines/<run>.pt, the
checkpoint to models/lines/checkpoints/<run>.pt, and the error rates to metrics/<run>_history.csv
and <run>_error_rates.png.
"""

import argparse
from dataclasses import fields, replace
from functools import partial
from typing import Any

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import numpy as np
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
from handwriting.datasets.text_batches import WIDTH_STEP, TextBatch, TextBatches
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.lines.decoding import greedy
from handwriting.lines.network import pad
from handwriting.lines.reader import (
    LINES_FOLDER,
    find_reader,
    load_reader_weights,
    predict_log_probs,
)
from handwriting.runs import RunFiles
from handwriting.training.claims import check_unused, claimed
from handwriting.training.epochs import Loss, train_epochs
from handwriting.training.plots import plot_error_rates
from handwriting.training.run_options import add_run_options, files_of
from handwriting.training.text_data import Measured, load_sources
from handwriting.training.text_run import (
    TextRun,
    TextSettings,
    ctc_loss,
    load_text_checkpoint,
    size_of,
)
from models import memory_format

SHORTCUT_WEIGHT = 0.1
"""Weight of the CTC loss of the convolutions alone (Retsinas et al. 2022, "Best practices for a
handwritten text recognition system")."""

FINE_TUNING: dict[str, Any] = {"lr": 0.0005, "alpha": 0.75, "held_out": 0.0}
"""Defaults with --init-from, for a person's own pages (`studies.own_documents`)."""

FINE_TUNING_DRAWS, MOST_DRAWS = 24, 20_000
"""With --init-from: how often each line is drawn, and most samples, by whole epochs."""


def text_loss(run: TextRun, batch: TextBatch) -> Loss:
    """The loss of a batch, per character in nats; it shows that of the whole network."""
    tensors = [torch.from_numpy(picture) for picture in batch.pictures]
    pictures, widths = pad(tensors, WIDTH_STEP)
    pictures = pictures.to(run.device, memory_format=memory_format(run.device))
    with autocast(run.device, run.settings.precision):
        logits, shortcut = run.trained(pictures)
    truth = widths, batch.texts, batch.is_exact
    loss, of_shortcut = ctc_loss(logits, *truth), ctc_loss(shortcut, *truth)
    return Loss(loss + SHORTCUT_WEIGHT * of_shortcut, loss, len(batch.texts))


def measure(run: TextRun, measured: list[Measured]) -> dict[str, float]:
    """Error rates on held-out writers of each data set; ``val_cer`` is the mean over the sets."""
    rates = {}
    for part in measured:
        log_probs = predict_log_probs(run.final_network, part.pictures)
        read = [greedy(rows) for rows in log_probs]
        found = text_metrics(read, part.texts)
        rates |= {f"{part.name}_{name}": found[name] for name in ("cer", "exact")}
    cers = [rate for name, rate in rates.items() if name.endswith("_cer")]
    return {"val_cer": float(np.mean(cers)), **rates} if rates else {}


def choose_settings(args: argparse.Namespace, device: torch.device) -> TextSettings:
    """The settings of the command line.

    Raises:
        HandwritingError: --data is missing, or a value is out of range.
    """
    if not args.data:
        raise HandwritingError("give pen archives of words or lines with --data.")
    is_new, precision = args.init_from is None, choose_precision(args.precision, device)
    names = {field.name for field in fields(TextSettings)} & set(vars(args))
    given = {name: getattr(args, name) for name in names - {"data", "precision", "init_from"}}
    if is_new:
        given.pop("alpha", None)
        return TextSettings(tuple(args.data), precision=precision, **given)
    start = find_reader(args.init_from, args.models)
    size = size_of(load_reader_weights(start))
    return TextSettings(
        tuple(args.data),
        precision=precision,
        init_from=start.stem,
        **FINE_TUNING | size | given,
    )


def fine_tuning_epochs(lines: int, samples: int) -> int:
    """Epochs in which each line is drawn FINE_TUNING_DRAWS times, with at most MOST_DRAWS samples.

    Args:
        lines: different lines.
        samples: of an epoch.
    """
    return max(1, round(min(FINE_TUNING_DRAWS * lines, MOST_DRAWS) / samples))


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    defaults = TextSettings(data=())

    def add_tuned(name: str, kind: type, default: float | None, words: str) -> None:
        """An option with another default when weights are fine-tuned."""
        other = f"{FINE_TUNING[name]} with --init-from"
        both = other if default is None else f"{default}; {other}"
        option = f"--{name.replace('_', '-')}"
        add(option, type=kind, default=argparse.SUPPRESS, help=f"{words} (default: {both})")

    def add_size(name: str, words: str) -> None:
        """An option of the network's size."""
        both = f"{getattr(defaults, name)}; with --init-from as in that run"
        add(f"--{name}", type=int, default=argparse.SUPPRESS, help=f"{words} (default: {both})")

    add(
        "--data",
        nargs="+",
        default=[],
        metavar="PATH",
        help="pen archives of words, lines or characters; folders of photographs, of pages with "
        "ALTO or PAGE files, or of fonts; prepared EMNIST",
    )
    add(
        "--epochs",
        type=int,
        default=argparse.SUPPRESS,
        help=f"passes over all samples (default: {defaults.epochs}; with --init-from so many that "
        f"each line is drawn {FINE_TUNING_DRAWS} times)",
    )
    add_tuned("lr", float, defaults.lr, "highest learning rate")
    add("--columns", type=int, default=defaults.columns, help="pixel columns of a batch")
    add(
        "--samples",
        type=int,
        default=defaults.samples,
        help="samples of an epoch, balanced over the sources; 0: each once",
    )
    add_tuned("held_out", float, defaults.held_out, "part of the writers to hold out")
    add(
        "--photographed",
        type=float,
        default=defaults.photographed,
        help="probability that strokes are rendered as a photograph, with a pen and a background",
    )
    add("--init-from", default=None, metavar="RUN", help="fine-tune the weights of this run")
    add_tuned(
        "alpha",
        float,
        None,
        "with --init-from: weight interpolation (WiSE-FT) from that run's weights, 0, to the new "
        "ones, 1",
    )
    add_size("width", "channels of the first convolution")
    add_size("hidden", "LSTM units in each direction")
    add_size("layers", "LSTM layers")
    add("--seed", type=int, default=defaults.seed, help="seed of weights, order and augmentation")
    add(
        "--workers",
        type=int,
        default=0,
        help="processes that render batches; 0: one thread, which is enough for CPUs",
    )
    add_run_options(parser, "lines", LINES_FOLDER)
    return parser


@joined_ranks()
def main(args: argparse.Namespace) -> None:
    """Load the data, train and save epoch by epoch."""
    if args.workers < 0:
        raise HandwritingError("--workers must be 0 or more.")
    keep_memory()
    device = own_device(choose_device(args.device))
    files = broadcast_object(lambda: files_of(args, "lines"))
    with claimed(files):
        train(args, files, device)
    print(f"next: python text_evaluation.py {files.weights} --data …")


def train(args: argparse.Namespace, files: RunFiles, device: torch.device) -> None:
    """Train a new or resumed run, whose name this process has claimed."""
    state = None
    if args.resume is None:
        settings = choose_settings(args, device)
        if is_first_rank():
            check_unused(files, files.weights, files.checkpoint, files.metric("history.csv"))
    else:
        state = load_text_checkpoint(files)
        settings = TextSettings.from_dict(state["settings"])
    data = load_sources(settings)
    batches = TextBatches(
        data.sources, settings.columns, settings.seed, rank(), world_size(), args.workers
    )
    if state is None and settings.init_from and "epochs" not in args:
        settings = replace(settings, epochs=fine_tuning_epochs(data.lines, len(batches)))
    run = TextRun(settings, files, device, len(batches), pages=data.pages)
    if state:
        run.restore(state)
    elif settings.init_from:
        run.begin_with(load_reader_weights(find_reader(args.init_from, args.models)))
    weights = sum(parameter.numel() for parameter in run.network.parameters())
    print(f"{files.name}: {device.type}, {settings.precision}, {weights:,} weights")
    held_out = ", ".join(f"{len(part.texts)} of {part.name}" for part in data.measured) or "none"
    print(f"  {len(batches)} training samples; held out: {held_out}", flush=True)
    path = files.metric("error_rates.png")
    plot = partial(plot_error_rates, run.history, files.name, path, command_line())
    train_epochs(run, batches, text_loss, lambda: measure(run, data.measured), plot)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
