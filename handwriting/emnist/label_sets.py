"""The meaning of labels in EMNIST's six splits: tables from a split's own label to a label set.

`MEANINGS` gives the possible meanings of a label, `BY_NAME` the baseline's mapping by name. Both
map onto the labels of `handwriting.labels`. `handwriting.emnist.merging` intersects the meanings
from several splits for one image.
"""

import string

import numpy as np

from handwriting.labels import (
    CLASSES,
    FIRST_CAPITAL,
    MERGED_LETTERS,
    NUM_CLASSES,
    candidates,
    class_index,
    either_case_label,
)

SPLITS = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")

IMAGES_OF_SPLIT = {
    "byclass": 814_255,
    "bymerge": 814_255,
    "balanced": 131_600,
    "letters": 145_600,
    "digits": 280_000,
    "mnist": 70_000,
}
"""Images of both parts of each split together (Cohen et al. 2017, table II)."""

UNUSED = 255
"""Entry of a split's table for a label that the split never uses."""


def _merged_split(names: dict[str, int]) -> list[int]:
    return [
        names[character]
        for character in CLASSES
        if not (character.islower() and character.upper() in MERGED_LETTERS)
    ]


def _tables(merged: dict[str, int], letters: list[int]) -> dict[str, np.ndarray]:
    """One table per split, from its own labels to ours; unused labels map to 255."""
    exact = list(range(NUM_CLASSES))
    meanings = {
        "byclass": exact,
        "bymerge": _merged_split(merged),
        "balanced": _merged_split(merged),
        "letters": [UNUSED, *letters],
        "digits": exact[:FIRST_CAPITAL],
        "mnist": exact[:FIRST_CAPITAL],
    }
    return {split: np.array(table, dtype=np.uint8) for split, table in meanings.items()}


_EXACT = {character: index for index, character in enumerate(CLASSES)}
_EITHER_CASE = {letter: either_case_label(letter) for letter in MERGED_LETTERS}

MEANINGS = _tables(
    _EXACT | _EITHER_CASE, [either_case_label(letter) for letter in string.ascii_uppercase]
)
"""The meaning of each split's own labels: one character, or a letter in either case."""

BY_NAME = _tables(_EXACT, [class_index(letter) for letter in string.ascii_lowercase])
"""The baseline's mapping by the label's printed name, which is wrong for merged letters and
`letters`."""


def in_range(split: str, labels: np.ndarray) -> np.ndarray:
    """bool per row: whether the split uses this label."""
    table = MEANINGS[split]
    inside = (labels >= 0) & (labels < len(table))
    return inside & (table[np.where(inside, labels, 0)] != UNUSED)


def own_labels(split: str, classes: np.ndarray) -> np.ndarray:
    """uint8: a split's own label for each class 0..61; 255 if the split lacks the class."""
    own = np.full(NUM_CLASSES, UNUSED, dtype=np.uint8)
    for label, meaning in enumerate(MEANINGS[split]):
        if meaning != UNUSED:
            own[list(candidates(int(meaning)))] = label
    return own[classes]
