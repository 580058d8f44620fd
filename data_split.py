"""Stage 2 of 4: split the training images into 90% for training and 10% for validation.

    python data_split.py

Writes data/EMNIST/processed/split.pt, which holds row numbers alone. The test set is unchanged.
"""

import argparse
from pathlib import Path

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import numpy as np
import torch
from sklearn.model_selection import train_test_split

from handwriting.cli import announce, finish, make_parser, run_script, seed
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images, save_split
from handwriting.errors import HandwritingError
from handwriting.labels import count_labels

VALIDATION_SHARE = 0.1


def split_data(dataset: LabelledImages, seed: int = 42) -> dict[str, torch.Tensor]:
    """Split rows 90 to 10, seeded and stratified by label.

    Returns:
        ``train`` and ``validation``: int64 row numbers, ascending and disjoint.

    Raises:
        HandwritingError: there are too few images to split.
    """
    labels = dataset.labels.numpy()
    rows = np.arange(len(labels))
    # A label with a single image cannot be stratified; it goes to training.
    single = np.bincount(labels, minlength=256)[labels] < 2
    try:
        train, validation = train_test_split(
            rows[~single],
            test_size=VALIDATION_SHARE,
            random_state=seed,
            stratify=labels[~single],
        )
    except ValueError as error:
        raise HandwritingError(
            f"{len(labels)} training images are too few to split 90 to 10 by label: {error} "
            "Run stage 1 on a larger archive."
        ) from error
    train = np.concatenate([train, rows[single]])
    return {
        "train": torch.from_numpy(np.sort(train)),
        "validation": torch.from_numpy(np.sort(validation)),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    parser.add_argument("--processed", type=Path, default=PROCESSED, help="folder of stage 1")
    parser.add_argument("--seed", type=seed, default=42, help="seed of the random split")
    return parser


def main(args: argparse.Namespace) -> None:
    """Load, split and save; print the class counts."""
    announce(2, reads=args.processed / "train.pt", writes=args.processed / "split.pt")
    dataset = load_images(args.processed, "train")
    split = split_data(dataset, args.seed)
    save_split(args.processed, split, args.seed)
    print(_class_table(dataset, split))
    print(
        f"{len(split['train']):,} training and {len(split['validation']):,} validation images, "
        "none in both; the test set is unchanged"
    )
    finish("python model_training.py")


def _class_table(dataset: LabelledImages, split: dict[str, torch.Tensor]) -> str:
    train, validation = (
        count_labels(dataset.labels[rows].numpy()) for rows in (split["train"], split["validation"])
    )
    lines = [f"{'label':>8} {'training':>10} {'validation':>10}"]
    for kind in ("exact", "either_case"):
        for name, count in train[kind].items():
            lines.append(f"{name:>8} {count:>10,} {validation[kind][name]:>10,}")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
