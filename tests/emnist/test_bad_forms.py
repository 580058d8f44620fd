"""An invalid archive, or part of one, is reported in one line."""

import gzip
import io
import random
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest
import scipy.io

from handwriting.emnist import files
from handwriting.emnist.archive import read_archive
from handwriting.emnist.forms import common, matlab
from handwriting.errors import HandwritingError
from handwriting.synthesis.emnist_archive import GeneratedPart
from handwriting.synthesis.emnist_forms import as_png, write_csv, write_matlab, write_parquet

TRAIN_CSV = "emnist-byclass-train.csv"


def byclass(train_labels: np.ndarray) -> list[GeneratedPart]:
    """Tall bars, on their side as NIST stores them."""
    rng = np.random.default_rng(0)
    parts = []
    for part, labels in (("train", train_labels), ("test", np.arange(3, dtype=np.uint8))):
        images = np.zeros((len(labels), 28, 28), dtype=np.uint8)
        images[:, 12:16, 2:26] = rng.integers(1, 256, (len(labels), 4, 24), dtype=np.uint8)
        parts.append(GeneratedPart("byclass", part, images, labels))
    return parts


@pytest.fixture
def parts() -> list[GeneratedPart]:
    return byclass(np.arange(62, dtype=np.uint8))


def refusal(root: Path) -> str:
    """The one line that a person reads."""
    with pytest.raises(HandwritingError) as caught:
        read_archive(root)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 700
    return line


def replaced(row: int, column: int, text: str):
    """Change one cell of a CSV file."""

    def change(content: bytes) -> bytes:
        lines = [line.split(",") for line in content.decode().splitlines()]
        lines[row][column] = text
        return "\n".join(map(",".join, lines)).encode() + b"\n"

    return change


BAD_CSV = {
    "783 pixels": (lambda c: b"\n".join(r[:-2] for r in c.split(b"\n")), "columns are 784, not"),
    "785 pixels": (lambda c: c.replace(b"\n", b",0\n"), "its columns are 786, not label and 784"),
    "one long row": (replaced(7, 3, "0,0"), "Expected 785 columns, got 786"),
    "text in a pixel": (replaced(7, 3, "ink"), "Row #8: CSV conversion error to uint8: .* 'ink'"),
    "a pixel above 255": (replaced(7, 3, "256"), "0 to 255 .*'256'"),
    "a pixel below 0": (replaced(7, 3, "-1"), "0 to 255 .*'-1'"),
    "a broken pixel": (replaced(7, 3, "0.5"), "0 to 255 .*'0.5'"),
    "an empty pixel": (replaced(7, 3, ""), "0 to 255 .*''"),
    "a label of no split": (replaced(7, 0, "62"), "label 62 of row 7 is not a label of the split"),
    "cut in a row": (lambda c: c[: len(c) - 700], "Row #62: Expected 785 columns"),
    "cut behind a comma": (lambda c: c[:-2], "0 to 255 .*Row #62.*''"),
    "0 bytes": (lambda c: b"", "it is empty"),
    "a header alone": (lambda c: b"label" + b",pixel" * 784 + b"\n", "[Nn]o image|is empty"),
    "gzip cut short": (lambda c: gzip.compress(c)[:-100], "cut short"),
    "gzip broken": (lambda c: gzip.compress(c)[:50] + bytes(9) + gzip.compress(c)[59:], "broken"),
    "no text": (lambda c: random.Random(0).randbytes(3000), "its columns are|it is empty"),
}


@pytest.mark.parametrize("how", BAD_CSV)
def test_a_bad_csv_file_is_named(parts, tmp_path, how):
    write_csv(tmp_path, parts)
    path, (change, words) = tmp_path / TRAIN_CSV, BAD_CSV[how]
    path.write_bytes(change(path.read_bytes()))
    line = refusal(tmp_path)
    assert str(path) in line and re.search(words, line)


GOOD_CSV = {
    "a header": lambda c: b"label" + b",pixel" * 784 + b"\n" + c,
    "a quoted header": lambda c: b'"label"' + b',"1x1"' * 784 + b"\r\n" + c,
    "gzipped without the ending": gzip.compress,
    "lines as on Windows": lambda c: b"\xef\xbb\xbf" + c.replace(b"\n", b"\r\n"),
    "no newline at the end": lambda c: c[:-1],
}


