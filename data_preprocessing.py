"""Stage 1 of 4: gather the six EMNIST splits, standardise their labels, keep every image once.

    python data_preprocessing.py --root FOLDER      FOLDER/EMNIST/raw holds the archive
    python data_preprocessing.py --download         fetch it from NIST into data/ first
    python data_preprocessing.py --synthetic        a small generated archive, to try things out

Writes train.pt, test.pt and manifest.json to data/EMNIST/processed/. `--labels by-name` does what
the usual recipe does instead, to show what that costs.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from characters import archive, combining
from characters.combining import Images, StandardizedSplit
from characters.errors import CharactersError, run_script
from characters.labels import FIRST_PAIR
from characters.matching import RowStack, match_images
from characters.plots import plot_label_examples
from characters.prepared import PROCESSED, LabelledImages, fingerprint, save_prepared
from characters.stages import announce, finish
from characters.synthetic import draw_characters, write_archive

MOST_CONTRADICTIONS = 1 / 1000
"""Share of distinct images; the full archive has at most 14 of 814,241."""

LISTED = 20
SYNTHETIC_ROOT = Path("data/synthetic")
SYNTHETIC_IMAGES = 4_000


@dataclass
class Combined:
    """The outcome of stage 1: two sets of labelled images, what they came from, the figures."""

    train: LabelledImages
    test: LabelledImages
    images: Images
    figures: dict[str, Any]


def gather_data(
    root: Path, download: bool = False
) -> tuple[list[archive.ArchiveSplit], list[archive.ArchiveSplit]]:
    """Read the six splits from ``root/EMNIST/raw``.

    Returns:
        The six training and the six testing datasets, upright, in the order byclass, bymerge,
        balanced, letters, digits, mnist.

    Raises:
        CharactersError: files are missing or damaged, or the download failed.
    """
    if download:
        archive.download(root)
    return archive.read_archive(root)


def standardizing_label_ranges(datasets: list[archive.ArchiveSplit]) -> list[StandardizedSplit]:
    """Map every split's labels onto 0-9 -> 0..9, A-Z -> 10..35, a-z -> 36..61.

    A label that stands for a letter in either case becomes 62..87 (see `characters.labels`).
    """
    return [
        combining.standardize(dataset.split, dataset.train, dataset.data.numpy(), dataset.targets)
        for dataset in datasets
    ]


def combining_datasets(datasets: list[StandardizedSplit]) -> Combined:
    """Every image once, with the most exact label that any split gives it.

    The test set is the official `byclass` test, row by row; none of its images is in the training
    set, nor is any image that the archive labels in contradicting ways.

    Raises:
        CharactersError: more than one image in a thousand is labelled in contradicting ways.
    """
    images = combining.find_images(datasets)
    _check_contradictions(datasets, images)
    is_test_image = images.in_part[[part.is_test_set for part in datasets]].any(axis=0)
    in_other_part = images.in_part[[not part.is_test_set for part in datasets]].any(axis=0)
    kept = np.flatnonzero(~is_test_image & ~images.contradictory)
    pixels = images.stack.take(images.first[kept]).reshape(-1, 28, 28)
    train = LabelledImages(torch.from_numpy(pixels), torch.from_numpy(images.label[kept]))
    removed = int((is_test_image & in_other_part).sum())
    figures = _figures(datasets, images) | {
        "test_images_removed_from_training": removed,
        "test_rows_in_training": _count_leaked(pixels, datasets),
    }
    return Combined(train, _test_set(datasets), images, figures)


def _count_leaked(pixels: np.ndarray, datasets: list[StandardizedSplit]) -> int:
    """Rows of the test set whose pixels are in the training set: counted, not assumed."""
    test = next(part.data for part in datasets if part.is_test_set)
    first_of = match_images(RowStack([pixels, test]))
    return int((first_of[len(pixels) :] < len(pixels)).sum())


def combining_by_name(datasets: list[StandardizedSplit]) -> Combined:
    """The usual recipe: all rows of the six splits, labels by name, the six test sets together."""
    images = combining.find_images(datasets)
    in_training = images.in_part[[part.train for part in datasets]].any(axis=0)
    test_rows = np.concatenate([np.full(len(p.data), not p.train) for p in datasets])
    leaked = in_training[images.of_row[test_rows]]
    figures = _figures(datasets, images) | {
        "test_images_removed_from_training": 0,
        "test_rows_in_training": int(leaked.sum()),
    }
    train = _all_rows([part for part in datasets if part.train])
    test = _all_rows([part for part in datasets if not part.train])
    return Combined(train, test, images, figures)


def _all_rows(parts: list[StandardizedSplit]) -> LabelledImages:
    return LabelledImages(
        torch.from_numpy(np.concatenate([part.data for part in parts])),
        torch.from_numpy(np.concatenate([part.names for part in parts])),
    )


def _test_set(datasets: list[StandardizedSplit]) -> LabelledImages:
    part = next(part for part in datasets if part.is_test_set)
    return LabelledImages(torch.from_numpy(part.data), torch.from_numpy(part.targets))


def _check_contradictions(datasets: list[StandardizedSplit], images: Images) -> None:
    count = int(images.contradictory.sum())
    if count <= MOST_CONTRADICTIONS * len(images):
        return
    examples = "; ".join(
        " but ".join(f"{row} says {label}" for row, label in example["labels"].items())
        for example in combining.describe_contradictions(datasets, images, most=3)
    )
    raise CharactersError(
        f"{count} of {len(images)} images are labelled in contradicting ways, more than one in a "
        f"thousand: the labels are shuffled or wrongly mapped. For example: {examples}. "
        "Take the archive from NIST again."
    )


def _figures(datasets: list[StandardizedSplit], images: Images) -> dict[str, Any]:
    conflicts = combining.name_conflicts(datasets, images)
    shared = images.in_part.astype(np.float32) @ images.in_part.T.astype(np.float32)
    return {
        "rows": {part.name: len(part.data) for part in datasets},
        "total_rows": sum(len(part.data) for part in datasets),
        "distinct_images": len(images),
        "distinct_images_shared_by": {
            f"{first.name} + {second.name}": int(shared[i, j])
            for i, first in enumerate(datasets)
            for j, second in enumerate(datasets)
            if i < j and shared[i, j]
        },
        "contradictory_images": int(images.contradictory.sum()),
        "contradictory_examples": combining.describe_contradictions(datasets, images, LISTED),
        "byclass_class_counts": combining.count_labels(_byclass(datasets).targets)["exact"],
        "by_name_images_with_different_labels": conflicts.images,
        "by_name_wrong_rows": conflicts.wrong_rows,
        "by_name_wrong_or_contradictory_rows": conflicts.bad_rows,
    }


def _byclass(datasets: list[StandardizedSplit]) -> StandardizedSplit:
    return next(part for part in datasets if part.split == "byclass" and part.train)


def _manifest(combined: Combined, labels: str, synthetic: bool) -> dict[str, Any]:
    train, test = combined.train, combined.test
    exact = int((train.labels < FIRST_PAIR).sum())
    return {
        "source": "synthetic archive, generated by this project" if synthetic else "EMNIST",
        "synthetic": synthetic,
        "labels": labels,
        "fingerprint": train.fingerprint,
        "train_images": len(train),
        "train_images_with_exact_label": exact,
        "train_images_with_paired_label": len(train) - exact,
        "test_images": len(test),
        **combined.figures,
        "train_class_counts": combining.count_labels(train.labels.numpy()),
        "test_class_counts": combining.count_labels(test.labels.numpy()),
    }


def prepare(
    root: Path, processed: Path, pictures: Path, labels: str = "exact", download: bool = False
) -> dict[str, Any]:
    """Do the whole stage and return the manifest."""
    training, testing = gather_data(root, download)
    datasets = standardizing_label_ranges(training + testing)
    combined = combining_datasets(datasets) if labels == "exact" else combining_by_name(datasets)
    mark = fingerprint(combined.train, combined.test)
    combined.train.fingerprint = combined.test.fingerprint = mark
    synthetic = archive.is_synthetic(root)
    manifest = _manifest(combined, labels, synthetic)
    save_prepared(processed, combined.train, combined.test, manifest)
    example = combining.find_example(datasets, combined.images)
    if example is not None:
        plot_label_examples(example, synthetic, pictures)
    return manifest


def report(manifest: dict[str, Any]) -> str:
    """What a person should know about the prepared data, a line each."""
    lines = [
        f"{manifest['total_rows']:,} rows in six splits, {manifest['distinct_images']:,} different "
        "images",
        f"{manifest['contradictory_images']:,} images left out because the archive contradicts "
        "itself",
        f"labels mapped by name alone would have been wrong or contradictory in "
        f"{manifest['by_name_wrong_or_contradictory_rows']:,} rows "
        f"({manifest['by_name_images_with_different_labels']:,} images with different labels)",
    ]
    if manifest["labels"] == "exact":
        lines += [
            f"training set: {manifest['train_images']:,} images, "
            f"{manifest['train_images_with_exact_label']:,} with an exact label, "
            f"{manifest['train_images_with_paired_label']:,} known as a letter in either case",
            f"test set: {manifest['test_images']:,} images, the official byclass test; "
            f"{manifest['test_images_removed_from_training']:,} of them were removed from training",
        ]
    else:
        lines += [
            f"training set: {manifest['train_images']:,} rows; "
            f"test set: {manifest['test_images']:,} rows",
            "mapped by name, as the usual recipe does: these figures show what is wrong with it",
        ]
    leaked = manifest["test_rows_in_training"]
    share = leaked / max(manifest["test_images"], 1)
    return "\n".join([*lines, f"{leaked:,} test images in training ({share:.1%})"])


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--root", type=Path, default=Path("data"), help="folder that holds EMNIST/raw/")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--download", action="store_true", help="fetch the archive from NIST into --root first"
    )
    source.add_argument(
        "--synthetic",
        action="store_true",
        help=f"generate a small archive in {SYNTHETIC_ROOT} and use that",
    )
    add(
        "--labels",
        choices=("exact", "by-name"),
        default="exact",
        help="by-name does what the usual recipe does: all rows, contradictions and leak included",
    )
    add("--processed", type=Path, default=PROCESSED, help="folder for the prepared data")
    add("--images", type=Path, default=Path("images"), help="folder for the two label pictures")
    return parser


def main(args: argparse.Namespace) -> None:
    """Gather, standardise, combine, save."""
    root = SYNTHETIC_ROOT if args.synthetic else args.root
    announce(1, reads=root / "EMNIST" / "raw", writes=args.processed)
    if args.synthetic:
        write_archive(root, *draw_characters(SYNTHETIC_IMAGES, seed=0), seed=0)
    start = time.perf_counter()
    manifest = prepare(root, args.processed, args.images, args.labels, args.download)
    if manifest["synthetic"]:
        print("  the images are synthetic: they say nothing about handwriting")
    print(report(manifest))
    print(f"done in {time.perf_counter() - start:.1f} s")
    finish("python data_split.py")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
