"""Files of an archive, in folders or in zip files, read in pieces.

Nothing is extracted to disk. Members of zip files and gzipped files are unpacked in memory, up to a
limit, so a small file cannot fill memory or disk.
"""

import contextlib
import gzip
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from handwriting.emnist.label_sets import SPLITS
from handwriting.errors import HandwritingError

LARGEST_FILE = 4 << 30
"""Most bytes of an unpacked file; the largest official one, `byclass` as CSV, has about 1.3 GB."""

LARGEST_ZIP = 16 << 30
"""Most bytes of a zip file's unpacked members; Kaggle's, the largest known, has about 6 GB."""

PARTS = ("train", "test")
Part = tuple[str, str]
"""A split and its part, such as ``("byclass", "train")``."""

_ENDINGS = (".gz", "-ubyte", ".mat", ".parquet", ".csv")
_FOLDERS = {*SPLITS, *PARTS, "data", "raw", "gzip", "archive", "binary", "matlab", "csv", "parquet"}
_DEPTH = 4
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class ArchiveFile:
    """One file, on disk or in a zip file.

    Attributes:
        path: on disk; in a zip file, the path of the zip file followed by the member's name.
        stored: bytes on disk.
        zip_file: the zip file with the member, if any.
        member: its name in the zip file.
    """

    path: Path
    stored: int
    zip_file: Path | None = None
    member: str = ""

    @property
    def name(self) -> str:
        """Its name without folders, such as ``"emnist-byclass-train.csv"``."""
        return self.path.name

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The stored bytes, gzipped or not."""
        if self.zip_file is None:
            with self.path.open("rb") as file:
                yield file
        else:
            with zipfile.ZipFile(self.zip_file) as bundle, bundle.open(self.member) as file:
                yield file


def damaged(file: ArchiveFile, what: str) -> HandwritingError:
    """The error for an unreadable file; ``what`` is a clause that starts with "it" or "its"."""
    return HandwritingError(
        f"{file.path} is not a sound EMNIST file: {what}. Take it from its source again."
    )


class _Limited(io.RawIOBase):
    """A stream that yields at most LARGEST_FILE bytes."""

    def __init__(self, stream: BinaryIO, file: ArchiveFile) -> None:
        self.stream, self.file, self.given = stream, file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        count = self.stream.readinto(buffer)
        self.given += count
        if self.given > LARGEST_FILE:
            raise damaged(self.file, f"it unpacks to more than {LARGEST_FILE >> 30} GiB")
        return count


@contextlib.contextmanager
def unpacked(file: ArchiveFile) -> Iterator[io.BufferedReader]:
    """The content of a file, unpacked if its name or its content is that of gzip.

    Raises:
        HandwritingError: a damaged gzip stream or zip member, or more than LARGEST_FILE bytes.
    """
    try:
        with file.open() as raw:
            is_gzip = file.name.endswith(".gz") or raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if is_gzip else raw
            yield io.BufferedReader(_Limited(stream, file), 1 << 20)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise damaged(file, f"its gzip or zip stream is broken ({error})") from error
    except EOFError as error:
        raise damaged(file, "its gzip or zip stream ends too early (cut short)") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise damaged(file, f"it cannot be unpacked ({error})") from error


@dataclass
class Listing:
    """The content of a folder or a zip file.

    Attributes:
        files: those that may belong to an archive; those of ``EMNIST/raw`` come first, those in zip
            files last.
        problems: unusable zip files, and why.
    """

    files: list[ArchiveFile]
    problems: list[str]


def list_files(root: Path) -> Listing:
    """The files of a folder, of its subfolders with names of downloads, and of zip files.

    Args:
        root: a folder or a zip file.

    Raises:
        HandwritingError: ``root`` is a file but not a usable zip file.
    """
    if root.is_file():
        return Listing(_members(root), [])
    listing = Listing([], [])
    for path in _walk(root, _DEPTH):
        if path.suffix.lower() != ".zip":
            listing.files.append(ArchiveFile(path, path.stat().st_size))
            continue
        try:
            listing.files += _members(path)
        except HandwritingError as error:
            listing.problems.append(str(error))
    listing.files.sort(key=_order)
    return listing


def _order(file: ArchiveFile) -> tuple[bool, bool, int, str]:
    folder = file.path.parent
    is_official = folder.parts[-2:] == ("EMNIST", "raw")
    return file.zip_file is not None, not is_official, len(folder.parts), str(file.path)


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.is_file() and _may_belong(entry.name, ".zip"):
            yield path
        elif depth > 1 and entry.is_dir() and _is_download(entry.name):
            yield from _walk(path, depth - 1)


def _may_belong(name: str, *more: str) -> bool:
    return name.lower().endswith((*_ENDINGS, *more))


def _is_download(folder: str) -> bool:
    """Whether a folder's name contains EMNIST, a split or a kind of packing."""
    words = set(re.findall("[a-z]+", folder.lower()))
    return "emnist" in words or bool(words & _FOLDERS)


def _members(path: Path) -> list[ArchiveFile]:
    """The members of a zip file that may belong to an archive.

    Raises:
        HandwritingError: it is not a zip file, names a path outside itself, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            infos = bundle.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise HandwritingError(
            f"{path} is not a sound zip file ({error}). Give a folder or a zip file that holds "
            "EMNIST; a file cut short has to be downloaded again."
        ) from error
    for info in infos:
        inside = PurePosixPath(info.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[:1]:
            raise HandwritingError(
                f"{path} names a path outside of itself ({info.filename!r}), as no EMNIST archive "
                "does. Nothing of it was used; take the archive from its source again."
            )
    total = sum(info.file_size for info in infos)
    if total > LARGEST_ZIP:
        raise HandwritingError(
            f"{path} would unpack to {total / 1e9:,.0f} GB, more than any EMNIST archive. Nothing "
            "of it was used; take the archive from its source again."
        )
    return [
        ArchiveFile(path / info.filename, info.compress_size, path, info.filename)
        for info in sorted(infos, key=lambda info: info.filename)
        if _may_belong(info.filename)
    ]


def part_of(file: ArchiveFile) -> Part | None:
    """The split and part named by a file's name and folders, innermost first.

    Examples: ``emnist-byclass-train.csv``, ``byclass/train/0000.parquet`` or
    ``emnist_letters/data/test-00000-of-00001.parquet``; ``None`` if there is none.
    """
    names = list(reversed(file.path.parts))
    split, part = _named(SPLITS, names[:4]), _named(PARTS, names[:2])
    return (split, part) if split and part else None


def _named(choices: tuple[str, ...], names: list[str]) -> str | None:
    for name in names:
        words = re.findall("[a-z]+", name.lower())
        for choice in choices:
            if choice in words:
                return choice
    return None
