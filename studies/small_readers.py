"""Small line readers that studies train: their options, and a training of one epoch."""

import argparse
from collections.abc import Sequence

import torch

from handwriting.compute.devices import choose_device, choose_precision
from handwriting.lines.network import LineReader
from handwriting.runs import RunFiles
from handwriting.training.text_run import TextRun, TextSettings

HELD_OUT = 0.1
"""Part of the writers and photographs that these trainings leave out."""


def add_reader_options(parser: argparse.ArgumentParser) -> None:
    """How large a reader is and how fast it learns."""
    add = parser.add_argument
    add("--lr", type=float, default=0.003, help="highest learning rate")
    add("--width", type=int, default=16, help="channels of the first convolution")
    add("--hidden", type=int, default=128, help="cells of the LSTM in each direction")


def small_run(
    args: argparse.Namespace, data: Sequence[str], files: RunFiles, samples: int, channels: int = 1
) -> TextRun:
    """A training of one epoch.

    Args:
        args: with the options of :func:`add_reader_options`.
        data: what it is trained on.
        files: where its files go.
        samples: of the epoch.
        channels: of a picture.
    """
    device = choose_device("auto")
    settings = TextSettings(
        tuple(data),
        epochs=1,
        lr=args.lr,
        width=args.width,
        hidden=args.hidden,
        layers=1,
        precision=choose_precision("auto", device),
    )
    torch.manual_seed(settings.seed)
    network = LineReader(args.width, args.hidden, channels=channels)
    return TextRun(settings, files, device, samples, network)
