"""The archive's files are read whole and upright, packed or not, and nothing is left on disk."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from handwriting.emnist.archive import ArchiveSplit, locate, missing_files, read_archive
from handwriting.emnist.files import ArchiveFile
from handwriting.emnist.forms import idx
from handwriting.emnist.label_sets import SPLITS
from handwriting.errors import HandwritingError
from handwriting.synthesis.emnist_archive import write_idx


def read(path: Path, magic: int = idx.IMAGE_MAGIC) -> np.ndarray:
    return idx.read_idx(ArchiveFile(path, path.stat().st_size), magic, "byclass")


def some_images(rows: int = 7) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (rows, 28, 28), dtype=np.uint8)


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
    write_idx(tmp_path / "x.gz", some_images())
    (tmp_path / "x").write_bytes(gzip.decompress((tmp_path / "x.gz").read_bytes()))
    shutil.copy(tmp_path / "x.gz", tmp_path / "packed, but not by name")
    for path in tmp_path.iterdir():
        assert (read(path) == some_images()).all()


def test_gzip_files_of_several_members_are_read(tmp_path):
    write_idx(tmp_path / "x.gz", some_images())
    whole = gzip.decompress((tmp_path / "x.gz").read_bytes())
    members = [whole[:10], whole[10:1000], b"", whole[1000:]]
    (tmp_path / "x.gz").write_bytes(b"".join(map(gzip.compress, members)))
    assert (read(tmp_path / "x.gz") == some_images()).all()


@pytest.mark.parametrize("rows", [100_000, 900_000])
def test_no_more_is_unpacked_than_a_file_of_real_images_can_hold(tmp_path, rows, monkeypatch):
    """814,255 blank images take 0.6 MB and would fill 0.6 GB."""
    header = bytes([0, 0, 8, 3]) + np.array([rows, 28, 28], dtype=">u4").tobytes()
    (tmp_path / "x.gz").write_bytes(gzip.compress(header + bytes(10_000)))
    monkeypatch.setattr(np, "empty", None)
    with pytest.raises(HandwritingError, match=rf"x\.gz .*promises {rows} rows, more than it can"):
        read(tmp_path / "x.gz")


def test_no_more_rows_are_read_than_a_split_has(tmp_path, monkeypatch):
    monkeypatch.setitem(idx.check_row_count.__globals__["IMAGES_OF_SPLIT"], "byclass", 6)
    write_idx(tmp_path / "x.gz", some_images(6))
    assert len(read(tmp_path / "x.gz")) == 6
    write_idx(tmp_path / "x.gz", some_images(7))
    with pytest.raises(HandwritingError, match="more rows than the 6 of byclass"):
        read(tmp_path / "x.gz")


@pytest.mark.parametrize("same", [True, False])
def test_a_packed_and_an_unpacked_file_that_differ_are_named(archive, tmp_path, same):
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    packed = tmp_path / "EMNIST" / "raw" / "emnist-digits-test-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(packed.read_bytes()))
    content[-1] ^= 0 if same else 1
    packed.with_suffix("").write_bytes(content)
    located = locate(tmp_path)
    (line,) = [note for note in located.notes() if "differ" in note] or [""]
    assert line == ("" if same else f"{packed.with_suffix('')} and {packed.name} differ: "
                    f"{packed.stem} is used")  # fmt: skip
    assert packed.with_suffix("") in {file.path for file in located.used}


def test_a_part_that_is_missing_is_left_out_or_named(archive, tmp_path):
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    raw = tmp_path / "EMNIST" / "raw"
    (raw / "emnist-digits-train-labels-idx1-ubyte.gz").unlink()
    for path in raw.glob("emnist-letters-*"):
        path.unlink()
    training, testing = read_archive(tmp_path)
    assert [part.split for part in training] == ["byclass", "bymerge", "balanced", "mnist"]
    assert [part.split for part in testing] == ["byclass", "bymerge", "balanced", "digits", "mnist"]
    assert "missing, but not required: letters, digits train" in locate(tmp_path).notes()
    with pytest.raises(HandwritingError, match="does not hold letters test"):
        ArchiveSplit(tmp_path, "letters", train=False)


def test_without_byclass_one_line_says_what_there_is(archive, tmp_path):
    assert missing_files(archive) == []
    assert len(missing_files(tmp_path)) == 24
    with pytest.raises(HandwritingError, match=r"not hold EMNIST .*Found: no file of any form"):
        read_archive(tmp_path)
    with pytest.raises(HandwritingError, match=r"nowhere does not exist\. .*--download"):
        read_archive(tmp_path / "nowhere")
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    for path in (tmp_path / "EMNIST" / "raw").glob("emnist-byclass-test-*"):
        path.unlink()
    with pytest.raises(
        HandwritingError, match="IDX files of byclass train, bymerge, balanced, let"
    ):
        read_archive(tmp_path)


def test_a_generated_archive_is_told_from_nists(archive, tmp_path):
    assert locate(archive).is_synthetic()
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    (tmp_path / "EMNIST" / "raw" / "SYNTHETIC.txt").unlink()
    assert not locate(tmp_path).is_synthetic()
