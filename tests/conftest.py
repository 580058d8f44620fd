"""Small generated archives for the plumbing, real images where behaviour depends on them."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import data_preprocessing
import data_split
from characters.synthetic import draw_characters, write_archive

# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

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


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """Folder whose EMNIST/raw holds real EMNIST."""
    return shared_folder("EMNIST").parent


@pytest.fixture(scope="session")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """About 1,000 generated pictures and their classes."""
    return draw_characters(1_000, seed=1)


@pytest.fixture(scope="session")
def archive(tmp_path_factory, drawn) -> Path:
    """A small archive in which half of the byclass training rows are missing."""
    root = tmp_path_factory.mktemp("archive")
    write_archive(root, *drawn, seed=1, byclass_share=0.5)
    return root


def preprocess(root: Path, folder: Path, *more: str) -> None:
    """Run stage 1 into ``folder``."""
    arguments = ["--root", str(root), "--processed", str(folder), "--images", str(folder)]
    data_preprocessing.main(data_preprocessing.get_args_parser().parse_args([*arguments, *more]))


def split(folder: Path) -> None:
    """Run stage 2 in ``folder``."""
    data_split.main(data_split.get_args_parser().parse_args(["--processed", str(folder)]))


@pytest.fixture(scope="session")
def processed(tmp_path_factory, archive) -> Path:
    """The small archive after stages 1 and 2; tests must not change it."""
    folder = tmp_path_factory.mktemp("processed")
    preprocess(archive, folder)
    split(folder)
    return folder
