"""The curve of accuracy by training images, and its forecast."""

import json

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.evaluation.every_split import FULL_TRAINING_IMAGES
from studies import data_size
from studies.data_size import error_curve, fit, forecast, seed_spread
from tests.benchmarks.support import committed, run_quick
from tests.support import random_weights

FRACTIONS = np.array([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 1])


def points(a: float, b: float, c: float, noise: float = 0.0) -> list[dict[str, float]]:
    images = FRACTIONS * 246_626
    moved = np.array([0, 0, 0, 0, 1, -1]) * noise
    accuracies = 1 - error_curve(images / 1000, a, b, c) + moved
    return [{"images": n, "accuracy": p} for n, p in zip(images, accuracies, strict=True)]


@pytest.mark.parametrize("law", [(0.1, 0.3, 0.6), (0.05, 0.5, 0.4)])
def test_the_curve_that_made_the_figures_is_found_again(law):
    found = points(*law)
    images = np.array([point["images"] for point in found])
    errors = 1 - np.array([point["accuracy"] for point in found])
    np.testing.assert_allclose(fit(images, errors), law, rtol=0.02)


def test_the_forecast_holds_what_the_law_says_and_widens_with_the_spread():
    law = (0.1, 0.3, 0.6)
    truth = 1 - error_curve(np.array(0.9 * FULL_TRAINING_IMAGES / 1000), *law)
    widths = []
    for spread in (0.0005, 0.003):
        promised = forecast(points(*law), spread, test_images=10_000, draws=100)
        low, high = promised["interval_80"]
        assert low < truth < high
        assert promised["accuracy"] == pytest.approx(truth, abs=1e-3)
        widths.append(high - low)
    assert widths[0] < widths[1]


def test_the_spread_between_seeds_is_their_standard_deviation():
    assert seed_spread(points(0.1, 0.3, 0.6, noise=0.002)) == pytest.approx(0.002 * np.sqrt(2))
    with pytest.raises(HandwritingError, match="several seeds"):
        seed_spread(points(0.1, 0.3, 0.6)[:-1])


def test_the_committed_forecast_is_that_of_the_committed_runs():
    figures = committed("studies/data_size.json")
    assert seed_spread(figures["runs"]) == pytest.approx(figures["seed_spread"])
    again = forecast(figures["runs"], figures["seed_spread"], figures["test_images"], draws=50)
    assert again["accuracy"] == pytest.approx(figures["forecast"]["accuracy"], abs=1e-4)
    assert again["interval_80"] == pytest.approx(figures["forecast"]["interval_80"], abs=2e-3)


@pytest.fixture
def arguments(tmp_path, processed) -> list[str]:
    """Options that name five runs on four fractions."""
    for number, fraction in enumerate((0.125, 0.25, 0.5, 1.0, 1.0)):
        trained = {"fraction": fraction, "epochs": 1, "seed": number}
        random_weights(tmp_path, "n" * (1 + number), hyperparameters=trained)
    names = ["n" * (1 + number) for number in range(5)]
    return [*names, "--processed", str(processed), "--models", str(tmp_path)]


def test_runs_are_measured_and_a_forecast_is_made(arguments, tmp_path):
    (tmp_path / "empty").mkdir()
    (result,) = run_quick(data_size, tmp_path / "empty", *arguments).values()
    known = committed("studies/data_size.json")
    assert list(result) == list(known)
    assert list(result["runs"][0]) == list(known["runs"][0])
    assert list(result["forecast"]) == list(known["forecast"])
    assert [row["seed"] for row in result["runs"]] == list(range(5))
    images = [row["images"] for row in result["runs"]]
    assert images[3] == images[4] == pytest.approx(8 * images[0], abs=4)


def test_saving_writes_the_figures_and_their_plot(arguments, tmp_path):
    out = tmp_path / "out"
    parser = data_size.get_args_parser()
    options = ["--save", "--draws", "5", "--out", str(out)]
    data_size.main(parser.parse_args([*arguments, *options]))
    assert {path.name for path in out.iterdir()} == {"data_size.json", "data_size.png"}
    assert next(iter(json.loads((out / "data_size.json").read_text()))) == "command"
    with Image.open(out / "data_size.png") as picture:
        assert picture.format == "PNG"


def test_too_few_fractions_make_no_curve(arguments):
    parser = data_size.get_args_parser()
    with pytest.raises(HandwritingError, match="at least 4"):
        data_size.main(parser.parse_args(arguments[2:]))


def test_a_run_that_does_not_say_its_fraction_is_named(arguments, tmp_path):
    random_weights(tmp_path, "bare")
    parser = data_size.get_args_parser()
    with pytest.raises(HandwritingError, match="bare does not record"):
        data_size.main(parser.parse_args(["bare", *arguments]))
