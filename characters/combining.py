"""From the rows of six splits to images that stand once, each with its most exact label.

A label of `letters`, `bymerge` or `balanced` may be a set of characters. The sets that the rows of
one image give are intersected; an empty intersection means that the archive contradicts itself.
"""

from dataclasses import dataclass

import numpy as np

from characters.labels import (
    BY_NAME,
    CLASSES,
    FIRST_PAIR,
    MEANINGS,
    NUM_LABELS,
    label_masks,
    label_name,
)
from characters.matching import RowStack, match_images


@dataclass
class StandardizedSplit:
    """One part of one split with labels on the common range.

    Attributes:
        split: as ``"letters"``.
        train: whether it is the training part.
        data: uint8 (N, 28, 28).
        targets: uint8 (N,), what the label can mean: 0..61, or 62..87 for a letter in either case.
        names: uint8 (N,), the usual mapping by the label's name, 0..61.
    """

    split: str
    train: bool
    data: np.ndarray
    targets: np.ndarray
    names: np.ndarray

    @property
    def name(self) -> str:
        """As ``"letters train"``."""
        return f"{self.split} {'train' if self.train else 'test'}"

    @property
    def is_test_set(self) -> bool:
        """Whether this is the official test set: the test part of `byclass`."""
        return self.split == "byclass" and not self.train


def standardize(split: str, train: bool, data: np.ndarray, labels: np.ndarray) -> StandardizedSplit:
    """Map a split's own labels onto the common range."""
    return StandardizedSplit(split, train, data, MEANINGS[split][labels], BY_NAME[split][labels])


@dataclass
class Images:
    """The distinct images behind all rows.

    Attributes:
        stack: the rows of all parts, numbered through.
        first: int64 (images,), the first row of each image, ascending.
        of_row: int64 (rows,), the image of each row.
        label: uint8 (images,), the most exact label; meaningless where contradictory.
        contradictory: bool (images,), no character fits all labels of the image.
        in_part: bool (parts, images), whether the part holds the image.
    """

    stack: RowStack
    first: np.ndarray
    of_row: np.ndarray
    label: np.ndarray
    contradictory: np.ndarray
    in_part: np.ndarray

    def __len__(self) -> int:
        return len(self.first)


def find_images(parts: list[StandardizedSplit]) -> Images:
    """Match all rows by their pixels and intersect what their labels can mean."""
    stack = RowStack([part.data for part in parts])
    first, of_row = np.unique(match_images(stack), return_inverse=True)
    masks = label_masks()
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
class NameConflicts:
    """What mapping labels by name alone would have done.

    Attributes:
        images: images whose rows then carry different labels.
        wrong_rows: rows whose label differs from the image's exact label.
        bad_rows: rows that are wrong or stand at an image with different labels.
    """

    images: int
    wrong_rows: int
    bad_rows: int


def name_conflicts(parts: list[StandardizedSplit], images: Images) -> NameConflicts:
    """Compare the labels by name with each other and with the exact labels."""
    names = np.concatenate([part.names for part in parts])
    seen = np.zeros(len(images), dtype=np.uint64)
    np.bitwise_or.at(seen, images.of_row, np.left_shift(np.uint64(1), names.astype(np.uint64)))
    several = (seen & (seen - np.uint64(1))) != 0
    known = ~images.contradictory & (images.label < FIRST_PAIR)
    wrong = known[images.of_row] & (names != images.label[images.of_row])
    bad = wrong | several[images.of_row]
    return NameConflicts(int(several.sum()), int(wrong.sum()), int(bad.sum()))


def describe_contradictions(
    parts: list[StandardizedSplit], images: Images, most: int
) -> list[dict[str, object]]:
    """The first contradictory images: their first row and what each part calls them."""
    listed = []
    for image in np.flatnonzero(images.contradictory)[:most]:
        labels = {}
        for row in np.flatnonzero(images.of_row == image):
            index = int(np.searchsorted(images.stack.starts, row, side="right")) - 1
            part, offset = parts[index], int(row - images.stack.starts[index])
            labels[f"{part.name} row {offset}"] = label_name(int(part.targets[offset]))
        listed.append({"labels": labels})
    return listed


@dataclass
class LabelExample:
    """One image that `byclass` and `letters` both hold, and how they label it.

    Attributes:
        picture: uint8 (28, 28).
        own: the two splits' own labels.
        standardized: the same labels on the common range.
    """

    picture: np.ndarray
    own: dict[str, int]
    standardized: dict[str, int]


def find_example(parts: list[StandardizedSplit], images: Images) -> LabelExample | None:
    """The first lower-case letter that both `byclass` and `letters` hold; ``None`` without one."""
    held = {
        split: images.in_part[[part.split == split for part in parts]].any(axis=0)
        for split in ("byclass", "letters")
    }
    fits = held["byclass"] & held["letters"] & (images.label >= 36) & (images.label < FIRST_PAIR)
    if not fits.any():
        return None
    candidates = np.flatnonzero(fits)
    image = candidates[images.label[candidates].argmin()]
    letter = int(images.label[image])
    pair = letter - 36 + FIRST_PAIR
    return LabelExample(
        images.stack.take(images.first[[image]])[0].reshape(28, 28),
        own={"byclass": letter, "letters": letter - 36 + 1},
        standardized={"byclass": letter, "letters": pair},
    )


def count_labels(labels: np.ndarray) -> dict[str, dict[str, int]]:
    """Rows per character, and per letter for those known in either case only."""
    counts = np.bincount(labels, minlength=NUM_LABELS)
    return {
        "exact": {CLASSES[c]: int(counts[c]) for c in range(FIRST_PAIR)},
        "paired": {label_name(p): int(counts[p]) for p in range(FIRST_PAIR, NUM_LABELS)},
    }
