"""Time and memory of stage 4 on the test set at hand, on the official number of rows, and twice
that.

    python -m benchmarks.evaluation RUN

The larger sets repeat the rows at hand. Time is that of the whole process, including plots. Memory
is its peak resident size, including images. Results are medians of the repetitions. With --save:
evaluation.json.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import FIGURES, alone, medians
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.datasets.prepared import PROCESSED, load_images, load_manifest, save_prepared
from handwriting.runs import MODELS_FOLDER, find_run

OFFICIAL_ROWS = 116_323
"""Rows of `byclass` test (Cohen et al. 2017, table II)."""


def repeated(processed: Path, rows: int, folder: Path) -> None:
    """Write prepared data with a test set of this number of rows."""
    test = load_images(processed, "test")
    many = test.subset(torch.arange(rows) % len(test))
    one = test.subset(torch.arange(1))
    save_prepared(folder, one, many, load_manifest(processed))


def measure(weights: Path, processed: Path, rows: int, repeats: int) -> dict[str, Any]:
    """Medians of seconds and GiB of stage 4 on this number of test images."""
    with tempfile.TemporaryDirectory() as folder:
        alone(repeated, processed, rows, Path(folder))
        command = [sys.executable, "model_evaluation.py", str(weights.resolve())]
        command += ["--processed", folder, "--metrics", folder]
        figures = medians(command, repeats)
    return {"rows": rows, **figures}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, repeats=1, rows=[])
    add = parser.add_argument
    add("run", metavar="RUN", help="run to evaluate")
    add("--repeats", type=int, default=5, help="repetitions")
    add(
        "--rows",
        type=int,
        nargs="*",
        default=[OFFICIAL_ROWS, 2 * OFFICIAL_ROWS],
        help="sizes of further test sets",
    )
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure all sizes and print one JSON object."""
    run = find_run(args.run, args.models)
    at_hand = len(load_images(args.processed, "test"))
    sizes = [
        measure(run.weights, args.processed, rows, args.repeats) for rows in (at_hand, *args.rows)
    ]
    result = {"run": run.name, "repeats": args.repeats, "sizes": sizes}
    report_measured(args, "evaluation.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
