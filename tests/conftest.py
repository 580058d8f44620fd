"""Small generated archives for the plumbing, real images where behaviour depends on them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from handwriting.synthesis.emnist_archive import draw_characters, write_archive
from tests.support import preprocess, shared_folder, split

# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """Folder whose EMNIST/raw holds real EMNIST."""
    return shared_folder("EMNIST").parent


@pytest.fixture(scope="session")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """About 1,000 generated images and their classes."""
    return draw_characters(1_000, seed=1)


@pytest.fixture(scope="session")
def archive(tmp_path_factory, drawn) -> Path:
    """A small archive in which half of the byclass training rows are missing."""
    root = tmp_path_factory.mktemp("archive")
    write_archive(root, *drawn, seed=1, byclass_share=0.5)
    return root


@pytest.fixture(scope="session")
def processed(tmp_path_factory, archive) -> Path:
    """The small archive after stages 1 and 2; tests must not change it."""
    folder = tmp_path_factory.mktemp("processed")
    preprocess(archive, folder)
    split(folder)
    return folder
