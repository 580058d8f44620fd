"""The possible meanings of each split's labels."""

import numpy as np
import pytest

from handwriting.emnist.label_sets import BY_NAME, MEANINGS, SPLITS, in_range
from handwriting.emnist.torchvision_compat import EMNIST
from handwriting.labels import CLASSES, FIRST_EITHER_CASE, candidates


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


def test_labels_a_split_never_uses_are_out_of_range():
    assert in_range("letters", np.array([0, 1, 26, 27, 200])).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]
