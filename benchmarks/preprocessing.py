"""Time and memory of stages 1 and 2 on a generated archive of full size, against the baseline.

    python -m benchmarks.preprocessing              2,255,710 rows, as the official archive
    python -m benchmarks.preprocessing --root DIR   the archive in DIR instead
    python -m benchmarks.preprocessing --csv        `byclass` alone as CSV files, stage 1

The generated archive has the official numbers of rows and overlaps: all six splits sample the same
images, each with its own cut. Each side runs in a separate process. Time is that of the whole
process, memory its peak resident size. Results are medians of the repetitions. The baseline is
`benchmarks.usual_recipe`. A further run of stage 1 is profiled.

With --save: preprocessing_full.json, for another number of images preprocessing_<images>.json, for
an archive at hand preprocessing_<DIR>.json; with --csv preprocessing_csv.json.
"""

import argparse
import cProfile
import pstats
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import FIGURES, alone, medians, run_once
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.labels import NUM_CLASSES
from handwriting.synthesis.emnist_archive import (
    OFFICIAL_IMAGES,
    class_sizes,
    cut_archive,
    draw_characters,
    write_archive,
)
from handwriting.synthesis.emnist_forms import write_csv

DRAWN = 4_000
SIDES = ("ours", "stage_2", "baseline")
PARTS = {
    "gather_data": "reading, unpacking, turning upright",
    "combining_datasets": "combining",
    "find_images": "  of it matching",
    "make_manifest": "manifest",
    "count_leaked": "  of it counting what leaked",
    "fingerprint": "fingerprint",
    "save_prepared": "saving",
    "plot_label_examples": "two pictures of labels",
    "prepare": "all of it",
}
"""Functions of stage 1 by their names, and what they do."""


def many_pictures(images: int) -> tuple[np.ndarray, np.ndarray]:
    """``images`` distinct images: rendered ones, with each copy's number in three pixels."""
    drawn, classes = draw_characters(min(DRAWN, images), seed=0)
    sizes = class_sizes(images)
    wanted = np.repeat(np.arange(NUM_CLASSES, dtype=np.uint8), sizes)
    source = [np.resize(np.flatnonzero(classes == c), count) for c, count in enumerate(sizes)]
    pictures = drawn[np.concatenate(source)]
    number = np.arange(len(wanted), dtype=">u4").view(np.uint8).reshape(-1, 4)
    pictures[:, 0, :3] = number[:, 1:]
    return pictures, wanted


def generate(root: Path, images: int) -> None:
    """Write an archive of this number of images."""
    write_archive(root, *many_pictures(images), seed=0, level=1)


def generate_csv(root: Path, images: int) -> None:
    """Write `byclass` alone in Kaggle's form, with this number of images."""
    parts = cut_archive(*many_pictures(images), seed=0)
    write_csv(root, (part for part in parts if part.split == "byclass"))


def measure_csv(images: int, repeats: int) -> dict[str, Any]:
    """Median seconds and GiB of stage 1 on CSV files, whole process."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "archive"
        alone(generate_csv, root, images)
        size = sum(path.stat().st_size for path in root.glob("*.csv"))
        command = side_command("ours", root, Path(folder) / "out")
        figures = medians(command, repeats)
    return {"archive": "generated, byclass as CSV", "csv_gb": round(size / 1e9, 2)} | figures


def measure(root: Path, repeats: int) -> dict[str, float]:
    """Medians of seconds and GiB of both sides, alternating, and of stage 2."""
    figures: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            for side, measured in figures.items():
                measured.append(run_once(side_command(side, root, Path(folder) / "out")))
    return {
        f"{side}_{name}": round(statistics.median(values), 2)
        for side, measured in figures.items()
        for name, values in zip(("seconds", "gib"), zip(*measured, strict=True), strict=True)
    }


def side_command(side: str, root: Path, target: Path) -> list[str]:
    """The command line of one side; stage 2 reads the output of our stage 1."""
    arguments = {
        "ours": ["data_preprocessing.py", "--root", root, "--processed", target],
        "stage_2": ["data_split.py", "--processed", target],
        "baseline": ["-m", "benchmarks.usual_recipe", root, target / "usual"],
    }
    return [sys.executable, *map(str, arguments[side])]


def profiled(root: Path) -> dict[str, float]:
    """Seconds of the parts of stage 1, measured in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        parts = alone(profile_stage_1, root, Path(folder))
    seconds, _ = run_once([sys.executable, "data_preprocessing.py", "--help"])
    return {"start and imports": round(seconds, 2)} | parts


def profile_stage_1(root: Path, target: Path) -> dict[str, float]:
    """Seconds of the parts of stage 1 in this process."""
    import data_preprocessing

    profiler = cProfile.Profile()
    profiler.runcall(data_preprocessing.prepare, root, target)
    calls = pstats.Stats(profiler).stats.items()
    seconds = {name: cumulative for (_, _, name), (_, _, _, cumulative, _) in calls}
    return {title: round(seconds[name], 2) for name, title in PARTS.items()}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, images=1_500, repeats=1)
    add = parser.add_argument
    add("--repeats", type=int, default=5, help="repetitions per side")
    add("--images", type=int, default=OFFICIAL_IMAGES, help="images of the generated archive")
    add("--root", type=Path, default=None, help="an archive instead of a generated one")
    add("--csv", action="store_true", help="measure stage 1 on CSV files of `byclass` only")
    return parser


def main(args: argparse.Namespace) -> None:
    """Generate, measure and print one JSON object."""
    if args.csv:
        result = measure_csv(args.images, args.repeats)
        report_measured(args, "preprocessing_csv.json", result)
        return
    with tempfile.TemporaryDirectory() as folder:
        if args.root is None:
            alone(generate, Path(folder), args.images)
        root = (args.root or Path(folder)).resolve()
        sides, profile = measure(root, args.repeats), profiled(root)
    ratios = {
        f"ratio_of_{name}": round(sides[f"baseline_{name}"] / sides[f"ours_{name}"], 2)
        for name in ("seconds", "gib")
    }
    is_full = args.images == OFFICIAL_IMAGES
    size = "full size" if is_full else f"{args.images} images"
    archive = args.root.resolve().name if args.root else f"generated, {size}"
    result = {"archive": archive, "repeats": args.repeats, **sides, **ratios, "profile": profile}
    name = archive if args.root else "full" if is_full else args.images
    report_measured(args, f"preprocessing_{name}.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
