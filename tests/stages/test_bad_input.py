"""Each bad input gives one clear line and a non-zero exit, and leaves earlier results unchanged."""

import contextlib
import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import data_preprocessing
import data_split
import model_evaluation
import model_training
from handwriting.cli import run_script
from handwriting.datasets import prepared
from handwriting.synthesis.emnist_archive import write_idx
from models import MODELS
from tests.support import random_weights

IMAGES = "emnist-letters-train-images-idx3-ubyte.gz"
LABELS = "emnist-letters-train-labels-idx1-ubyte.gz"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def folder(processed, tmp_path) -> Path:
    """A copy of the prepared data; a failing stage must leave it as it is."""
    shutil.copytree(processed, tmp_path / "processed")
    return tmp_path / "processed"


@pytest.fixture
def root(archive, tmp_path) -> Path:
    shutil.copytree(archive, tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def fails(capsys):
    """Run a stage as its script would; return the one line that a person reads."""

    def run(stage, *arguments: object) -> str:
        args = stage.get_args_parser().parse_args([str(argument) for argument in arguments])
        command = getattr(stage, "run_command", stage.main)
        capsys.readouterr()
        assert run_script(lambda: command(args)) == 1
        error = capsys.readouterr().err
        lines = [line for line in error.splitlines() if line.startswith("error:")]
        assert len(lines) == 1 and "Traceback" not in error
        return lines[0]

    return run


def raw(root: Path, name: str) -> Path:
    return root / "EMNIST" / "raw" / name


def unpacked(root: Path, name: str) -> bytes:
    return gzip.decompress(raw(root, name).read_bytes())


def break_archive(root: Path, how: str) -> None:
    images = raw(root, IMAGES)
    if how == "truncated gzip":
        images.write_bytes(images.read_bytes()[:-100])
    elif how == "corrupt gzip":
        content = bytearray(images.read_bytes())
        content[200:260] = bytes(60)
        images.write_bytes(content)
    elif how == "not gzip":
        images.write_bytes(b"hello")
    elif how == "empty file":
        images.write_bytes(b"")
    elif how == "truncated IDX":
        images.write_bytes(gzip.compress(unpacked(root, IMAGES)[:-500]))
    elif how == "too long IDX":
        images.write_bytes(gzip.compress(unpacked(root, IMAGES) + b"x"))
    elif how == "wrong magic":
        images.write_bytes(gzip.compress(b"\0\0\x08\x01" + unpacked(root, IMAGES)[4:]))
    elif how == "absurd count":
        content = unpacked(root, IMAGES)
        images.write_bytes(gzip.compress(content[:4] + b"\xff\xff\xff\xff" + content[8:]))
    elif how == "wrong image size":
        write_idx(images, np.zeros((5, 20, 28), dtype=np.uint8))
    elif how == "counts differ":
        write_idx(raw(root, LABELS), np.ones(5, dtype=np.uint8))
    elif how == "label out of range":
        labels = np.frombuffer(unpacked(root, LABELS)[8:], dtype=np.uint8).copy()
        labels[3] = 27
        write_idx(raw(root, LABELS), labels)
    elif how == "split missing":
        for path in raw(root, "x").parent.glob("emnist-byclass-*"):
            path.unlink()
    elif how == "empty folder":
        shutil.rmtree(root / "EMNIST")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("truncated gzip", (IMAGES, "cut short")),
        ("corrupt gzip", (IMAGES, "gzip")),
        ("not gzip", (IMAGES, "gzip")),
        ("empty file", (IMAGES, "cut short")),
        ("truncated IDX", (IMAGES, "cut short")),
        ("too long IDX", (IMAGES, "more than")),
        ("wrong magic", (IMAGES, "magic number", "0x00000803")),
        ("absurd count", (IMAGES, "promises")),
        ("wrong image size", (IMAGES, "20x28")),
        ("counts differ", (IMAGES, LABELS, "5 labels")),
        ("label out of range", (LABELS, "label 27 of row 3", "letters")),
        ("split missing", ("byclass", "Found: IDX files of bymerge, balanced", "--synthetic")),
        ("empty folder", ("no file of any form", "biometrics.nist.gov", "by hand", "--synthetic")),
    ],
)
def test_a_bad_archive_is_named_and_nothing_changes(root, folder, fails, how, words):
    break_archive(root, how)
    before = snapshot(folder)
    error = fails(
        data_preprocessing, "--root", root, "--processed", folder, "--images", folder / "images"
    )
    for word in words:
        assert word in error
    assert snapshot(folder) == before


def test_stages_say_which_stage_comes_before(tmp_path, fails):
    empty = ("--processed", tmp_path, "--models", tmp_path, "--metrics", tmp_path)
    assert "data_preprocessing.py" in fails(data_split, "--processed", tmp_path)
    assert "data_preprocessing.py" in fails(model_training, *empty)


def test_training_without_a_split_asks_for_stage_2(folder, tmp_path, fails):
    (folder / "split.pt").unlink()
    error = fails(model_training, "--processed", folder, "--models", tmp_path / "m")
    assert "split.pt" in error and "data_split.py" in error


