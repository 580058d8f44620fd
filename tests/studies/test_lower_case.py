"""Causes of errors on lower-case letters."""

from pathlib import Path

import numpy as np
import pytest

from handwriting.datasets.prepared import load_images, load_split
from handwriting.emnist.duplicates import count_leaked
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, class_index
from studies import lower_case
from studies.lower_case import GROUPS, by_group, sort_mistakes
from tests.benchmarks.support import committed, run_quick
from tests.support import preprocess, random_weights, split


def indices(characters: str) -> np.ndarray:
    return np.array([class_index(c) for c in characters])


@pytest.fixture(scope="module")
def by_name(archive, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("by_name")
    preprocess(archive, folder, "--labels", "by-name")
    split(folder)
    return folder


def test_the_groups_are_all_characters():
    parts = ("digits", "capitals", "small letters")
    assert sorted(c for name in parts for c in GROUPS[name]) == sorted(CLASSES)
    small = [*GROUPS["the 15 that look like their capital"], *GROUPS["the other 11"]]
    assert sorted(small) == sorted(GROUPS["small letters"])


def test_accuracy_is_taken_group_by_group():
    found = by_group(indices("01AABccd"), indices("02AABcCb"))
    assert found["digits"] == 0.5 and found["capitals"] == 0.75
    assert found["all"] == 5 / 8 and found["the other 11"] == 0


def test_each_mistake_is_of_one_kind():
    answers, labels = indices("0Os1q7"), indices("0oS12A")
    found = sort_mistakes(answers, labels)
    assert found == {
        "all": 4,
        "only the case": 2,
        "another character of the same shape": 0,
        "the rest": 2,
    }
    assert sort_mistakes(indices("0"), indices("O"))["another character of the same shape"] == 1


def test_no_test_image_is_trained_on_by_name(processed, by_name):
    data, test = load_images(by_name, "train"), load_images(processed, "test")
    rows = load_split(by_name)["train"]
    assert count_leaked(data.images[rows].numpy(), test.images.numpy())
    rows = lower_case.without_test_images(data, rows, test)
    assert not count_leaked(data.images[rows].numpy(), test.images.numpy())


def test_all_three_reasons_are_measured(processed, by_name, drawings, models, tmp_path):
    options = ("--by-name", by_name, "--drawings", drawings)
    folders = ("--processed", processed, "--models", models)
    (result,) = run_quick(lower_case, tmp_path, "run", *options, *folders).values()
    known = committed("studies/lower_case.json")
    assert set(result) == set(known)
    for part in ("frequency", "size"):
        assert set(result[part]) == set(known[part])
    assert {key.rpartition(" / ")[0] for key in known["labels"]} == {
        key.rpartition(" / ")[0] for key in result["labels"]
    }
    assert set(result["size"]["by shape"]) == set(GROUPS)
    mistakes = result["frequency"]["mistakes"]
    assert sum(mistakes.values()) == 2 * mistakes["all"]


def test_a_run_without_frequencies_is_refused(processed, tmp_path):
    random_weights(tmp_path, "bare")
    options = ["bare", "--models", str(tmp_path), "--processed", str(processed)]
    parser = lower_case.get_args_parser()
    with pytest.raises(HandwritingError, match="no class prior"):
        lower_case.main(parser.parse_args([*options, "--by-name", "x", "--drawings", "y"]))
