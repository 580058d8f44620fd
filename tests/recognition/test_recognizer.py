"""Probabilities, size and class prior are combined to an explained prediction."""

import numpy as np
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, class_index
from handwriting.recognition.hand import Taught
from handwriting.recognition.recognizer import (
    LOOKALIKES,
    Reading,
    Recognizer,
    join_words,
    log_prior_change,
    size_weight,
)
from handwriting.runs import build_network, load_weights
from models import predict_logits
from tests.support import random_weights, run_program


def probs_of(**shares: float) -> np.ndarray:
    p = np.full(62, 1e-6)
    for character, share in shares.items():
        p[class_index(character)] = share
    return p / p.sum()


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory) -> Recognizer:
    frequencies = np.linspace(1, 3, 62)
    facts = {"temperature": 2.0, "frequencies": (frequencies / frequencies.sum()).tolist()}
    return Recognizer.load(random_weights(tmp_path_factory.mktemp("models"), "weights", **facts))


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


def test_probabilities_are_those_of_the_logits_over_the_temperature(recognizer, drawn, tmp_path):
    images = torch.from_numpy(drawn[0][:300])
    path = random_weights(tmp_path, "weights", temperature=2.0)
    logits = predict_logits(build_network(load_weights(path), path), images)
    expected = (logits / 2).softmax(dim=1).numpy()
    np.testing.assert_allclose(recognizer.probs(images), expected, atol=1e-5)
    assert recognizer.probs(images).dtype == np.float64


def test_weights_in_bf16_are_read_and_told_from_others(recognizer, image, tmp_path):
    path = random_weights(tmp_path, "weights")
    content = torch.load(path, weights_only=True)
    weights = {name: tensor.bfloat16() for name, tensor in content["weights"].items()}
    torch.save(content | {"weights": weights}, path)
    rounded = Recognizer.load(path)
    assert rounded.weights_digest != recognizer.weights_digest
    taught = rounded.teach([Taught("A", image)], None)
    assert rounded.read(image, hand=taught).probs.sum() == pytest.approx(1)


def test_without_a_temperature_it_is_1(tmp_path, image):
    path = random_weights(tmp_path, "plain")
    assert Recognizer.load(path).temperature == 1


def test_another_prior_moves_the_log_probabilities_by_a_constant_per_class(recognizer, drawn):
    images = torch.from_numpy(drawn[0][:5])
    moved = recognizer.log_probs(images, "equal") - recognizer.log_probs(images, "emnist")
    expected = -np.log(62 * np.array(recognizer.content["frequencies"]))
    np.testing.assert_allclose(moved, np.tile(expected, (5, 1)), atol=1e-9)


def test_size_multiplies_the_probabilities(recognizer, image):
    log_size = np.log(np.linspace(0.1, 1, 62))
    plain, sized = recognizer.read(image), recognizer.read(image, log_size)
    expected = plain.probs * np.exp(log_size)
    assert sized.probs == pytest.approx(expected / expected.sum())
    assert sized.image_probs == pytest.approx(plain.probs)
    assert sized.size_log_likelihood is log_size and plain.size_log_likelihood is None


def test_a_network_that_has_seen_many_hands_needs_less_of_the_size():
    assert 0 < size_weight({"hands_temperature": 1.5}) < size_weight({}) == 1


def test_a_size_that_says_nothing_changes_nothing(recognizer, image):
    same = recognizer.read(image, np.full(62, -3.0))
    assert same.probs == pytest.approx(recognizer.read(image).probs)


def test_the_equal_prior_divides_by_the_trained_frequencies(recognizer, image):
    trained = recognizer.read(image, prior="emnist").probs
    expected = trained / np.array(recognizer.content["frequencies"])
    equal = recognizer.read(image, prior="equal").probs
    assert equal == pytest.approx(expected / expected.sum())
    assert not log_prior_change({}, "equal").any()
    assert not log_prior_change(recognizer.content, "emnist").any()


