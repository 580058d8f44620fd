"""The 62 characters, their labels, and the groups of the metrics."""

import numpy as np
import pytest

from handwriting import labels
from handwriting.labels import CLASSES, FIRST_EITHER_CASE, candidates, characters_named


def test_classes_are_digits_capitals_small_letters():
    assert "".join(CLASSES) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("digits", "0123456789"),
        ("0-9", "0123456789"),
        ("A-Cx-", "ABCx-"),
        ("-+9-7", "-+"),
        ("a-Z", "a-Z"),
        ("", ""),
    ],
)
def test_characters_are_named_by_a_set_by_themselves_or_as_a_range(words, named):
    assert characters_named(words) == named


def test_a_label_allows_one_character_or_the_two_cases_of_a_letter():
    assert labels.NUM_LABELS == 88
    assert [candidates(k) for k in range(62)] == [(k,) for k in range(62)]
    pairs = ["".join(CLASSES[c] for c in candidates(k)) for k in range(62, 88)]
    assert pairs == [f"{c}{c.lower()}" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]


def test_masks_have_the_bits_of_the_candidates():
    masks = labels.candidate_masks()
    assert masks.dtype == np.uint64 and len(masks) == 88
    for label, mask in enumerate(masks.tolist()):
        assert mask == sum(1 << c for c in candidates(label))


def test_label_names_read_as_words():
    assert labels.label_name(54) == "s"
    assert labels.label_name(labels.either_case_label("s")) == "S or s"
    assert labels.either_case_label("S") == labels.either_case_label("s") == FIRST_EITHER_CASE + 18


def test_rows_are_counted_by_character_and_by_letter_in_either_case():
    counts = labels.count_labels(np.array([0, 0, 61, FIRST_EITHER_CASE]))
    assert list(counts["exact"]) == list(CLASSES) and len(counts["either_case"]) == 26
    assert counts["exact"]["0"] == 2 and counts["exact"]["z"] == 1
    assert counts["either_case"]["A or a"] == 1
    assert sum(sum(kind.values()) for kind in counts.values()) == 4


def test_groupings_have_36_and_47_groups():
    assert len(set(labels.WITHOUT_CASE)) == 36
    assert len(set(labels.MERGED_47)) == 47
    assert labels.WITHOUT_CASE[CLASSES.index("a")] == labels.WITHOUT_CASE[CLASSES.index("A")]
    assert labels.MERGED_47[CLASSES.index("a")] != labels.MERGED_47[CLASSES.index("A")]
