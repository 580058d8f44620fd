"""One network is evaluated on each split's classes, on rows outside its training set."""

import json
import math

import numpy as np
import pytest
import torch

from handwriting.emnist.archive import read_archive
from handwriting.emnist.label_sets import MEANINGS
from handwriting.errors import HandwritingError
from handwriting.evaluation.every_split import (
    FULL_TRAINING_IMAGES,
    as_table,
    class_members,
    evaluate_every_split,
    interval,
    measure,
    training_fraction,
)
from handwriting.labels import CLASSES, candidates
from handwriting.runs import RunFiles
from tests.support import random_weights


def test_a_class_of_a_split_adds_up_the_characters_it_stands_for():
    for split, classes in {"byclass": 62, "balanced": 47, "letters": 26, "digits": 10}.items():
        members = class_members(split)
        assert (members.sum(axis=1) > 0).sum() == classes
        assert members.sum(axis=0).max() == 1
    letters = class_members("letters")
    assert [CLASSES[c] for c in np.flatnonzero(letters[1])] == ["A", "a"]


def test_images_seen_before_further_training_count_as_seen():
    assert training_fraction({"hyperparameters": {"fraction": 0.25}}) == 0.25
    further = {"hyperparameters": {"fraction": 0.5, "init_fraction": 1.0}}
    assert training_fraction(further) == 1.0
    assert training_fraction({}) == 1.0, "of bare weights nothing is known"


def test_the_interval_is_wilsons():
    # R: prop.test(90, 100, correct = FALSE)
    assert interval(0.9, 100) == pytest.approx((0.82563, 0.94477), abs=1e-4)
    low, high = interval(1.0, 50)
    assert high == pytest.approx(1) and low < 0.95
    wide, narrow = interval(0.8, 100), interval(0.8, 10_000)
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 9


def test_a_network_that_knows_the_truth_is_right_in_every_split(archive, drawn):
    truth = {image.tobytes(): int(c) for image, c in zip(*drawn, strict=True)}
    _, testing = read_archive(archive)

    def read(images: torch.Tensor) -> np.ndarray:
        return np.eye(62)[[truth[image.numpy().tobytes()] for image in images]]

    for row in measure(read, np.zeros((1, 28, 28), dtype=np.uint8), testing):
        assert row["accuracy"] == 1 and row["unseen_rows"] == row["test_rows"] > 0

    def confuse_case(images: torch.Tensor) -> np.ndarray:
        classes = read(images).argmax(axis=1)
        other = [CLASSES.index(CLASSES[c].swapcase()) for c in classes]
        return np.eye(62)[other]

    found = {r["split"]: r["accuracy"] for r in measure(confuse_case, drawn[0][:1], testing)}
    assert found["letters"] == found["digits"] == found["mnist"] == 1
    assert found["byclass"] < found["bymerge"] < 1


def test_rows_that_were_trained_on_are_left_out(archive):
    _, testing = read_archive(archive)
    training = testing[0].data[::2].numpy()
    rows = measure(lambda images: np.full((len(images), 62), 1 / 62), training, testing)
    byclass = rows[0]
    assert byclass["unseen_rows"] == len(testing[0].data) // 2
    everything = np.concatenate([part.data.numpy() for part in testing])
    for row in measure(lambda images: None, everything, testing):
        assert row["unseen_rows"] == 0 and row["accuracy"] is row["interval"] is None


def test_a_run_is_measured_on_each_split(archive, processed, tmp_path):
    fingerprint = json.loads((processed / "manifest.json").read_text())["fingerprint"]
    facts = {"fingerprint": fingerprint, "hyperparameters": {"fraction": 0.5}}
    random_weights(tmp_path, "own", **facts)
    result = evaluate_every_split(RunFiles("own", tmp_path, tmp_path), archive, processed)
    rows = {row["split"]: row for row in result["splits"]}
    assert list(rows) == list(MEANINGS)
    assert rows["byclass"]["unseen_rows"] == rows["byclass"]["test_rows"]
    assert result["training_images"] == pytest.approx(
        0.5 * len(torch.load(processed / "split.pt", weights_only=True)["train"]), abs=1
    )
    share = result["training_images"] / FULL_TRAINING_IMAGES
    assert math.isclose(result["share_of_full_training_data"], share, abs_tol=1e-4)
    table = as_table(result)
    assert all(split in table for split in rows) and "best published" in table
    random_weights(tmp_path, "other", fingerprint="0" * 64)
    with pytest.raises(HandwritingError, match="other was trained on another archive"):
        evaluate_every_split(RunFiles("other", tmp_path, tmp_path), archive, processed)


def test_every_class_has_a_character():
    for split, labels in MEANINGS.items():
        for own, members in enumerate(class_members(split)):
            expected = [] if labels[own] == 255 else [*candidates(int(labels[own]))]
            assert np.flatnonzero(members).tolist() == expected