def test_only_allowed_characters_are_read(recognizer, image):
    reading = recognizer.read(image, allowed="0123456789")
    assert reading.character.isdigit()
    assert reading.probs[10:].sum() == 0
    assert reading.probs.sum() == pytest.approx(1)


def test_the_likeliest_come_first(recognizer, image):
    reading = recognizer.read(image)
    ranked = reading.ranked(62)
    assert [c for c, _ in ranked[:1]] == [reading.character] and {c for c, _ in ranked} == {
        *CLASSES
    }
    shares = [share for _, share in ranked]
    assert shares == sorted(shares, reverse=True) and len(reading.ranked()) == 5
    assert reading.probs[class_index(ranked[3][0])] == ranked[3][1]


def test_it_says_why():
    shape = probs_of(S=0.6, s=0.37, g=0.03)
    log_size = np.zeros(62)
    log_size[class_index("S")] = -4
    combined = shape * np.exp(log_size)
    reading = Reading(combined / combined.sum(), shape, log_size)
    assert reading.sentence() == "read as s: shape says S or s (97%), height says lower case"
    undecided = Reading(shape, shape, np.zeros(62))
    assert undecided.sentence().endswith("height does not tell them apart")
    assert Reading(shape, shape).sentence() == "read as S: shape says S or s (97%)"
    assert join_words(["o", "O", "0"]) == "o, O or 0"


def test_lookalikes_are_named_with_the_character_itself():
    assert Reading(probs_of(o=0.9), probs_of(o=0.9)).lookalikes() == "0Oo"
    assert Reading(probs_of(H=0.9), probs_of(H=0.9)).lookalikes() == "H"
    everything = "".join(LOOKALIKES)
    assert len(set(everything)) == len(everything), "a character must be in one group only"


@pytest.mark.parametrize("where", ["a kernel", "a bias", "a running mean"])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, where, number):
    names = {
        "a kernel": "layers.0.weight",
        "a bias": "layers.17.bias",
        "a running mean": "layers.1.running_mean",
    }
    path = random_weights(tmp_path, "bad", temperature=1.0)
    content = torch.load(path, weights_only=True)
    content["weights"][names[where]].view(-1)[0] = number
    torch.save(content, path)
    with pytest.raises(
        HandwritingError, match=r"bad\.pt holds weights that are not finite numbers"
    ):
        Recognizer.load(path)


@pytest.mark.parametrize(
    "facts",
    [
        *({"temperature": t} for t in (float("nan"), float("inf"), 0.0, -1.0, "warm")),
        {"frequencies": [float("nan"), *[1 / 62] * 61]},
        {"frequencies": [0.0, *[1 / 61] * 61]},
    ],
    ids=str,
)
def test_a_calibration_that_is_no_number_is_refused(tmp_path, facts):
    path = random_weights(tmp_path, "bad", **facts)
    with pytest.raises(
        HandwritingError, match=r"bad\.pt holds weights that are not finite numbers"
    ):
        Recognizer.load(path)


@pytest.mark.parametrize(
    "facts",
    [
        {"frequencies": [1.0]},
        {"frequencies": torch.ones(62)},
        {"hyperparameters": ["lr"]},
        {"classes": torch.zeros(62)},
    ],
    ids=str,
)
def test_parts_of_another_kind_are_refused(tmp_path, facts):
    path = random_weights(tmp_path, "bad", **facts)
    with pytest.raises(HandwritingError, match=r"bad\.pt is not a weights file"):
        Recognizer.load(path)


def test_reading_imports_neither_data_sets_nor_training():
    names = ("recognition.recognizer", "recognition.sizes", "imaging.character")
    imports = ", ".join(f"handwriting.{name}" for name in names)
    loaded = set(run_program(f"import sys, {imports}; print(*sys.modules)").split())
    assert {f"handwriting.{name}" for name in names} <= loaded
    assert not loaded & {"pandas", "sklearn", "matplotlib", "torchvision"}
    wings = {name.split(".")[1] for name in loaded if name.startswith("handwriting.")}
    assert not wings & {"datasets", "emnist", "synthesis", "evaluation", "training", "web"}
