"""The 62 classes, what each split's own label can mean, and the groupings used in metrics.

A label is one byte. 0 to 61 name one character, in the order of ``CLASSES``. 62 to 87 stand for
"A or a" to "Z or z": what a label of `letters`, or one of the 15 merged labels of `bymerge` and
`balanced`, really says (Cohen et al. 2017, arXiv 1702.05373, table II). In training 88 to 149 name
one character in a set of pictures whose characters are all equally frequent.
"""

import string

import numpy as np

CLASSES: tuple[str, ...] = tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase)
NUM_CLASSES = len(CLASSES)
FIRST_PAIR = NUM_CLASSES
NUM_LABELS = NUM_CLASSES + 26
FIRST_EQUAL = NUM_LABELS

CHARACTER_SETS: dict[str, tuple[str, ...]] = {
    "All": CLASSES,
    "Digits": tuple(string.digits),
    "Capitals": tuple(string.ascii_uppercase),
    "Small letters": tuple(string.ascii_lowercase),
}

SPLITS = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
MERGED_LETTERS = "CIJKLMOPSUVWXYZ"

_UNUSED = 255


def class_index(character: str) -> int:
    """Index 0 to 61 of a character."""
    return CLASSES.index(character)


def pair_label(letter: str) -> int:
    """Label 62 to 87 that stands for a letter in either case."""
    return FIRST_PAIR + string.ascii_uppercase.index(letter.upper())


def label_name(label: int) -> str:
    """``"s"`` for an exact label, ``"S or s"`` for a pair."""
    return " or ".join(CLASSES[c] for c in label_members(label))


def label_members(label: int) -> tuple[int, ...]:
    """The classes that a label allows: one, or the two cases of a letter."""
    if label < FIRST_PAIR:
        return (label,)
    letter = label - FIRST_PAIR
    return (10 + letter, 36 + letter)


def label_masks() -> np.ndarray:
    """uint64 of shape (88,): bit ``c`` is set where the label allows class ``c``."""
    return np.array(
        [sum(1 << c for c in label_members(label)) for label in range(NUM_LABELS)], dtype=np.uint64
    )


def _merged_split(names: dict[str, int]) -> list[int]:
    return [
        names[character]
        for character in CLASSES
        if not (character.islower() and character.upper() in MERGED_LETTERS)
    ]


def _tables(merged: dict[str, int], letters: list[int]) -> dict[str, np.ndarray]:
    """Table per split from its own label to ours; labels that a split never uses map to 255."""
    exact = list(range(NUM_CLASSES))
    meanings = {
        "byclass": exact,
        "bymerge": _merged_split(merged),
        "balanced": _merged_split(merged),
        "letters": [_UNUSED, *letters],
        "digits": exact[:10],
        "mnist": exact[:10],
    }
    return {split: np.array(table, dtype=np.uint8) for split, table in meanings.items()}


_EXACT = {character: index for index, character in enumerate(CLASSES)}
_PAIRS = {letter: pair_label(letter) for letter in MERGED_LETTERS}

MEANINGS = _tables(_EXACT | _PAIRS, [pair_label(letter) for letter in string.ascii_uppercase])
"""What each split's own label can mean: an exact label or a pair."""

BY_NAME = _tables(_EXACT, [class_index(letter) for letter in string.ascii_lowercase])
"""The usual mapping by the label's printed name; wrong for the merged letters and `letters`."""


def in_range(split: str, labels: np.ndarray) -> np.ndarray:
    """bool per row: whether the split's own label is one that the split uses."""
    table = MEANINGS[split]
    inside = labels < len(table)
    return inside & (table[np.where(inside, labels, 0)] != _UNUSED)


def _groups(key: dict[str, str]) -> np.ndarray:
    names = [key.get(character, character) for character in CLASSES]
    order = sorted(set(names), key=names.index)
    return np.array([order.index(name) for name in names])


WITHOUT_CASE = _groups({c: c.upper() for c in string.ascii_lowercase})
"""int of shape (62,): class to one of 36 groups in which only case differs."""

MERGED_47 = _groups({c.lower(): c for c in MERGED_LETTERS})
"""int of shape (62,): class to one of the 47 classes of `bymerge` and `balanced`."""
