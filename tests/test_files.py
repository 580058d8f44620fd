"""Files are written whole or not at all, and reading them executes no code."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from handwriting import files
from handwriting.errors import HandwritingError
from handwriting.files import load_arrays, load_torch, replacing, save_json, save_torch, sha256
from handwriting.lines.word_list import WordList
from handwriting.training.recipes import read_params

READERS = {
    "weights": lambda path: load_torch(path, ""),
    "arrays": lambda path: load_arrays(path, "a set", ["a"]),
    "words": WordList.load,
    "parameters": read_params,
}


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


def recompressed(path: Path) -> None:
    """Deflate the members of a zip file: what is alike in it then takes hardly any room."""
    with zipfile.ZipFile(path) as stored:
        members = {name: stored.read(name) for name in stored.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)


def lists_of_lists(depth: int) -> list:
    """Twice as many at each depth, all of them the same one."""
    return [lists_of_lists(depth - 1)] * 2 if depth else []


@pytest.mark.parametrize(
    "content",
    [
        {"x": torch.zeros(1).expand(1_000_000)},
        {f"x{k}": torch.zeros(4096).view(64, 64) for k in range(2)},
        {str(k): part for k, part in enumerate([torch.zeros(4096)] * 2)},
    ],
    ids=["expanded", "sound", "twice"],
)
def test_weights_that_hold_more_values_than_bytes_are_refused(tmp_path, content):
    torch.save(content, tmp_path / "x.pt")
    if "x1" in content:
        assert list(load_torch(tmp_path / "x.pt", "")) == ["x0", "x1"]
        return
    with pytest.raises(HandwritingError, match=r"x\.pt is damaged .*ValueError.* Mend it\."):
        load_torch(tmp_path / "x.pt", "Mend it.")


def test_weights_that_were_packed_are_not_unpacked(tmp_path):
    torch.save({"x": torch.zeros(1_000_000)}, tmp_path / "x.pt")
    recompressed(tmp_path / "x.pt")
    assert (tmp_path / "x.pt").stat().st_size < 20_000
    with pytest.raises(HandwritingError, match=r"x\.pt is damaged .*ValueError"):
        load_torch(tmp_path / "x.pt", "Mend it.")


def test_lists_that_hold_one_another_are_looked_into_once(tmp_path):
    torch.save({"x": lists_of_lists(60)}, tmp_path / "x.pt")
    assert len(load_torch(tmp_path / "x.pt", "")["x"]) == 2


def test_arrays_beyond_the_limit_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_ARRAYS", 100_000)
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros(50_000, np.uint8), b=np.zeros(10**6))
    assert len(load_arrays(tmp_path / "x.npz", "a set", ["a"])["a"]) == 50_000
    for names, optional in ((["a", "b"], []), (["a"], ["b"])):
        with pytest.raises(HandwritingError, match=r"it unpacks to 0\.0 GB"):
            load_arrays(tmp_path / "x.npz", "a set", names, optional=optional)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_named_pipe_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HandwritingError, match="pipe is not a file"):
        read(tmp_path / "pipe")


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_missing_or_a_folder_is_said(tmp_path, read):
    with pytest.raises(HandwritingError, match=r"is a folder, not a file"):
        read(tmp_path)
    with pytest.raises(HandwritingError, match=r"missing does not exist"):
        read(tmp_path / "missing")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_devices_pipes_and_folders_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", tmp_path, Path(os.devnull)):
        with pytest.raises(HandwritingError, match="is not a file"), replacing(target) as (part,):
            part.write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


class Trap:
    """Unpickling it would run code."""

    def __reduce__(self):
        return (os.mkdir, ("trapped",))


class Bytes:
    """Unpickling it would take a tebibyte, which PyTorch would let it."""

    def __reduce__(self):
        return (bytearray, (1 << 40,))


@pytest.mark.parametrize("content", [Trap(), {"x": Trap()}, {"x": Bytes()}, [1, 2], "text"])
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