@pytest.mark.parametrize("how", GOOD_CSV)
def test_csv_files_that_only_look_different_are_read(parts, tmp_path, how):
    write_csv(tmp_path, parts)
    path = tmp_path / TRAIN_CSV
    path.write_bytes(GOOD_CSV[how](path.read_bytes()))
    (train,), _ = read_archive(tmp_path)
    assert (train.data.numpy() == parts[0].images.transpose(0, 2, 1)).all()
    assert (train.targets.numpy() == parts[0].labels).all()


def test_labels_of_another_split_are_noticed_even_where_all_of_them_are_in_range(tmp_path):
    write_csv(tmp_path, byclass(np.resize(np.arange(47, dtype=np.uint8), 500)))
    assert "no label is above 46 though byclass has 62 classes" in refusal(tmp_path)


def test_csv_files_of_something_else_are_named(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.csv").write_text("file,character\n1.png,A\n")
    (tmp_path / "e.csv").write_text(",".join(["0"] * 785))
    line = refusal(tmp_path)
    assert "Found: 4 CSV files whose columns are not label and 784 pixels, 1 CSV files" in line
    assert "--download" in line and "--synthetic" in line


def write_mat(path: Path, content: dict) -> None:
    scipy.io.savemat(path, content)


BAD_MAT = {
    "version 7.3": (lambda p: p.write_bytes(b"MATLAB 7.3 MAT-file, Platform".ljust(512)), "-v7"),
    "HDF5": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600)), "version 7.3"),
    "something else": (lambda p: write_mat(p, {"x": np.eye(3)}), "no dataset.train.images"),
    "no structure": (lambda p: write_mat(p, {"dataset": np.eye(3)}), "no dataset.train.images"),
    "text": (lambda p: p.write_bytes(b"hello" * 99), "SciPy cannot read it"),
    "0 bytes": (lambda p: p.write_bytes(b""), "SciPy cannot read it"),
    "cut short": (lambda p: p.write_bytes(p.read_bytes()[:-500]), "SciPy cannot read it"),
    "other pixels": (
        lambda p: write_mat(
            p, {"dataset": {"train": {"images": np.zeros((2, 783)), "labels": [[1], [2]]}}}
        ),
        "lacks 784 pixels of 8 bits",
    ),
}


@pytest.mark.parametrize("how", BAD_MAT)
def test_a_bad_matlab_file_is_named(parts, tmp_path, how):
    write_matlab(tmp_path, parts)
    path, (change, words) = tmp_path / "emnist-byclass.mat", BAD_MAT[how]
    change(path)
    line = refusal(tmp_path)
    assert str(path) in line and words in line


def test_a_matlab_file_is_not_unpacked_beyond_a_limit(parts, tmp_path, monkeypatch):
    write_matlab(tmp_path, parts)
    path = tmp_path / "emnist-byclass.mat"
    assert path.stat().st_size < 20_000 < 62 * 784
    monkeypatch.setattr(matlab, "LARGEST", 20_000)
    monkeypatch.setattr(matlab, "loadmat", None)
    assert "unpacks to more than" in refusal(tmp_path)


def parquet(**columns: list) -> "callable":
    return lambda path: pandas.DataFrame(columns).to_parquet(path)


IMAGE = as_png(np.eye(28, dtype=np.uint8))
BAD_PARQUET = {
    "no images": (parquet(text=["a"], label=[1]), "its columns are text, label, not image"),
    "no labels": (parquet(image=[IMAGE]), "its columns are image, not image and label"),
    "labels in words": (parquet(image=[IMAGE], label=["A"]), "labels are not whole numbers"),
    "images in words": (parquet(image=["a.png"], label=[1]), "does not have the bytes of a PNG"),
    "a missing image": (parquet(image=[IMAGE, None], label=[1, 2]), "does not have the bytes"),
    "no PNG": (parquet(image=[b"%!PS"], label=[1]), "an image is not a sound PNG"),
    "a cut PNG": (parquet(image=[IMAGE[:-30]], label=[1]), "an image is not a sound PNG"),
    "another size": (
        parquet(image=[as_png(np.zeros((28, 29), np.uint8))], label=[1]), "29x28, not 28x28",
    ),
    "another label": (parquet(image=[IMAGE], label=[62]), "label 62 of row 0"),
    "a label below 0": (parquet(image=[IMAGE], label=[-1]), "label -1 of row 0"),
    "text": (lambda path: path.write_bytes(b"hello" * 99), "not a readable Parquet"),
    "0 bytes": (lambda path: path.write_bytes(b""), "not a readable Parquet"),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:-99]), "not a readable Parquet"),
}  # fmt: skip


