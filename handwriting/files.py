"""Files that are written whole or not at all: write beside, then rename."""

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.errors import HandwritingError


@contextlib.contextmanager
def replacing(*targets: Path) -> Iterator[list[Path]]:
    """Yield a temporary path beside each target; rename all of them when the block succeeds.

    If the block fails or is interrupted, the temporary files go and the targets stay as they were.
    """
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
            raise type(cause) from error
        if isinstance(cause, OSError):
            raise OSError(cause.errno, cause.strerror, str(path)) from error
        raise


def load_torch(path: Path, remedy: str, *, mmap: bool = False) -> dict[str, Any]:
    """Read a dictionary written by :func:`save_torch`, never executing anything from the file.

    Raises:
        HandwritingError: the file is missing, cut short or something else; ``remedy`` is the
            sentence that says what to do.
    """
    if not path.is_file():
        raise HandwritingError(f"{path} does not exist. {remedy}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        if not _is_plain(content):
            raise TypeError("sparse tensors, or tensors without values")
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EIO):
            raise
        raise HandwritingError(
            f"{path} is damaged or not a file of this project ({type(error).__name__}). {remedy}"
        ) from error
    if not isinstance(content, dict):
        raise HandwritingError(f"{path} holds no dictionary. {remedy}")
    return content


def _is_plain(content: object) -> bool:
    """Whether all tensors in it have values that lie in memory one by one."""
    if isinstance(content, torch.Tensor):
        return content.device.type == "cpu" and content.layout is torch.strided
    if isinstance(content, dict):
        content = content.values()
    elif not isinstance(content, list | tuple):
        return True
    return all(map(_is_plain, content))


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
        HandwritingError: the file is missing, cut short or something else, or an array is missing.
    """
    try:
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
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """sha256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
