"""Time and memory of stages 1 and 2 on a generated archive of the full size, and the usual recipe.

    python benchmarks/preprocessing.py              2,255,710 rows, as the official archive
    python benchmarks/preprocessing.py --quick      a tenth of them
    python benchmarks/preprocessing.py --root DIR   the archive in DIR/EMNIST/raw instead

The generated archive has the official numbers of rows and the official overlaps: all six splits
are drawn from the same images, each with its own cut. Each side runs in a process of its own;
time is that of the whole process, memory its peak resident size. The usual recipe reads the
splits with torchvision, relabels sample by sample by name, joins them with ConcatDataset and saves
them with torch.save. The medians of the repetitions count. A further run of stage 1 is profiled.

Writes metrics/benchmark_preprocessing_full.json, _tenth.json or _<DIR>.json.
"""

import argparse
import cProfile
import json
import pstats
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from processes import PROJECT, alone, run_once

sys.path.insert(0, str(PROJECT))

from handwriting.files import replacing, save_json
from handwriting.labels import BY_NAME, SPLITS
from handwriting.synthesis.emnist_archive import (
    OFFICIAL_IMAGES,
    class_sizes,
    draw_characters,
    write_archive,
)

DRAWN = 4_000
PARTS = {
    "gather_data": "reading, unpacking, turning upright",
    "combining_datasets": "combining",
    "find_images": "  of it matching",
    "_count_leaked": "  of it counting what leaked",
    "fingerprint": "fingerprint",
    "save_prepared": "saving",
    "plot_label_examples": "two pictures of labels",
    "prepare": "all of it",
}
"""Functions of stage 1 by their names, and what they do."""


def many_pictures(images: int) -> tuple[np.ndarray, np.ndarray]:
    """``images`` different pictures: drawn ones, each copy with its number in three pixels."""
    drawn, classes = draw_characters(DRAWN, seed=0)
    wanted = np.repeat(np.arange(62, dtype=np.uint8), class_sizes(images))
    by_class = [np.flatnonzero(classes == c) for c in range(62)]
    source = np.concatenate(
        [np.resize(by_class[c], count) for c, count in enumerate(class_sizes(images))]
    )
    pictures = drawn[source]
    number = np.arange(len(wanted), dtype=">u4").view(np.uint8).reshape(-1, 4)
    pictures[:, 0, :3] = number[:, 1:]
    return pictures, wanted


def generate(root: Path, images: int) -> None:
    """Write an archive of so many pictures."""
    write_archive(root, *many_pictures(images), seed=0, level=1)


def usual_recipe(root: Path, target: Path) -> None:
    """What the usual projects do with the six splits, unpacking included."""
    import gzip

    import torch
    from torch.utils.data import ConcatDataset

    from handwriting.emnist.torchvision_compat import EMNIST

    raw = target / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in (root / "EMNIST" / "raw").glob("*.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    for train in (True, False):
        parts = []
        for split in SPLITS:
            dataset = EMNIST(target, split=split, train=train)
            labels = BY_NAME[split].tolist()
            dataset.targets = torch.tensor([labels[label] for label in dataset.targets])
            parts.append(dataset)
        torch.save(ConcatDataset(parts), target / f"{'train' if train else 'test'}.pt")


def measure(root: Path, repeats: int) -> dict[str, dict[str, list[float]]]:
    """Alternate the sides; seconds and GiB of each repetition, for stage 2 as well."""
    figures = {side: {"seconds": [], "gib": []} for side in ("ours", "stage_2", "usual")}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            for side, measured in figures.items():
                seconds, gib = run_once(side_command(side, root, Path(folder) / "out"))
                measured["seconds"].append(seconds)
                measured["gib"].append(gib)
    return figures


def side_command(side: str, root: Path, target: Path) -> list[str]:
    """The command line of one side; stage 2 goes on with what ours wrote."""
    if side == "usual":
        return [sys.executable, __file__, "--usual-recipe", str(root), str(target / "usual")]
    if side == "stage_2":
        return [sys.executable, "data_split.py", "--processed", str(target)]
    arguments = ["--root", root, "--processed", target, "--images", target]
    return [sys.executable, "data_preprocessing.py", *map(str, arguments)]


def profiled(root: Path) -> dict[str, float]:
    """Seconds of the parts of stage 1, each measured in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        parts = alone(profile_stage_1, root, Path(folder))
    seconds, _ = run_once([sys.executable, "data_preprocessing.py", "--help"])
    return {"start and imports": round(seconds, 2)} | parts


def profile_stage_1(root: Path, target: Path) -> dict[str, float]:
    """Seconds of the parts of stage 1 in this process."""
    import data_preprocessing

    profiler = cProfile.Profile()
    profiler.runcall(data_preprocessing.prepare, root, target, target)
    calls = pstats.Stats(profiler).stats.items()
    seconds = {name: cumulative for (_, _, name), (_, _, _, cumulative, _) in calls}
    return {title: round(seconds[name], 2) for name, title in PARTS.items()}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one repetition")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of each side")
    parser.add_argument("--root", type=Path, default=None, help="an archive instead of a new one")
    parser.add_argument(
        "--metrics", type=Path, default=PROJECT / "metrics", help="folder to write to"
    )
    parser.add_argument("--usual-recipe", nargs=2, type=Path, help=argparse.SUPPRESS)
    return parser


def main(args: argparse.Namespace) -> None:
    """Generate, measure, print a table and one JSON object."""
    if args.usual_recipe:
        usual_recipe(*args.usual_recipe)
        return
    repeats = 1 if args.quick else args.repeats
    with tempfile.TemporaryDirectory() as folder:
        root = args.root
        if root is None:
            root = Path(folder)
            images = OFFICIAL_IMAGES // (10 if args.quick else 1)
            alone(generate, root, images)
        figures = measure(root.resolve(), repeats)
        profile = profiled(root.resolve())
    medians = {
        f"{side}_{name}": round(statistics.median(values), 2)
        for side, measured in figures.items()
        for name, values in measured.items()
    }
    size = "tenth" if args.quick else "full"
    archive = args.root.name if args.root else f"generated, {size} size"
    print(f"archive: {archive}; whole processes, median of {repeats}")
    print(f"{'':24}{'seconds':>10}{'GiB':>8}")
    titles = {"ours": "stage 1", "stage_2": "stage 2", "usual": "stage 1, usual recipe"}
    for side, title in titles.items():
        print(f"{title:24}{medians[f'{side}_seconds']:>10.1f}{medians[f'{side}_gib']:>8.2f}")
    for part, seconds in profile.items():
        print(f"  {part:40}{seconds:>8.2f} s")
    ratios = {
        f"ratio_of_{name}": round(medians[f"usual_{name}"] / medians[f"ours_{name}"], 2)
        for name in ("seconds", "gib")
    }
    result = {"archive": archive, "repeats": repeats, **medians, **ratios, "profile": profile}
    print(json.dumps(result))
    name = args.root.resolve().name if args.root else size
    with replacing(args.metrics / f"benchmark_preprocessing_{name}.json") as (part,):
        save_json(result, part)


if __name__ == "__main__":
    main(get_args_parser().parse_args())
