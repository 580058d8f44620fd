"""Atomic writing (a temporary file, then a rename) and safe reading of the project's files.

PyTorch is imported only where its files are: it takes a second.
"""

import contextlib
import errno
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handwriting.errors import HandwritingError

if TYPE_CHECKING:
    import torch

LARGEST_ARRAYS = 1 << 30
"""Maximum bytes of a file's unpacked arrays; all images of EMNIST take 0.64 * 10^9."""


def check_is_file(path: Path, remedy: str = "") -> None:
    """Check that a path is a regular file; opening a named pipe would block.

    Args:
        path: to check.
        remedy: sentence for the error that says what to do.

    Raises:
        HandwritingError: it is missing or something else.
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
    """Yield a temporary path beside each target; rename all of them if the block succeeds.

    If the block fails or is interrupted, the temporary files are deleted and the targets stay
    unchanged.

    Raises:
        HandwritingError: a target is a folder or a device.
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
    """Create folders and check that they are writable, before long work.

    Raises:
        HandwritingError: one of them is not a writable folder.
    """
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise HandwritingError(
                f"the folder {folder} is not writable ({error.strerror}). Give another one, or "
                "change its permissions."
            ) from error


def save_torch(content: object, path: Path) -> None:
    """``torch.save`` with bytes that do not depend on the file's name.

    Raises:
        OSError: the disk is full or the file cannot be written.
    """
    import torch

    try:
        with path.open("wb") as file:
            torch.save(content, file)
    except (RuntimeError, OSError) as error:
        # PyTorch's writer hides the cause behind an error about positions.
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, KeyboardInterrupt):
            raise type(cause)(*cause.args) from error
        if isinstance(cause, OSError):
            raise OSError(cause.errno, cause.strerror, str(path)) from error
        raise


def load_torch(path: Path, remedy: str) -> dict[str, Any]:
    """Read a dictionary written by :func:`save_torch`, without executing code from the file.

    Args:
        path: of the file.
        remedy: sentence for the error that says what to do.

    Raises:
        HandwritingError: the file is missing, truncated or something else, or its tensors need
            more memory than the file has bytes.
    """
    import torch

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
        # An expanded or repeated tensor has few bytes in the file and many in memory.
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


def _tensors(content: object, seen: set[int]) -> Iterator["torch.Tensor"]:
    """The tensors in nested dictionaries, lists and tuples, each container visited once."""
    import torch

    if isinstance(content, torch.Tensor):
        yield content
    elif isinstance(content, dict | list | tuple) and id(content) not in seen:
        seen.add(id(content))
        for part in content.values() if isinstance(content, dict) else content:
            yield from _tensors(part, seen)


def _check_unpacked_size(
    bundle: zipfile.ZipFile, most: int, names: Sequence[str] | None = None
) -> None:
    """Check the declared unpacked size of a zip file's members, or of those in ``names``.

    Reading never unpacks more than is declared.

    Raises:
        ValueError: the size exceeds ``most`` bytes.
    """
    members = bundle.infolist()
    unpacked = sum(m.file_size for m in members if names is None or m.filename in names)
    if unpacked > most:
        raise ValueError(f"it unpacks to {unpacked / 1e9:,.1f} GB")


def _check_pickles(bundle: zipfile.ZipFile) -> None:
    """Check that no pickle allocates a bytearray, of any length, which ``weights_only`` allows.

    Raises:
        ValueError: one does.
    """
    pickles = [member for member in bundle.infolist() if member.filename.endswith(".pkl")]
    if any(b"bytearray" in bundle.read(member) for member in pickles):
        raise ValueError("a pickle that makes bytes")


def load_arrays(
    path: Path, kind: str, names: Sequence[str], remedy: str = "", optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Read arrays of an `.npz`, without executing code from the file.

    Args:
        path: of the file.
        kind: of content, such as "a language model", for the error.
        names: of the required arrays.
        remedy: sentence for the error that says what to do.
        optional: names of arrays that may be missing.

    Raises:
        HandwritingError: the file is missing, truncated or something else, an array is missing, or
            the arrays unpack to more than LARGEST_ARRAYS bytes.
    """
    check_is_file(path, remedy)
    try:
        with zipfile.ZipFile(path) as bundle:
            members = [f"{name}.npy" for name in (*names, *optional)]
            _check_unpacked_size(bundle, LARGEST_ARRAYS, members)
        with np.load(path, allow_pickle=False) as content:
            present = [name for name in optional if name in content.files]
            arrays = {name: content[name] for name in [*names, *present]}
        # NumPy returns members that are not arrays as bytes.
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise TypeError("one of them is not an array")
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EIO):
            raise
        wanted = ", ".join(names)
        words = f"{path} is not {kind} with the arrays {wanted} ({error}). {remedy}"
        raise HandwritingError(words.strip()) from error
    return arrays


def save_json(content: object, path: Path) -> None:
    """Write indented JSON with a final newline."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # Surrogates of undecodable file names become escapes, which are JSON's as well.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
