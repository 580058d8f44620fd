"""The archive's files are read whole, upright, packed or not, and nothing is left beside them."""

import gzip
import shutil

import numpy as np
import pytest
import torch

from handwriting.emnist.archive import (
    find_file,
    is_synthetic,
    missing_files,
    read_archive,
    read_idx,
)
from handwriting.emnist.label_sets import SPLITS
from handwriting.errors import HandwritingError
from handwriting.synthesis.emnist_archive import write_idx


def test_images_are_turned_upright(archive, drawn):
    training, _ = read_archive(archive)
    images = {image.tobytes() for image in drawn[0]}
    assert all(image.numpy().tobytes() in images for image in training[0].data)


def test_six_training_and_six_testing_sets_are_read(archive):
    training, testing = read_archive(archive)
    assert [dataset.split for dataset in training] == list(SPLITS)
    assert [dataset.split for dataset in testing] == list(SPLITS)
    assert all(dataset.train for dataset in training)
    assert not any(dataset.train for dataset in testing)
    assert all(d.data.dtype == torch.uint8 for d in training + testing)
    assert all(d.data.shape[1:] == (28, 28) for d in training + testing)
    assert [dataset.name for dataset in testing[:2]] == ["byclass test", "bymerge test"]


def test_what_is_written_is_read_again_packed_or_not(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    write_idx(tmp_path / "x.gz", images)
    (tmp_path / "x").write_bytes(gzip.decompress((tmp_path / "x.gz").read_bytes()))
    for name in ("x.gz", "x"):
        assert (read_idx(tmp_path / name, 0x803) == images).all()
    assert find_file(tmp_path / "x") == tmp_path / "x", "the unpacked file comes first"
    (tmp_path / "x").unlink()
    assert find_file(tmp_path / "x") == tmp_path / "x.gz"


def test_missing_files_are_listed(archive, tmp_path):
    assert missing_files(archive) == []
    assert len(missing_files(tmp_path)) == 24
    with pytest.raises(HandwritingError, match="24 of the 24"):
        read_archive(tmp_path)


def test_a_generated_archive_is_told_from_nists(archive, tmp_path):
    assert is_synthetic(archive)
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    (tmp_path / "EMNIST" / "raw" / "SYNTHETIC.txt").unlink()
    assert not is_synthetic(tmp_path)
