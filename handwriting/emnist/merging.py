"""Merge the rows of six splits into distinct images, each with its most exact label.

A label of `letters`, `bymerge` or `balanced` may be a set of candidate characters. The sets of all
rows of an image are intersected; an empty intersection means that the archive contradicts itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handwriting.datasets.prepared import LabelledImages
from handwriting.emnist.duplicates import RowStack, match_images
from handwriting.emnist.label_sets import BY_NAME, MEANINGS
from handwriting.labels import NUM_LABELS, candidate_masks


@dataclass
class StandardizedSplit:
    """One part of one split, with labels in the common range.

    Attributes:
        split: such as ``"letters"``.
        train: whether it is the training part.
        data: uint8 (N, 28, 28).
        targets: uint8 (N,), meaning of the label: 0..61, or 62..87 for a letter in either case.
        names: uint8 (N,), the baseline's mapping by the label's name, 0..61.
    """

    split: str
    train: bool
    data: np.ndarray
    targets: np.ndarray
    names: np.ndarray

    @property
    def name(self) -> str:
        """A name such as ``"letters train"``."""
        return f"{self.split} {'train' if self.train else 'test'}"

    @property
    def is_test_set(self) -> bool:
        """Whether this is the official test set: the test part of `byclass`."""
        return self.split == "byclass" and not self.train


def standardize(split: str, train: bool, data: np.ndarray, labels: np.ndarray) -> StandardizedSplit:
    """Map a split's own labels to the common range."""
    return StandardizedSplit(split, train, data, MEANINGS[split][labels], BY_NAME[split][labels])


@dataclass
class Images:
    """The distinct images behind all rows.

    Attributes:
        stack: the rows of all parts, numbered consecutively.
        first: int64 (images,), the first row of each image, ascending.
        of_row: int64 (rows,), the image of each row.
        label: uint8 (images,), the most exact label; undefined if contradictory.
        contradictory: bool (images,), whether no character fits all labels of the image.
        in_part: bool (parts, images), whether the part contains the image.
    """

    stack: RowStack
    first: np.ndarray
    of_row: np.ndarray
    label: np.ndarray
    contradictory: np.ndarray
    in_part: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def held_by(self, parts: Sequence[bool]) -> np.ndarray:
        """bool (images,): whether any of the chosen parts contains the image."""
        return self.in_part[list(parts)].any(axis=0)


def find_images(parts: list[StandardizedSplit]) -> Images:
    """Match all rows by their pixels and intersect the meanings of their labels."""
    stack = RowStack([part.data for part in parts])
    first, of_row = np.unique(match_images(stack), return_inverse=True)
    masks = candidate_masks()
    meant = np.full(len(first), np.iinfo(np.uint64).max, dtype=np.uint64)
    in_part = np.zeros((len(parts), len(first)), dtype=bool)
    for index, part in enumerate(parts):
        here = of_row[stack.starts[index] : stack.starts[index + 1]]
        np.bitwise_and.at(meant, here, masks[part.targets])
        in_part[index, here] = True
    order = np.argsort(masks)
    position = np.minimum(np.searchsorted(masks[order], meant), NUM_LABELS - 1)
    label = order[position].astype(np.uint8)
    return Images(stack, first, of_row, label, meant == 0, in_part)


@dataclass
class Combined:
    """The outcome of stage 1.

    Attributes:
        train: the training set.
        test: the test set.
        images: the distinct images behind both.
        removed: number of test images removed from the training parts.
    """

    train: LabelledImages
    test: LabelledImages
    images: Images
    removed: int = 0
