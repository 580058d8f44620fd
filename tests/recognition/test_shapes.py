"""Variation of shapes between writers: fitting, likelihood ratios, and damaged files."""

from dataclasses import replace

import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.recognition.recognizer import Recognizer
from handwriting.recognition.shapes import Shapes, load_shapes, save_shapes, shapes_file
from tests.support import random_weights

BETWEEN = 0.6
WITHIN = np.array([4.0, 1.0, 0.25])
"""Variances of three features of one person's characters."""


def samples(writers: int = 60, each: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and writers of made-up people whose own means are known to vary."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.repeat(np.arange(62), each), writers)
    persons = np.repeat(np.arange(writers), 62 * each)
    means = 5 * rng.normal(size=(62, 3))
    own = np.sqrt(BETWEEN * WITHIN) * rng.normal(size=(writers, 62, 3))
    features = means[labels] + own[persons, labels]
    return features + np.sqrt(WITHIN) * rng.normal(size=features.shape), labels, persons


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return Shapes.fit("weights", *samples())


def test_what_was_put_in_is_found(shapes):
    features, labels, persons = samples()
    assert shapes.between == pytest.approx(BETWEEN, rel=0.1)
    own = shapes.places(features[(labels == 3) & (persons == 1)])
    assert shapes.means[3] == pytest.approx(shapes.places(features[labels == 3]).mean(axis=0))
    assert own.shape == (3, 3)
    noise = shapes.places(np.sqrt(WITHIN) * np.random.default_rng(1).normal(size=(9999, 3)))
    assert np.cov(noise.T) == pytest.approx(np.eye(3), abs=0.06)


def test_the_ratio_is_that_of_two_normal_distributions(shapes):
    place, own = np.array([1.0, -0.5, 2.0]), np.array([0.5, 0.5, 1.5])
    mean, between = shapes.means[7], shapes.between
    trust = 2 * between / (2 * between + 1)

    def log_normal(centre: np.ndarray, variance: float) -> float:
        return (-((place - centre) ** 2) / variance - np.log(variance)).sum() / 2

    expected = log_normal(mean + trust * (own - mean), 1 + between * (1 - trust))
    expected -= log_normal(mean, 1 + between)
    found = shapes.log_ratios(place, own[None], np.array([[7, 2]]))
    assert found == pytest.approx([expected])


def test_a_file_gives_the_same_back(shapes, tmp_path):
    save_shapes(shapes, tmp_path / "x.pt")
    again = load_shapes(tmp_path / "x.pt")
    assert again.network == "weights" and again.between == shapes.between
    assert again.whitening == pytest.approx(shapes.whitening, rel=1e-3)
    assert again.means == pytest.approx(shapes.means, rel=1e-3)


@pytest.mark.parametrize(
    "damage",
    [
        {"means": np.zeros((62, 2))},
        {"whitening": np.array(1.0)},
        {"whitening": np.full((3, 3), np.nan)},
        {"between": np.nan},
        {"between": -0.5},
    ],
    ids=str,
)
def test_shapes_that_fit_no_network_are_refused_in_a_sentence(shapes, tmp_path, damage):
    save_shapes(replace(shapes, **damage), tmp_path / "x.pt")
    with pytest.raises(HandwritingError, match="Fit it with"):
        load_shapes(tmp_path / "x.pt")


@pytest.mark.parametrize("what", ["missing", "cut", "no archive"])
def test_a_damaged_file_is_refused_in_a_sentence(shapes, tmp_path, what):
    path = tmp_path / "x.pt"
    save_shapes(shapes, path)
    content = path.read_bytes()
    if what == "missing":
        path.unlink()
    if what in ("cut", "no archive"):
        path.write_bytes(content[:200] if what == "cut" else b"no archive")
    with pytest.raises(HandwritingError, match="Fit it with"):
        load_shapes(path)


def test_shapes_of_other_weights_do_not_count(shapes, tmp_path):
    weights = random_weights(tmp_path, "weights")
    before = Recognizer.load(weights).fingerprint
    save_shapes(shapes, shapes_file(weights))
    recognizer = Recognizer.load(weights)
    assert recognizer.shapes is None and recognizer.fingerprint == before
