"""Stage 1 of 4: gather the six EMNIST splits, standardise their labels, keep each image once.

    python data_preprocessing.py --root FOLDER      FOLDER holds the archive, in any form
    python data_preprocessing.py --root gzip.zip    the archive as NIST or Kaggle packs it
    python data_preprocessing.py --download         fetch it from NIST into data/ first
    python data_preprocessing.py --synthetic        a small generated archive, for a trial run

Forms of the archive: NIST's IDX files (gzipped or not) or MATLAB files, Kaggle's CSV files, or the
Parquet files of data hubs. They may lie in FOLDER, in FOLDER/EMNIST/raw, in a folder with the name
of a download, or in a zip file. Only the split byclass is required.

Writes train.pt, test.pt and manifest.json to data/EMNIST/processed/, and two plots of labels
beside them. `--labels by-name` is the baseline: all rows, labels matched by name alone.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import numpy as np
import torch

from handwriting.cli import announce, finish, make_parser, run_script
from handwriting.datasets.prepared import PROCESSED, LabelledImages, fingerprint, save_prepared
from handwriting.emnist import archive, merging, report
from handwriting.emnist.merging import Combined, StandardizedSplit
from handwriting.synthesis.emnist_archive import draw_characters, write_archive

SYNTHETIC_ROOT = Path("data/synthetic")
SYNTHETIC_IMAGES = 4_000


def gather_data(
    root: Path, download: bool = False
) -> tuple[list[archive.ArchiveSplit], list[archive.ArchiveSplit]]:
    """Read the splits in a folder or zip file, and print their sources.

    Args:
        root: the folder or zip file.
        download: fetch the archive from NIST into ``root`` first.

    Returns:
        The training and the test sets, at most six each, upright, in the order byclass, bymerge,
        balanced, letters, digits, mnist.

    Raises:
        HandwritingError: `byclass` is missing, a file is damaged, or the download failed.
    """
    if download:
        archive.download(root)
    located = archive.locate(root)
    print("".join(f"  {note}\n" for note in located.notes()), end="", flush=True)
    return archive.read_archive(root, located)


def standardizing_label_ranges(datasets: list[archive.ArchiveSplit]) -> list[StandardizedSplit]:
    """Map the labels of all splits to one set: 0-9 -> 0..9, A-Z -> 10..35, a-z -> 36..61.

    A label for a letter in either case becomes 62..87 (see `handwriting.labels`).
    """
    return [
        merging.standardize(
            dataset.split, dataset.train, dataset.data.numpy(), dataset.targets.numpy()
        )
        for dataset in datasets
    ]


def combining_datasets(datasets: list[StandardizedSplit]) -> Combined:
    """Keep each image once, with the most exact label of any split.

    The test set is the official `byclass` test set, row by row. The training set excludes its
    images, and images with contradictory labels.

    Raises:
        HandwritingError: more than one image in a thousand has contradictory labels.
    """
    images = merging.find_images(datasets)
    report.check_contradictions(datasets, images)
    is_test_image = images.held_by([part.is_test_set for part in datasets])
    in_other_part = images.held_by([not part.is_test_set for part in datasets])
    kept = np.flatnonzero(~is_test_image & ~images.contradictory)
    pixels = images.stack.take(images.first[kept]).reshape(-1, 28, 28)
    train = LabelledImages(torch.from_numpy(pixels), torch.from_numpy(images.label[kept]))
    test = next(part for part in datasets if part.is_test_set)
    return Combined(
        train,
        LabelledImages(torch.from_numpy(test.data), torch.from_numpy(test.targets)),
        images,
        removed=int((is_test_image & in_other_part).sum()),
    )


def combining_by_name(datasets: list[StandardizedSplit]) -> Combined:
    """The baseline: all rows of the six splits, labels by name, the six test sets together."""
    training = [part for part in datasets if part.train]
    testing = [part for part in datasets if not part.train]
    return Combined(_all_rows(training), _all_rows(testing), merging.find_images(datasets))


def _all_rows(parts: list[StandardizedSplit]) -> LabelledImages:
    return LabelledImages(
        torch.from_numpy(np.concatenate([part.data for part in parts])),
        torch.from_numpy(np.concatenate([part.names for part in parts])),
    )


def prepare(
    root: Path,
    processed: Path,
    pictures: Path | None = None,
    labels: str = "exact",
    download: bool = False,
) -> dict[str, Any]:
    """Run the whole stage and return the manifest.

    Args:
        root: folder or zip file with the archive.
        processed: folder for the prepared data.
        pictures: folder for the two plots of labels; ``processed`` by default.
        labels: ``exact`` or ``by-name``.
        download: fetch the archive from NIST into ``root`` first.

    Raises:
        HandwritingError: as :func:`gather_data` and :func:`combining_datasets`.
    """
    training, testing = gather_data(root, download)
    datasets = standardizing_label_ranges(training + testing)
    combine = combining_by_name if labels == "by-name" else combining_datasets
    combined = combine(datasets)
    mark = fingerprint(combined.train, combined.test)
    combined.train.fingerprint = combined.test.fingerprint = mark
    synthetic = training[0].located.is_synthetic()
    manifest = report.make_manifest(datasets, combined, labels, synthetic)
    save_prepared(processed, combined.train, combined.test, manifest)
    example = report.find_example(datasets, combined.images)
    if example is not None:
        report.plot_label_examples(example, synthetic, pictures or processed)
    return manifest


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--root", type=Path, default=Path("data"), help="folder or zip file with the archive")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--download", action="store_true", help="fetch the archive from NIST into --root first"
    )
    source.add_argument(
        "--synthetic",
        action="store_true",
        help=f"generate a small archive in {SYNTHETIC_ROOT} and use it",
    )
    add(
        "--labels",
        choices=("exact", "by-name"),
        default="exact",
        help="exact: each image once, with its exact label; by-name: the baseline, all rows with "
        "contradictory labels and leakage",
    )
    add("--processed", type=Path, default=PROCESSED, help="folder for the prepared data")
    add(
        "--images",
        type=Path,
        default=None,
        help="folder for the two plots of labels instead of that of --processed",
    )
    return parser


def main(args: argparse.Namespace) -> None:
    """Gather, standardise, combine, save."""
    root = SYNTHETIC_ROOT if args.synthetic else args.root
    announce(1, reads=root, writes=args.processed)
    if args.synthetic:
        write_archive(root, *draw_characters(SYNTHETIC_IMAGES, seed=0), seed=0)
    start = time.perf_counter()
    manifest = prepare(root, args.processed, args.images, args.labels, args.download)
    if manifest["synthetic"]:
        print("  the images are synthetic: metrics on them say nothing about handwriting")
    print(report.describe(manifest))
    print(f"done in {time.perf_counter() - start:.1f} s")
    finish("python data_split.py")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
