"""Files that are written whole or not at all: write beside, then rename."""

import contextlib
import errno
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.errors import HandwritingError

LARGEST_ARRAYS = 1 << 30
"""Bytes of unpacked arrays in a file; all images of EMNIST have 0.64 of 10^9."""


def check_is_file(path: Path, remedy: str = "") -> None:
    """Check that a path is that of a file: a named pipe would be waited for without end.

    Raises:
        HandwritingError: it is missing or something else; ``remedy`` says what to do.
    """
    if path.is_file():
        return
    fault = "does not exist"
    if path.is_dir():
        fault = "is a folder, not a file"
    elif path.exists():
        fault = "is not a file"
    raise HandwritingError(f"{path} {fault}. {remedy}".strip())


@contextlib.contextmanager
def replacing(*targets: Path) -> Iterator[list[Path]]:
    """Yield a temporary path beside each target; rename all of them when the block succeeds.

    If the block fails or is interrupted, the temporary files go and the targets stay as they were.

    Raises:
        HandwritingError: a target is a folder or a device, which a file must not replace.
    """
    for target in targets:
        if target.exists() and not target.is_file():
            raise HandwritingError(f"{target} is not a file. Give another name to write to.")
    parts = [target.with_name(f".{target.name}.{os.getpid()}.part") for target in targets]
    try:
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
        yield parts
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def check_writable(*folders: Path) -> None:
    """Make folders and check, before long work, that files can be written there.

    Raises:
        HandwritingError: one of them is no folder, or nothing can be written to it.
    """
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise HandwritingError(
                f"nothing can be written to the folder {folder} ({error.strerror}). Name another "
                "one, or change its permissions."
            ) from error


def save_torch(content: object, path: Path) -> None:
    """``torch.save`` whose bytes do not depend on the file's name.

    Raises:
        OSError: the disk is full or the file cannot be written.
    """
    try:
        with path.open("wb") as file:
            torch.save(content, file)
    except (RuntimeError, OSError) as error:
        # PyTorch's writer hides what stopped it behind an error about positions.
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, KeyboardInterrupt):
            raise type(cause)(*cause.args) from error
        if isinstance(cause, OSError):
            raise OSError(cause.errno, cause.strerror, str(path)) from error
        raise


def load_torch(path: Path, remedy: str) -> dict[str, Any]:
    """Read a dictionary written by :func:`save_torch`, never executing anything from the file.

    Raises:
        HandwritingError: the file is missing, cut short or something else, or its tensors would
            need more memory than the file has bytes; ``remedy`` is the sentence that says what to
            do.
    """
    check_is_file(path, remedy)
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as bundle:
            _check_unpacked_size(bundle, size)
            _check_pickles(bundle)
        content = torch.load(path, map_location="cpu", weights_only=True)
        tensors = list(_tensors(content, set()))
        if not all(t.device.type == "cpu" and t.layout is torch.strided for t in tensors):
            raise TypeError("sparse tensors, or tensors without values")
        # An expanded tensor, or one taken many times over, holds few bytes and many values.
        if sum(tensor.numel() * tensor.element_size() for tensor in tensors) > size:
            raise ValueError("more values than bytes")
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EIO):
            raise
        raise HandwritingError(
            f"{path} is damaged or not a file of this project ({type(error).__name__}). {remedy}"
        ) from error
    if not isinstance(content, dict):
        raise HandwritingError(f"{path} holds no dictionary. {remedy}")
    return content


def _tensors(content: object, seen: set[int]) -> Iterator[torch.Tensor]:
    """The tensors in dictionaries, lists and tuples, each of which is looked into once."""
    if isinstance(content, torch.Tensor):
        yield content
    elif isinstance(content, dict | list | tuple) and id(content) not in seen:
        seen.add(id(content))
        for part in content.values() if isinstance(content, dict) else content:
            yield from _tensors(part, seen)


def _check_unpacked_size(
    bundle: zipfile.ZipFile, most: int, names: Sequence[str] | None = None
) -> None:
    """Check what the members of a zip file, or those of these names, promise to unpack to; more
    than that is never unpacked.

    Raises:
        ValueError: more bytes than ``most``.
    """
    members = bundle.infolist()
    unpacked = sum(m.file_size for m in members if names is None or m.filename in names)
    if unpacked > most:
        raise ValueError(f"it unpacks to {unpacked / 1e9:,.1f} GB")


def _check_pickles(bundle: zipfile.ZipFile) -> None:
    """Check that no pickle of PyTorch's asks for bytes of a length of its choice.

    Raises:
        ValueError: one does; ``weights_only`` lets it.
    """
    pickles = [member for member in bundle.infolist() if member.filename.endswith(".pkl")]
    if any(b"bytearray" in bundle.read(member) for member in pickles):
        raise ValueError("a pickle that makes bytes")


def load_arrays(
    path: Path, kind: str, names: Sequence[str], remedy: str = "", optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Read arrays of an `.npz`, never executing anything from the file.

    Args:
        path: the file.
        kind: what it should be, as "a language model", for the error.
        names: the arrays.
        remedy: the sentence that says what to do.
        optional: further arrays, which may be missing.

    Raises:
        HandwritingError: the file is missing, cut short or something else, an array is missing, or
            they unpack to more than LARGEST_ARRAYS.
    """
    check_is_file(path, remedy)
    try:
        with zipfile.ZipFile(path) as bundle:
            members = [f"{name}.npy" for name in (*names, *optional)]
            _check_unpacked_size(bundle, LARGEST_ARRAYS, members)
        with np.load(path, allow_pickle=False) as content:
            present = [name for name in optional if name in content.files]
            arrays = {name: content[name] for name in [*names, *present]}
        # NumPy gives the bytes of what is not an array.
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise TypeError("one of them is no array")
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EIO):
            raise
        wanted = ", ".join(names)
        words = f"{path} is not {kind} with the arrays {wanted} ({error}). {remedy}"
        raise HandwritingError(words.strip()) from error
    return arrays


def save_json(content: object, path: Path) -> None:
    """Write indented JSON with a newline at the end."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # Of a file name that is no text the escapes are JSON's, too.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def sha256(path: Path) -> str:
    """sha256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
