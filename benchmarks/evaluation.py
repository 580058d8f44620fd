"""Time and memory of stage 4 on the test set at hand, on the official number of rows, and on twice.

    python benchmarks/evaluation.py RUN

The larger sets are the rows at hand, repeated. Time is that of the whole process, plots included;
memory its peak resident size, the memory-mapped images among it. The medians of the repetitions
count. Writes metrics/benchmark_evaluation.json.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from processes import PROJECT, alone, run_once

sys.path.insert(0, str(PROJECT))

from handwriting.errors import run_script
from handwriting.files import replacing, save_json
from handwriting.datasets.prepared import (
    PROCESSED,
    LabelledImages,
    load_images,
    load_manifest,
    save_prepared,
)
from handwriting.runs import METRICS_FOLDER, MODELS_FOLDER

OFFICIAL_ROWS = 116_323
"""Of `byclass` test (Cohen et al. 2017, table II)."""


def repeated(processed: Path, rows: int, folder: Path) -> None:
    """Write prepared data whose test set has so many rows."""
    test = load_images(processed, "test")
    chosen = torch.arange(rows) % len(test)
    many = LabelledImages(test.images[chosen], test.labels[chosen], test.fingerprint)
    one = LabelledImages(test.images[:1], test.labels[:1], test.fingerprint)
    save_prepared(folder, one, many, load_manifest(processed))


def measure(args: argparse.Namespace, rows: int) -> dict[str, float]:
    """Medians of seconds and GiB."""
    with tempfile.TemporaryDirectory() as folder:
        alone(repeated, args.processed, rows, Path(folder))
        command = [sys.executable, "model_evaluation.py", args.run, "--processed", folder]
        command += ["--models", str(args.models.resolve()), "--metrics", folder]
        figures = [run_once(command) for _ in range(args.repeats)]
    seconds, gib = zip(*figures, strict=True)
    return {
        "rows": rows,
        "seconds": round(statistics.median(seconds), 2),
        "seconds_spread": [round(min(seconds), 2), round(max(seconds), 2)],
        "gib": round(statistics.median(gib), 2),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="run to evaluate")
    add("--repeats", type=int, default=5, help="repetitions")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=PROJECT / METRICS_FOLDER, help="folder to write to")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure three sizes, print a table and one JSON object."""
    at_hand = len(load_images(args.processed, "test"))
    sizes = [measure(args, rows) for rows in (at_hand, OFFICIAL_ROWS, 2 * OFFICIAL_ROWS)]
    print(f"stage 4, {args.run}; whole process, median of {args.repeats}")
    print(f"{'rows':>10}{'seconds':>10}{'GiB':>8}")
    for row in sizes:
        print(f"{row['rows']:>10,}{row['seconds']:>10.1f}{row['gib']:>8.2f}")
    result = {"run": args.run, "repeats": args.repeats, "sizes": sizes}
    print(json.dumps(result))
    with replacing(args.metrics / "benchmark_evaluation.json") as (part,):
        save_json(result, part)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