@pytest.mark.parametrize("how", BAD_PARQUET)
def test_a_bad_parquet_file_is_named(parts, tmp_path, how):
    write_parquet(tmp_path, parts)
    path = tmp_path / "emnist-byclass" / "train-00000-of-00001.parquet"
    change, words = BAD_PARQUET[how]
    change(path)
    line = refusal(tmp_path)
    assert str(path) in line and words in line


def test_several_files_of_one_part_are_read_in_their_order(parts, tmp_path):
    write_parquet(tmp_path, parts)
    folder = tmp_path / "emnist-byclass"
    whole = pandas.read_parquet(folder / "train-00000-of-00001.parquet")
    whole[20:].to_parquet(folder / "train-00001-of-00002.parquet")
    whole[:20].to_parquet(folder / "train-00000-of-00002.parquet")
    (folder / "train-00000-of-00001.parquet").unlink()
    (train,), _ = read_archive(tmp_path)
    assert (train.targets.numpy() == parts[0].labels).all()


def zip_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return stream.getvalue()


def lying(content: bytes, size: int) -> bytes:
    """A zip whose directory promises another size of each member."""
    pieces = content.split(b"PK\x01\x02")
    changed = [piece[:20] + struct.pack("<I", size) + piece[24:] for piece in pieces[1:]]
    return b"PK\x01\x02".join([pieces[0], *changed])


def csv_members(content: bytes = b"1" + b",0" * 784 + b"\n") -> dict[str, bytes]:
    return {f"emnist-byclass-{part}.csv": content for part in ("train", "test")}


def encrypted(content: bytes) -> bytes:
    return content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")


BAD_ZIP = {
    "no zip": (b"hello", "is not a sound zip file"),
    "0 bytes": (b"", "is not a sound zip file"),
    "cut short": (zip_of(csv_members())[:-40], "is not a sound zip file"),
    "no archive": (zip_of({"holiday.jpg": b"x"}), "does not hold EMNIST"),
    "a path upwards": (zip_of({**csv_members(), "../x.csv": b""}), r"itself \('\.\./x\.csv'\)"),
    "an absolute path": (zip_of({**csv_members(), "/etc/x.csv": b""}), "outside of itself"),
    "a path of Windows": (zip_of({**csv_members(), "..\\x.csv": b""}), "outside of itself"),
    "100 GB": (lying(zip_of({f"{k}.csv": b"1" for k in range(25)}), 0xF0000000), "101 GB, more"),
    "another size": (lying(zip_of(csv_members()), 1000), "its columns are|cannot be unpacked"),
    "a password": (encrypted(zip_of(csv_members())), "cannot be unpacked .*encrypted"),
    "MATLAB with a password": (
        encrypted(zip_of({"emnist-byclass.mat": b"x"})),
        "cannot be unpacked .*encrypted",
    ),
    "Parquet with a password": (
        encrypted(zip_of({f"byclass/{part}.parquet": b"x" for part in ("train", "test")})),
        "cannot be unpacked .*encrypted",
    ),
}


@pytest.mark.parametrize("as_root", [True, False], ids=["named", "in the folder"])
@pytest.mark.parametrize("how", BAD_ZIP)
def test_a_bad_zip_file_is_named(tmp_path, how, as_root):
    path, (content, words) = tmp_path / "archive.zip", BAD_ZIP[how]
    path.write_bytes(content)
    line = refusal(path if as_root else tmp_path)
    assert re.search(words, line)
    assert [entry.name for entry in tmp_path.iterdir()] == ["archive.zip"]


def test_a_file_that_unpacks_without_end_is_stopped(parts, tmp_path, monkeypatch):
    write_csv(tmp_path, parts)
    path = tmp_path / TRAIN_CSV
    content = path.read_bytes()
    monkeypatch.setattr(files, "LARGEST_FILE", 2 * len(content))
    path.with_name(TRAIN_CSV + ".gz").write_bytes(gzip.compress(content * 5))
    path.unlink()
    assert "unpacks to more than" in refusal(tmp_path)


def test_no_more_rows_are_read_than_a_split_has(parts, tmp_path, monkeypatch):
    monkeypatch.setitem(common.IMAGES_OF_SPLIT, "byclass", 61)
    for write, folder in ((write_csv, "csv"), (write_parquet, "data"), (write_matlab, "matlab")):
        write(tmp_path / folder, parts)
        assert "more rows than the 61 of byclass" in refusal(tmp_path / folder)


def test_files_of_no_image_are_refused(tmp_path):
    write_parquet(tmp_path / "data", byclass(np.zeros(0, dtype=np.uint8)))
    assert "No image in" in refusal(tmp_path)
