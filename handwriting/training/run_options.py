"""The options that the command lines of all trainings share."""

import argparse
from datetime import datetime
from pathlib import Path

from handwriting.compute.devices import DEVICE_HELP, PRECISIONS
from handwriting.runs import METRICS_FOLDER, RunFiles, run_name
from handwriting.training.claims import files_to_resume


def add_run_options(parser: argparse.ArgumentParser, prefix: str, models: Path) -> None:
    """Add the options of device, precision and files; ``prefix`` is that of :func:`files_of`."""
    add = parser.add_argument
    add("--device", default="auto", help=DEVICE_HELP)
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="auto takes bf16 where the device computes in it",
    )
    add(
        "--resume",
        nargs="?",
        const="latest",
        default=None,
        metavar="RUN",
        help="continue a stopped run with its own options",
    )
    add("--name", default=None, help=f"name of the run instead of {prefix}_<date>_<time>")
    add("--models", type=Path, default=models, help="folder for weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for metrics and plots")


def files_of(args: argparse.Namespace, prefix: str) -> RunFiles:
    """Files of the new or resumed run; the name of a new one begins with ``prefix``."""
    if args.resume is not None:
        return files_to_resume(args.resume, args.models, args.metrics)
    name = run_name(prefix, datetime.now()) if args.name is None else args.name
    return RunFiles(name, args.models, args.metrics)
