"""The 62 classes, labels as sets of candidate characters, and the groupings used in metrics.

A label is one byte and stands for a set of candidate characters. 0 to 61 name one character, in
the order of ``CLASSES``. 62 to 87 stand for "A or a" to "Z or z": what a label of EMNIST's
`letters`, or one of the 15 merged labels of `bymerge` and `balanced`, really says (Cohen et al.
2017, arXiv 1702.05373, table II). `handwriting.emnist.label_sets` has each split's own labels.
"""

import string

import numpy as np

CLASSES: tuple[str, ...] = tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase)
NUM_CLASSES = len(CLASSES)
FIRST_CAPITAL = CLASSES.index("A")
FIRST_SMALL = CLASSES.index("a")
FIRST_EITHER_CASE = NUM_CLASSES
"""Labels below it are exact; from it on they stand for a letter in either case."""

NUM_LABELS = FIRST_EITHER_CASE + len(string.ascii_uppercase)

CHARACTER_SETS: dict[str, tuple[str, ...]] = {
    "All": CLASSES,
    "Digits": tuple(string.digits),
    "Capitals": tuple(string.ascii_uppercase),
    "Small letters": tuple(string.ascii_lowercase),
}

MERGED_LETTERS = "CIJKLMOPSUVWXYZ"
"""Letters whose two cases `bymerge` and `balanced` put together (Cohen et al. 2017, table II)."""


def class_index(character: str) -> int:
    """Index 0 to 61 of a character."""
    return CLASSES.index(character)


def either_case_label(letter: str) -> int:
    """Label 62 to 87 that stands for a letter in either case."""
    return FIRST_EITHER_CASE + string.ascii_uppercase.index(letter.upper())


def label_name(label: int) -> str:
    """``"s"`` for an exact label, ``"S or s"`` for a letter in either case."""
    return " or ".join(CLASSES[c] for c in candidates(label))


def candidates(label: int) -> tuple[int, ...]:
    """The classes that a label allows: one, or the two cases of a letter."""
    if label < FIRST_EITHER_CASE:
        return (label,)
    letter = label - FIRST_EITHER_CASE
    return (FIRST_CAPITAL + letter, FIRST_SMALL + letter)


def candidate_masks() -> np.ndarray:
    """uint64 of shape (88,): bit ``c`` is set where the label allows class ``c``."""
    return np.array(
        [sum(1 << c for c in candidates(label)) for label in range(NUM_LABELS)], dtype=np.uint64
    )


def count_labels(labels: np.ndarray) -> dict[str, dict[str, int]]:
    """Rows per character, and per letter for those known in either case only."""
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
"""int of shape (62,): class to one of 36 groups in which only case differs."""

MERGED_47 = _groups({c.lower(): c for c in MERGED_LETTERS})
"""int of shape (62,): class to one of the 47 classes of `bymerge` and `balanced`."""
