"""The fast way against the usual one."""

import pytest

from studies import same_accuracy
from studies.same_accuracy import WAYS, summary
from tests.benchmarks.support import committed, run_quick


def test_differences_between_ways_are_taken_seed_by_seed():
    def seed(usual: float) -> dict:
        gains = {"baseline": 0.0, "ours": 0.01, "large": -0.02}
        return {way: {"accuracy": usual + gains[way], "loss": 1.0} for way in WAYS}

    found = summary([seed(0.5), seed(0.7), seed(0.9)])["accuracy"]
    assert found["baseline"] == {"mean": pytest.approx(0.7), "sd": pytest.approx(0.2)}
    assert found["ours - baseline"] == {
        "mean": pytest.approx(0.01),
        "sd": pytest.approx(0, abs=1e-9),
    }
    assert found["large - baseline"]["mean"] == pytest.approx(-0.02)


@pytest.mark.parametrize("model", ["customcnn", "resnet34"])
def test_the_committed_summary_is_that_of_the_committed_seeds(model):
    figures = committed("studies/same_accuracy.json")[model]
    for figure, columns in summary(figures["seeds"]).items():
        assert list(columns) == list(figures["summary"][figure])
        for name, column in columns.items():
            assert column == pytest.approx(figures["summary"][figure][name])


def test_all_ways_train_on_the_same_images(processed, tmp_path, capsys):
    options = ("--model", "compactcnn", "--fraction", 0.1, "--processed", processed)
    (result,) = run_quick(same_accuracy, tmp_path, *options, "--device", "cpu").values()
    found, known = result["compactcnn"], committed("studies/same_accuracy.json")["customcnn"]
    assert list(found) == list(known)
    (row,) = found["seeds"]
    assert list(row) == list(known["seeds"][0]) and list(row["ours"]) == list(
        known["seeds"][0]["ours"]
    )
    assert row["baseline"]["precision"] == "fp32"
    # One short epoch from the same weights: the losses are nearly those of the start.
    assert row["ours"]["loss"] == pytest.approx(row["baseline"]["loss"], rel=0.05)
    assert "| compactcnn, accuracy |" in capsys.readouterr().out
