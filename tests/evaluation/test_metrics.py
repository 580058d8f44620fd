"""The metrics are correct."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, precision_score

from handwriting.datasets.prepared import LabelledImages
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import (
    HEADLINES,
    accuracies,
    accuracy,
    calibration_error,
    comparison_table,
    headline_table,
    is_correct,
    metrics_of,
    reliability,
    topk_predictions,
)
from handwriting.labels import CLASSES, FIRST_EITHER_CASE, class_index
from models import predict_logits
from tests.support import small_network


def predictions_of(logits: np.ndarray, labels: np.ndarray):
    return topk_predictions(torch.from_numpy(logits), torch.from_numpy(labels))


def summarise(logits: np.ndarray, labels: np.ndarray, loss: float = 1.0) -> dict[str, object]:
    return metrics_of([predictions_of(logits, labels)], loss, loss)


@pytest.fixture(scope="module")
def answered() -> tuple[np.ndarray, np.ndarray]:
    """Logits that are mostly right, and the labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 62, 500)
    return rng.normal(size=(500, 62)) + 3 * np.eye(62)[labels], labels


def test_metrics_agree_with_scikit_learn_and_counting(answered):
    logits, labels = answered
    metrics = metrics_of([predictions_of(logits, labels)], loss=1.5, calibrated_loss=1.25)
    predictions = logits.argmax(axis=1)
    assert (metrics["loss"], metrics["calibrated_loss"]) == (1.5, 1.25)
    assert metrics["accuracy"] == np.mean(predictions == labels)
    assert metrics["f1_macro"] == pytest.approx(f1_score(labels, predictions, average="macro"))
    assert metrics["precision_weighted"] == pytest.approx(
        precision_score(labels, predictions, average="weighted", zero_division=0)
    )
    rank = (logits > logits[np.arange(500), labels][:, None]).sum(axis=1)
    assert metrics["top2_accuracy"] == np.mean(rank < 2)
    assert metrics["top3_accuracy"] == np.mean(rank < 3)
    lower = [CLASSES[p].lower() == CLASSES[t].lower() for p, t in zip(predictions, labels)]  # noqa: B905
    assert metrics["accuracy_without_case"] == np.mean(lower)
    assert metrics["accuracy"] <= metrics["accuracy_47_classes"] <= metrics["accuracy_without_case"]
    assert np.array(metrics["confusion"]).sum() == 500
    assert sum(row["support"] for row in metrics["classes"]) == metrics["images"] == 500


def test_batches_give_the_figures_of_the_whole(answered):
    logits, labels = answered
    parts = [predictions_of(logits[k : k + 90], labels[k : k + 90]) for k in range(0, 500, 90)]
    assert metrics_of(parts, 1.0, 1.0) == summarise(logits, labels)


def test_accuracy_within_a_kind_is_that_of_the_likeliest_of_the_kind(answered):
    logits, labels = answered
    found = summarise(logits, labels)["accuracy_within"]
    for name, first, stop in (("digits", 0, 10), ("capitals", 10, 36), ("small", 36, 62)):
        own = (labels >= first) & (labels < stop)
        answers = logits[own, first:stop].argmax(axis=1) + first
        assert found[name] == pytest.approx(np.mean(answers == labels[own]))
    only_digits = summarise(logits[labels < 10], labels[labels < 10])["accuracy_within"]
    assert only_digits["capitals"] is None and only_digits["digits"] == found["digits"]


def test_most_confused_pairs_count_both_directions():
    labels = np.array([CLASSES.index(c) for c in "OO0Ol"])
    read = [CLASSES.index(c) for c in "00OO1"]
    worst = summarise(np.eye(62)[read], labels)["most_confused"][0]
    assert worst == {"pair": "0 O", "mistakes": 3, "0 read as O": 1, "O read as 0": 2}


def test_honest_probabilities_have_no_calibration_error_and_boasts_have_one():
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(0.2, 1, 20_000)
    right = rng.uniform(size=20_000) < probabilities
    assert calibration_error(reliability(probabilities, right)) < 0.01
    boasts = np.full(20_000, 0.99)
    assert calibration_error(reliability(boasts, right)) == pytest.approx(0.39, abs=0.02)


def test_temperature_changes_probabilities_and_not_answers():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(300, 62)), rng.integers(0, 62, 300)
    plain, cold = (summarise(logits / temperature, labels) for temperature in (1.0, 0.2))
    assert plain["accuracy"] == cold["accuracy"]
    assert plain["calibration_error"] < cold["calibration_error"]


def test_a_constant_per_image_changes_nothing(answered):
    logits, labels = answered
    moved = logits + np.linspace(-3, 3, 500)[:, None]
    before, after = predictions_of(logits, labels), predictions_of(moved, labels)
    assert (before.topk == after.topk).all()
    np.testing.assert_allclose(before.confidence, after.confidence, rtol=1e-5)


def test_a_letter_is_right_in_either_case_and_an_exact_label_in_one():
    label_s, either_s = 36 + 18, FIRST_EITHER_CASE + 18
    predictions = torch.tensor([10 + 18, 36 + 18, 10 + 18, 5])
    labels = torch.tensor([either_s, either_s, label_s, either_s])
    assert is_correct(predictions, labels).tolist() == [True, True, False, False]


def test_accuracy_of_a_network_is_the_share_of_right_answers(drawn):
    torch.manual_seed(0)
    network, images = small_network(), torch.from_numpy(drawn[0][:200])
    answers = predict_logits(network, images).argmax(dim=1)
    labels = answers.clone()
    labels[:50] = (labels[:50] + 1) % 62
    assert accuracy(network, LabelledImages(images, labels.byte())) == 0.75


def test_accuracies_are_with_and_without_case():
    labels = np.array([class_index(c) for c in "AaB1"])
    read = np.array([class_index(c) for c in "aaBl"])
    found = accuracies(read, labels)
    assert found == {"accuracy": 0.5, "accuracy_without_case": 0.75}


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_figures_that_are_no_numbers_are_none(answered, loss):
    with pytest.raises(HandwritingError, match="the loss is not a number"):
        summarise(*answered, loss=loss)
    with pytest.raises(HandwritingError, match="there is no image to evaluate"):
        summarise(np.zeros((0, 62)), np.zeros(0, dtype=int))


def test_runs_are_compared_in_a_row_each():
    figures = {"loss": 0.5, "accuracy": 0.9, "f1_weighted": 0.7}
    figures |= {"precision_weighted": 0.8, "recall_weighted": 0.9}
    runs = [{"run": "a", "epoch": 7, "epochs": 20}, {"run": "b", "epoch": 3}, {"run": "c"}]
    table = comparison_table([figures | run for run in runs]).splitlines()
    assert table[0] == "| run | epoch | loss | accuracy | precision | recall | F1 |"
    assert table[2] == "| a | 7 of 20 | 0.5000 | 0.9000 | 0.8000 | 0.9000 | 0.7000 |"
    assert [row.split(" | ")[1] for row in table[3:]] == ["3", "-"]


def test_headlines_stand_side_by_side(answered):
    metrics = summarise(*answered)
    table = headline_table({"first": metrics, "a longer name": metrics})
    for title in HEADLINES.values():
        (line,) = (line for line in table.splitlines() if line.startswith(title + "  "))
        assert len(set(line.removeprefix(title).split())) == 1
    assert "500" in table and "a longer name" in table
