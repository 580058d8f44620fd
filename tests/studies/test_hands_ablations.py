"""Ablation of the training for out-of-domain handwriting, and accuracy by number of writers."""

import numpy as np
import pytest
import torch

from handwriting.datasets.external import load_external
from studies import hands_ablations
from studies.hands_ablations import FEWER, VARIANTS, all_alike, forecast, plot, sets_alike, writers
from tests.benchmarks.support import committed, run_quick
from tests.support import pens_of


@pytest.fixture(scope="module")
def pens(tmp_path_factory):
    path = tmp_path_factory.mktemp("pen") / "pens.npz"
    np.savez(path, **vars(pens_of("anybody", writers=6)))
    return path


def test_fewer_writers_are_chosen_by_the_seed(pens):
    data = load_external(pens)
    for seed in (0, 1):
        some = writers(2)([data], 0.5, seed)
        assert len(some.data) == 2 * 62 and some.fraction == 0.5
        assert torch.equal(some.data.images, writers(2)([data], 0.5, seed).data.images)


def test_sets_are_drawn_alike_or_images_are(pens, drawings):
    sets = [load_external(pens), load_external(drawings)]
    chances = sets_alike(sets, 0.5, 0).chances
    assert float(chances[: len(sets[0])].sum()) == pytest.approx(0.5)
    assert all_alike(sets, 0.5, 0).chances is None


def test_the_forecast_goes_on_along_a_power_law():
    numbers = [8, 32, 128]
    accuracies = [1 - 0.8 * n**-0.25 for n in numbers]
    assert forecast(numbers, accuracies, 512) == pytest.approx(1 - 0.8 * 512**-0.25)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_all_variants_are_trained_and_measured(pens, drawings, models, processed, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    options = ("--models", models, "--processed", processed, "--fraction", 0.1)
    results = run_quick(hands_ablations, folder, "run", pens, drawings, *options)
    result = results["hands_ablations.json"]
    known = committed("studies/hands_ablations.json")
    assert list(result) == list(known)
    assert list(result["runs"]) == list(VARIANTS) == list(known["runs"])
    assert len(known["runs"]["as shipped"]) >= 2, "seeds"
    curve = result["against_writers"]
    assert curve["writers"][:-1] == list(FEWER)
    plot(known["against_writers"], tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 10_000
