"""Shared code of all forms: a row limit, image orientation, and the interface of a form."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from handwriting.emnist.files import ArchiveFile, Part, damaged
from handwriting.emnist.label_sets import IMAGES_OF_SPLIT

SIDE = 28
PIXELS = SIDE * SIDE

_LOOKED_AT = 1000
_CHUNK = 4096

Rows = tuple[np.ndarray, np.ndarray]
"""Images uint8 (N, 28, 28), upright, and the split's own labels int64 (N,)."""


class Form(Protocol):
    """The interface of a module of this folder, which finds and reads one form.

    Attributes:
        TITLE: name of its files, such as ``"CSV files"``.
    """

    TITLE: str

    def find(self, files: Sequence[ArchiveFile]) -> Mapping[Part, tuple[ArchiveFile, ...]]:
        """The files of each part that is complete."""

    def read(self, files: tuple[ArchiveFile, ...], split: str, part: str) -> Rows:
        """One part's images, upright, and labels.

        Raises:
            HandwritingError: a file is damaged or of another kind.
        """

    def unusable(self, files: Sequence[ArchiveFile]) -> str | None:
        """Descriptions of unusable files of this form."""


class RowBuffer:
    """Rows of 784 pixels and their labels, collected in pieces, at most as many as a split has."""

    def __init__(self, split: str, file: ArchiveFile) -> None:
        self.limit, self.split, self.file = IMAGES_OF_SPLIT[split], split, file
        # Memory that is never written to is never allocated.
        self.images = np.empty((self.limit, PIXELS), dtype=np.uint8)
        self.labels = np.empty(self.limit, dtype=np.int64)
        self.count = 0

    def add(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Append images uint8 (n, 784) and labels (n,)."""
        end = self.count + len(labels)
        check_row_count(end, self.split, self.file)
        self.images[self.count : end], self.labels[self.count : end] = images, labels
        self.count = end

    def rows(self) -> Rows:
        """All rows, in their order."""
        return self.images[: self.count].reshape(-1, SIDE, SIDE), self.labels[: self.count]


def check_row_count(rows: int, split: str, file: ArchiveFile) -> None:
    """Reject more rows than both parts of the official split have together.

    Raises:
        HandwritingError: there are more rows.
    """
    if rows > IMAGES_OF_SPLIT[split]:
        raise damaged(file, f"it has more rows than the {IMAGES_OF_SPLIT[split]:,} of {split}")


def turn_upright(images: np.ndarray) -> None:
    """Transpose every image in place; uint8 (N, 28, 28)."""
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK]
        chunk[:] = chunk.transpose(0, 2, 1).copy()


def lie_on_side(images: np.ndarray) -> bool:
    """Whether images are transposed, as in NIST's files; some copies turned them upright.

    Of a real split's upright images, 60 to 77% are taller than wide, 12 to 28% wider than tall.

    Args:
        images: uint8 (N, 28, 28).
    """
    some = images[:: max(1, len(images) // _LOOKED_AT)]
    height = some.any(axis=2).sum(axis=1)
    width = some.any(axis=1).sum(axis=1)
    return bool((width > height).sum() >= (height > width).sum())


def upright(images: np.ndarray) -> np.ndarray:
    """The images, turned upright in place if they are transposed."""
    if lie_on_side(images):
        turn_upright(images)
    return images


def listed(files: Sequence[ArchiveFile]) -> str:
    """A list such as ``"emnist-byclass.mat"`` or ``"0.parquet, 1.parquet and 3 more"``."""
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    return ", ".join(str(file.path) for file in files[:2]) + more
