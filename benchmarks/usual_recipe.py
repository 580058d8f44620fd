"""The baseline for stage 1, which `benchmarks.preprocessing` measures.

    python -m benchmarks.usual_recipe ROOT TARGET

It unpacks ROOT/EMNIST/raw, reads the six splits with torchvision, relabels each sample by name,
joins the splits with ConcatDataset and saves train.pt and test.pt with torch.save, all in TARGET.
"""

import argparse
import gzip
from pathlib import Path

import torch
from torch.utils.data import ConcatDataset

from handwriting.cli import make_parser, run_script
from handwriting.emnist.label_sets import BY_NAME, SPLITS
from handwriting.emnist.torchvision_compat import EMNIST


def prepare(root: Path, target: Path) -> None:
    """Run the whole baseline."""
    raw = target / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in (root / "EMNIST" / "raw").glob("*.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    for part in ("train", "test"):
        datasets = []
        for split in SPLITS:
            dataset = EMNIST(target, split=split, train=part == "train")
            labels = BY_NAME[split].tolist()
            dataset.targets = torch.tensor([labels[label] for label in dataset.targets])
            datasets.append(dataset)
        torch.save(ConcatDataset(datasets), target / f"{part}.pt")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder that holds EMNIST/raw")
    parser.add_argument("target", type=Path, metavar="TARGET", help="folder to write to")
    return parser


def main(args: argparse.Namespace) -> None:
    """Run the baseline with the options of the command line."""
    prepare(args.root, args.target)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
