"""Files are written whole or not at all, and read without running anything in them."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.files import load_arrays, load_torch, replacing, save_json, save_torch, sha256


def test_a_file_is_replaced_when_all_is_written(tmp_path):
    first, second = tmp_path / "deep" / "first.txt", tmp_path / "second.txt"
    second.write_text("old")
    with replacing(first, second) as (one, other):
        one.write_text("new")
        other.write_text("new")
        assert not first.exists() and second.read_text() == "old"
    assert first.read_text() == second.read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["first.txt", "second.txt"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, HandwritingError])
def test_what_fails_leaves_all_as_it_was(tmp_path, error):
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("old")
    with pytest.raises(error), replacing(old, new) as (one, other):
        one.write_text("half")
        other.write_text("half")
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    assert old.read_text() == "old"


def test_the_bytes_do_not_depend_on_the_files_name(tmp_path):
    for name in ("a.pt", "another.pt"):
        save_torch({"x": torch.arange(5)}, tmp_path / name)
    assert sha256(tmp_path / "a.pt") == sha256(tmp_path / "another.pt")
    assert torch.equal(load_torch(tmp_path / "a.pt", "")["x"], torch.arange(5))


def test_arrays_are_read_and_what_is_none_is_said(tmp_path):
    file = tmp_path / "x.npz"
    np.savez(file, a=np.arange(3), b=np.ones(2))
    found = load_arrays(file, "a set", ["a"], optional=["b", "c"])
    assert list(found) == ["a", "b"] and found["a"].tolist() == [0, 1, 2]
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("d.npy", b"hello")
    for name in ("c", "d"):
        with pytest.raises(HandwritingError, match=f"is not a set with the arrays a, {name}"):
            load_arrays(file, "a set", ["a", name], "Give another.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's device that is always full")
@pytest.mark.parametrize("numbers", [10, 1_000_000])
def test_a_full_disk_is_said_with_the_file(numbers):
    with pytest.raises(OSError, match="No space left") as caught:
        save_torch({"x": torch.zeros(numbers)}, Path("/dev/full"))
    assert caught.value.filename == "/dev/full"


def test_ctrl_c_while_pytorch_writes_is_ctrl_c(tmp_path, monkeypatch):
    class Interrupted(io.BytesIO):
        def write(self, content):
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "open", lambda *_: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        save_torch({"x": torch.zeros(1_000_000)}, tmp_path / "x.pt")


class Trap:
    """Unpickling it would run code."""

    def __reduce__(self):
        return (os.mkdir, ("trapped",))


@pytest.mark.parametrize("content", [Trap(), {"x": Trap()}, [1, 2], "text"])
def test_what_is_no_plain_dictionary_is_refused_and_never_run(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    torch.save(content, "x.pt")
    with pytest.raises(HandwritingError, match=r"x\.pt .*Mend it\."):
        load_torch(tmp_path / "x.pt", "Mend it.")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize(
    "tensor",
    [torch.eye(3).to_sparse(), torch.ones(3, device="meta")],
    ids=["sparse", "without values"],
)
def test_tensors_that_are_no_plain_numbers_are_refused(tmp_path, tensor):
    torch.save({"weights": {"x": torch.ones(1)}, "state": [(tensor,)]}, tmp_path / "x.pt")
    with pytest.raises(HandwritingError, match=r"x\.pt is damaged .*Mend it\."):
        load_torch(tmp_path / "x.pt", "Mend it.")


def test_a_missing_file_is_said_with_the_remedy(tmp_path):
    with pytest.raises(HandwritingError, match=r"x\.pt does not exist\. Mend it\."):
        load_torch(tmp_path / "x.pt", "Mend it.")


def test_json_is_readable_and_ends_with_a_newline(tmp_path):
    save_json({"character": "ä", "rows": [1]}, tmp_path / "x.json")
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert "ä" in text and text.endswith("]\n}\n")
