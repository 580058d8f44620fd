"""Each image occurs once, with the label that all its rows determine together."""

import string

import numpy as np
import pytest

import data_preprocessing
from handwriting.emnist import report
from handwriting.emnist.archive import read_archive
from handwriting.emnist.merging import find_images, standardize
from handwriting.errors import HandwritingError
from handwriting.labels import FIRST_EITHER_CASE, candidates, class_index, either_case_label
from handwriting.synthesis.emnist_archive import write_archive


@pytest.fixture(scope="module")
def parts(archive):
    training, testing = read_archive(archive)
    return data_preprocessing.standardizing_label_ranges(training + testing)


@pytest.fixture(scope="module")
def images(parts):
    return find_images(parts)


@pytest.fixture(scope="module")
def truth(drawn) -> dict[bytes, int]:
    """The character of each drawn image."""
    return {image.tobytes(): int(c) for image, c in zip(*drawn, strict=True)}


def one_image(split: str, label: int, grey: int = 200):
    """A part of one row."""
    return standardize(split, True, np.full((1, 28, 28), grey, dtype=np.uint8), np.array([label]))


@pytest.mark.parametrize(
    ("rows", "label"),
    [
        ([("letters", 19)], either_case_label("s")),
        ([("letters", 19), ("byclass", class_index("s"))], class_index("s")),
        # The label 10 + 18 of bymerge is "S or s", 10 + 1 is "B" alone.
        ([("bymerge", 28), ("letters", 19)], either_case_label("s")),
        ([("bymerge", 11), ("letters", 2)], class_index("B")),
        ([("digits", 7), ("mnist", 7)], 7),
    ],
)
def test_the_most_exact_label_is_found(rows, label):
    images = find_images([one_image(*row) for row in rows])
    assert len(images) == 1 and images.label.tolist() == [label]
    assert not images.contradictory.any()
    assert images.in_part.all() and images.of_row.tolist() == [0] * len(rows)


def test_labels_without_a_common_character_contradict_each_other():
    rows = [one_image("digits", 1), one_image("letters", 9), one_image("digits", 3, grey=7)]
    images = find_images(rows)
    assert images.contradictory.tolist() == [True, False]
    (example,) = report.describe_contradictions(rows, images, most=3)
    assert example["labels"] == {"digits train row 0": "1", "letters train row 0": "I or i"}
    with pytest.raises(HandwritingError, match="1 of 2 images have contradictory labels"):
        report.check_contradictions(rows, images)


def test_an_images_rows_and_parts_are_known(parts, images):
    assert images.held_by([part.is_test_set for part in parts]).sum() == len(
        {image.tobytes() for part in parts if part.is_test_set for image in part.data}
    )
    assert (images.of_row[images.first] == np.arange(len(images))).all()
    assert images.held_by([True] * len(parts)).all()


def test_labels_always_allow_the_true_character_and_byclass_makes_them_exact(parts, images, truth):
    in_byclass = images.held_by([part.split == "byclass" for part in parts])
    pixels = images.stack.take(images.first)
    for image, label, is_exact in zip(pixels, images.label.tolist(), in_byclass, strict=True):
        assert truth[image.tobytes()] in candidates(label)
        if is_exact:
            assert label == truth[image.tobytes()]
    assert (images.label >= FIRST_EITHER_CASE).any(), "the archive should leave some labels open"


def test_bymerge_narrows_down_what_letters_leaves_open(drawn, tmp_path):
    write_archive(tmp_path, *drawn, seed=1, byclass_share=0.002, level=1)
    training, testing = read_archive(tmp_path)
    parts = data_preprocessing.standardizing_label_ranges(training + testing)
    labels = data_preprocessing.combining_datasets(parts).train.labels
    either = set(labels[labels >= FIRST_EITHER_CASE].tolist())
    merged = [string.ascii_uppercase.index(c) for c in "CIJKLMOPSUVWXYZ"]
    assert either == {FIRST_EITHER_CASE + letter for letter in merged}


def test_label_conflicts_of_mapping_by_name_are_counted_row_by_row(drawn, truth, tmp_path):
    write_archive(tmp_path, *drawn, seed=1, level=1)
    training, testing = read_archive(tmp_path)
    parts = data_preprocessing.standardizing_label_ranges(training + testing)
    wrong = sum(
        truth[image.tobytes()] != name
        for part in parts
        for image, name in zip(part.data, part.names.tolist(), strict=True)
    )
    assert wrong > 0
    figures = report.archive_figures(parts, find_images(parts))
    assert figures["by_name_wrong_rows"] == wrong
    assert figures["by_name_wrong_or_contradictory_rows"] >= wrong


def test_figures_add_up(parts, images):
    figures = report.archive_figures(parts, images)
    assert figures["total_rows"] == sum(figures["rows"].values()) == sum(map(len, (
        part.data for part in parts
    )))  # fmt: skip
    assert figures["distinct_images"] == len(
        {image.tobytes() for part in parts for image in part.data}
    )
    byclass = next(part for part in parts if part.name == "byclass train")
    assert sum(figures["byclass_class_counts"].values()) == len(byclass.data)
    by_hand = {i.tobytes() for i in parts[0].data} & {i.tobytes() for i in parts[1].data}
    assert figures["distinct_images_shared_by"]["byclass train + bymerge train"] == len(by_hand)
