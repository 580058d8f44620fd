"""What a label of each split can mean."""

import numpy as np
import pytest

from handwriting import labels
from handwriting.emnist.torchvision_compat import EMNIST
from handwriting.labels import BY_NAME, CLASSES, FIRST_EITHER_CASE, MEANINGS, SPLITS, candidates


def test_classes_are_digits_capitals_small_letters():
    assert "".join(CLASSES) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("split", SPLITS)
def test_every_label_can_mean_what_torchvision_calls_it(split):
    for own, name in enumerate(EMNIST.classes_split_dict[split]):
        if name == "N/A":
            assert MEANINGS[split][own] == 255
            continue
        members = candidates(int(MEANINGS[split][own]))
        assert CLASSES.index(name) in members
        assert CLASSES[BY_NAME[split][own]] == name


def test_merged_labels_stand_for_both_cases():
    merged = {CLASSES[candidates(p)[0]] for p in MEANINGS["bymerge"] if p >= FIRST_EITHER_CASE}
    assert merged == set("CIJKLMOPSUVWXYZ")
    assert (MEANINGS["letters"][1:] >= FIRST_EITHER_CASE).all()
    assert (MEANINGS["byclass"] == np.arange(62)).all()


def test_groupings_have_36_and_47_groups():
    assert len(set(labels.WITHOUT_CASE)) == 36
    assert len(set(labels.MERGED_47)) == 47
    assert labels.WITHOUT_CASE[CLASSES.index("a")] == labels.WITHOUT_CASE[CLASSES.index("A")]
    assert labels.MERGED_47[CLASSES.index("a")] != labels.MERGED_47[CLASSES.index("A")]


def test_labels_a_split_never_uses_are_out_of_range():
    assert labels.in_range("letters", np.array([0, 1, 26, 27, 200])).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_label_names_read_as_words():
    assert labels.label_name(54) == "s"
    assert labels.label_name(labels.either_case_label("s")) == "S or s"
