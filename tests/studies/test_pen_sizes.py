"""What pens say of sizes, provider by provider."""

import numpy as np
import pytest

from handwriting.labels import NUM_CLASSES, class_index
from studies import pen_sizes
from studies.pen_sizes import among_lookalikes, where
from tests.benchmarks.support import committed, run_quick
from tests.support import pens_of, shared_folder


def test_where_characters_of_a_provider_stand():
    found = where(pen_sizes.pen_sizes(pens_of("aga")))
    assert found == {
        "writers": 2,
        "samples": 2 * NUM_CLASSES,
        "height_of_small": 0.5,
        "spread_of_ends": 0.0,
        "end_of_gpqy": 0.0,
    }


def test_only_lookalikes_are_judged_and_only_among_each_other():
    labels = np.array([class_index(c) for c in "sSA"])
    log_p = np.zeros((3, NUM_CLASSES))
    log_p[:, class_index("A")] = 50
    log_p[:, class_index("s")] = np.log(3)
    loss, right, number = among_lookalikes(log_p, labels)
    assert (right, number) == (1, 2)
    # Of 5, S and s the last is three times as likely as either other.
    assert loss == pytest.approx(-np.log(3 / 5) - np.log(1 / 5))


@pytest.mark.slow
def test_the_committed_figures_are_those_of_this_study(tmp_path):
    pens, drawings = shared_folder("pen") / "characters.npz", shared_folder("drawings")
    results = run_quick(pen_sizes, tmp_path, pens, "--drawings", drawings)
    found, known = results["pen_sizes.json"], committed("studies/pen_sizes.json")
    assert 3 <= len(found["providers"]) < len(known["providers"])
    assert found["providers"].items() <= known["providers"].items()
    for name, models in known["models"].items():
        for model, figures in models.items():
            assert found["models"][name][model] == pytest.approx(figures), (name, model)
