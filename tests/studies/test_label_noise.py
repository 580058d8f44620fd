"""Suspected labels, and trainings without them."""

import numpy as np
import pytest
import torch

from handwriting.labels import NUM_CLASSES, class_index
from studies import label_noise
from studies.label_noise import CHOICES, extra_data, suspicion
from studies.left_out_writers import GroupedSet
from tests.benchmarks.support import committed, run_quick
from tests.support import pens_of


@pytest.fixture(scope="module")
def pens(tmp_path_factory):
    path = tmp_path_factory.mktemp("pen") / "pens.npz"
    np.savez(path, **vars(pens_of("anybody", writers=6)))
    return path


def test_lookalikes_and_the_other_case_are_not_suspected():
    log_probs = np.full((4, NUM_CLASSES), -20.0)
    log_probs[:, class_index("o")] = 0
    labels = np.array([class_index(c) for c in "o0Ox"])
    assert suspicion(log_probs, labels).tolist() == [0, 0, 0, 20]


@pytest.mark.parametrize("seldom", [0.0, 0.25])
def test_a_suspected_image_and_its_changed_ones_are_drawn_less(pens, seldom):
    part = GroupedSet(pens, 3, variants=1)
    suspected = np.zeros(len(part.originals), dtype=bool)
    row = int(np.flatnonzero(part.original_group != 0)[5])
    suspected[row] = True
    every = extra_data([part], ~np.ones_like(suspected), seldom, 0.5).chances
    chances = extra_data([part], suspected, seldom, 0.5).chances
    factor = chances / every
    assert float(chances.sum()) == pytest.approx(1)
    less = torch.isclose(factor, factor.max() * seldom, rtol=1e-6, atol=1e-12)
    assert int(less.sum()) == 2
    at = np.flatnonzero(part.original_group != 0).tolist().index(row)
    assert less.nonzero().squeeze(1).tolist() == [at, at + int((part.original_group != 0).sum())]


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_all_choices_are_trained_and_measured(pens, drawings, models, processed, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    options = ("--models", models, "--processed", processed, "--fraction", 0.1)
    result = run_quick(label_noise, folder, "run", pens, drawings, *options)["label_noise.json"]
    known = committed("studies/label_noise.json")
    assert list(result) == list(known)
    assert list(result["runs"]) == list(CHOICES) == list(known["runs"])
    assert result["providers"]["anybody"]["read"] == 4 * NUM_CLASSES
