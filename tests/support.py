"""What several tests use: folders of real images, stages as functions, random weights."""

import os
from pathlib import Path

import pytest
import torch

import data_preprocessing
import data_split
from handwriting.runs import save_weights
from models import MODELS

PROJECT = Path(__file__).parent.parent
SHARED = PROJECT.parent / "shared"


def shared_folder(name: str) -> Path:
    """A folder of real images; the test is skipped where a clone has none."""
    folder = SHARED / name
    if not folder.is_dir():
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(f"{folder} is missing, and REQUIRE_ALL is set")
        pytest.skip(f"needs the real images of {folder}, which are not part of the project")
    return folder


def preprocess(root: Path, folder: Path, *more: str) -> None:
    """Run stage 1 into ``folder``."""
    arguments = ["--root", str(root), "--processed", str(folder)]
    data_preprocessing.main(data_preprocessing.get_args_parser().parse_args([*arguments, *more]))


def split(folder: Path) -> None:
    """Run stage 2 in ``folder``."""
    data_split.main(data_split.get_args_parser().parse_args(["--processed", str(folder)]))


def training_arguments(processed: Path, folder: Path, *more: str) -> list[str]:
    """Options of stage 3 that leave all files in ``folder``."""
    return [
        *("--processed", str(processed), "--models", str(folder / "models")),
        *("--metrics", str(folder / "metrics"), "--precision", "fp32", "--device", "cpu"),
        *more,
    ]


def random_weights(folder: Path, name: str, model: str = "customcnn", **facts: object) -> Path:
    """A weights file of an untrained network."""
    torch.manual_seed(len(name))
    path = folder / f"{name}.pt"
    network = MODELS[model]()
    save_weights(path, network.state_dict(), {"model": model, "synthetic": True, **facts})
    return path