def test_evaluation_without_models_or_data_says_what_is_missing(tmp_path, fails, weights):
    error = fails(model_evaluation, "--models", tmp_path / "nothing")
    assert "nothing" in error and "model_training.py" in error
    error = fails(model_evaluation, "other", "--models", weights.parent)
    assert "other.pt does not exist" in error and "good" in error
    error = fails(
        model_evaluation, "good", "--models", weights.parent, "--processed", tmp_path / "no"
    )
    assert "manifest.json" in error and "data_preprocessing.py" in error


def change(path: Path, **entries: object) -> None:
    content = torch.load(path, weights_only=True)
    torch.save(content | entries, path)


def test_processed_files_of_another_archive_are_refused(folder, tmp_path, fails):
    change(folder / "split.pt", fingerprint="0" * 64)
    error = fails(model_training, "--processed", folder, "--models", tmp_path / "m")
    assert "split.pt is stale" in error and "data_split.py" in error
    change(folder / "train.pt", fingerprint="0" * 64)
    error = fails(data_split, "--processed", folder)
    assert "train.pt is stale" in error and "data_preprocessing.py" in error


def test_a_damaged_processed_file_is_refused(folder, fails):
    whole = (folder / "train.pt").read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"hello"):
        (folder / "train.pt").write_bytes(broken)
        assert "train.pt is damaged" in fails(data_split, "--processed", folder)
    (folder / "manifest.json").write_text("{")
    assert "manifest.json is damaged" in fails(data_split, "--processed", folder)


@pytest.fixture
def weights(tmp_path) -> Path:
    return random_weights(tmp_path / "models", "good")


class Trap:
    """Unpickling it would run code."""

    def __reduce__(self):
        return (os.system, ("touch trapped",))


def test_bad_weights_are_refused(weights, folder, tmp_path, fails):
    bad = weights.with_name("bad.pt")
    whole = weights.read_bytes()
    content = torch.load(weights, weights_only=True)

    def evaluate() -> str:
        return fails(
            model_evaluation, "bad", "--models", weights.parent, "--processed", folder,
            "--metrics", tmp_path / "metrics",
        )  # fmt: skip

    bad.write_bytes(whole[: len(whole) // 2])
    assert "bad.pt is damaged" in evaluate()
    bad.write_bytes(b"these are no weights")
    assert "bad.pt is damaged" in evaluate()
    torch.save(content | {"model": "resnet34"}, bad)
    assert "do not fit the model 'resnet34'" in evaluate()
    torch.save(content | {"model": "unheard"}, bad)
    assert "'unheard'" in evaluate()
    torch.save({"something": torch.zeros(1)}, bad)
    assert "not a weights file" in evaluate()
    torch.save(content | {"weights": MODELS["resnet34"]().state_dict()}, bad)
    assert "do not fit the model 'compactcnn'" in evaluate()
    torch.save(content | {"classes": list("0123456789")}, bad)
    assert "not a weights file" in evaluate()
    torch.save(content | {"temperature": float("nan")}, bad)
    assert "bad.pt holds weights that are not finite numbers" in evaluate()
    for number in (float("nan"), float("inf"), -float("inf")):
        wrong = content["weights"] | {"layers.17.bias": torch.full((62,), number)}
        torch.save(content | {"weights": wrong}, bad)
        assert "bad.pt holds weights that are not finite numbers" in evaluate()
    torch.save({"weights": Trap(), "model": "compactcnn"}, bad)
    assert "bad.pt is damaged" in evaluate()
    assert not Path("trapped").exists()
    assert not (tmp_path / "metrics").exists()


@contextlib.contextmanager
def small_files_only() -> Iterator[None]:
    """A file may grow to 20 kB: what a full disk does to a process that writes more."""
    resource = pytest.importorskip("resource", reason="Windows has no limits of a process")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_model")
@pytest.mark.parametrize(
    ("stage", "options"),
    [
        (data_preprocessing, "--root {root} --processed {folder} --images {tmp}"),
        (model_training, "--model small --processed {folder} --models {tmp} --metrics {tmp}"),
    ],
    ids=["stage 1", "stage 3"],
)
def test_a_full_disk_is_said_and_earlier_results_stay(
    stage, options, root, folder, tmp_path, fails
):
    tmp = tmp_path / "out"
    tmp.mkdir()
    before = snapshot(folder)
    options = options.format(root=root, folder=folder, tmp=tmp).split()
    with small_files_only():
        error = fails(stage, *options)
    assert error.startswith("error: the disk is full")
    assert snapshot(folder) == before
    assert not list(tmp.rglob("*.pt")) and not list(tmp_path.rglob("*.part"))


def test_ctrl_c_in_the_middle_of_writing_leaves_the_old_files(archive, folder, monkeypatch, capsys):
    before = snapshot(folder)
    written = []

    def interrupted(content, path):
        path.write_bytes(b"half a file")
        written.append(path)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(prepared, "save_torch", interrupted)
    args = data_preprocessing.get_args_parser().parse_args(
        ["--root", str(archive), "--processed", str(folder), "--images", str(folder)]
    )
    assert run_script(lambda: data_preprocessing.main(args)) == 130
    assert "stopped by Ctrl-C" in capsys.readouterr().err
    assert len(written) == 2 and snapshot(folder) == before
