"""The 62 classes, labels as sets of candidate characters, and the groups of classes for metrics.

A label is one byte and stands for a set of candidate characters. 0 to 61 are single characters, in
the order of ``CLASSES``. 62 to 87 are "A or a" to "Z or z": the meaning of the labels of EMNIST's
`letters`, and of the 15 merged labels of `bymerge` and `balanced` (Cohen et al. 2017, arXiv
1702.05373, table II). `handwriting.emnist.label_sets` has the labels of each split.
"""

import re
import string

import numpy as np

CLASSES: tuple[str, ...] = tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase)
NUM_CLASSES = len(CLASSES)
FIRST_CAPITAL = CLASSES.index("A")
FIRST_SMALL = CLASSES.index("a")
FIRST_EITHER_CASE = NUM_CLASSES
"""First label of a letter in either case; smaller labels are exact."""

NUM_LABELS = FIRST_EITHER_CASE + len(string.ascii_uppercase)

CHARACTER_SETS: dict[str, tuple[str, ...]] = {
    "All": CLASSES,
    "Digits": tuple(string.digits),
    "Capitals": tuple(string.ascii_uppercase),
    "Small letters": tuple(string.ascii_lowercase),
}

SETS = {
    "all": CLASSES,
    "digits": CHARACTER_SETS["Digits"],
    "capitals": CHARACTER_SETS["Capitals"],
    "small": CHARACTER_SETS["Small letters"],
}
"""Named sets of possible characters."""

SETS_HELP = f"{', '.join(SETS)}, or the characters themselves; 0-9 is a range"

_RANGE = re.compile("[0-9]-[0-9]|[A-Z]-[A-Z]|[a-z]-[a-z]")


def characters_named(words: str) -> str:
    """The characters of a set in SETS, or those in a text, in which ``0-9`` is a range."""
    if words in SETS:
        return "".join(SETS[words])
    return _RANGE.sub(lambda found: _between(found[0][0], found[0][2]), words)


def _between(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1)))


MERGED_LETTERS = "CIJKLMOPSUVWXYZ"
"""Letters whose cases `bymerge` and `balanced` merge (Cohen et al. 2017, table II)."""


def class_index(character: str) -> int:
    """Class index of a character, 0..61."""
    return CLASSES.index(character)


def either_case_label(letter: str) -> int:
    """Label of a letter in either case, 62..87."""
    return FIRST_EITHER_CASE + string.ascii_uppercase.index(letter.upper())


def label_name(label: int) -> str:
    """``"s"`` for an exact label, ``"S or s"`` for a letter in either case."""
    return " or ".join(CLASSES[c] for c in candidates(label))


def candidates(label: int) -> tuple[int, ...]:
    """Classes that a label allows: one, or the two cases of a letter."""
    if label < FIRST_EITHER_CASE:
        return (label,)
    letter = label - FIRST_EITHER_CASE
    return (FIRST_CAPITAL + letter, FIRST_SMALL + letter)


def candidate_masks() -> np.ndarray:
    """uint64 of shape (88,): bit ``c`` is set if the label allows class ``c``."""
    return np.array(
        [sum(1 << c for c in candidates(label)) for label in range(NUM_LABELS)], dtype=np.uint64
    )


def count_labels(labels: np.ndarray) -> dict[str, dict[str, int]]:
    """Number of rows of each exact label and of each label of either case.

    Args:
        labels: integers in 0..87, any shape (N,).
    """
    counts = np.bincount(labels, minlength=NUM_LABELS)
    names = {label: label_name(label) for label in range(NUM_LABELS)}
    return {
        "exact": {names[c]: int(counts[c]) for c in range(FIRST_EITHER_CASE)},
        "either_case": {names[k]: int(counts[k]) for k in range(FIRST_EITHER_CASE, NUM_LABELS)},
    }


def _groups(key: dict[str, str]) -> np.ndarray:
    names = [key.get(character, character) for character in CLASSES]
    order = sorted(set(names), key=names.index)
    return np.array([order.index(name) for name in names])


WITHOUT_CASE = _groups({c: c.upper() for c in string.ascii_lowercase})
"""int of shape (62,): group of each class, one of 36, ignoring case."""

MERGED_47 = _groups({c.lower(): c for c in MERGED_LETTERS})
"""int of shape (62,): class of each class in `bymerge` and `balanced`, one of 47."""
