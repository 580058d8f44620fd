"""What the benchmarks compute from their measurements."""

import numpy as np
import pytest
from data_size import FULL_TRAINING_IMAGES, error_curve, fit, forecast, seed_spread
from preprocessing import PARTS, profile_stage_1
from same_accuracy import WAYS, summary
from worst_mistakes import worst

from handwriting.errors import HandwritingError

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
        promised = forecast(points(*law), spread, test_images=10_000)
        low, high = promised["interval_80"]
        assert low < truth < high
        assert promised["accuracy"] == pytest.approx(truth, abs=1e-3)
        widths.append(high - low)
    assert widths[0] < widths[1]


def test_the_spread_between_seeds_is_their_standard_deviation():
    assert seed_spread(points(0.1, 0.3, 0.6, noise=0.002)) == pytest.approx(0.002 * np.sqrt(2))
    with pytest.raises(HandwritingError, match="several seeds"):
        seed_spread(points(0.1, 0.3, 0.6)[:-1])


def test_the_surest_wrong_answers_come_first():
    probabilities = np.full((4, 62), 0.001)
    probabilities[[0, 1, 2, 3], [5, 6, 7, 8]] = [0.9, 0.5, 0.8, 0.95]
    assert worst(probabilities, np.array([5, 1, 1, 1]), most=2).tolist() == [3, 2]


def test_differences_between_ways_are_taken_seed_by_seed():
    def seed(plain: float) -> dict:
        gains = {"plain": 0.0, "ours": 0.01, "large": -0.02}
        return {way: {"accuracy": plain + gains[way], "loss": 1.0} for way in WAYS}

    found = summary([seed(0.5), seed(0.7), seed(0.9)])["accuracy"]
    assert found["plain"] == {"mean": pytest.approx(0.7), "sd": pytest.approx(0.2)}
    assert found["ours - plain"] == {"mean": pytest.approx(0.01), "sd": pytest.approx(0, abs=1e-9)}
    assert found["large - plain"]["mean"] == pytest.approx(-0.02)


def test_the_profile_of_stage_1_knows_all_its_parts(archive, tmp_path):
    seconds = profile_stage_1(archive, tmp_path)
    assert list(seconds) == list(PARTS.values())
    assert all(0 <= value <= seconds["all of it"] for value in seconds.values())
