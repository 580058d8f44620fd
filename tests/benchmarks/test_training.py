"""Images per second in training: this project and the baseline."""

import pytest

from benchmarks import training
from handwriting.errors import HandwritingError
from tests.benchmarks.support import committed, run_quick
from tests.support import ready_context


def test_both_ways_train_and_are_compared(tmp_path, monkeypatch):
    context = ready_context()
    monkeypatch.setattr(training.multiprocessing, "get_context", lambda _: context)
    (result,) = run_quick(training, tmp_path, "--model", "compactcnn").values()
    assert list(result) == list(committed("benchmarks/training_customcnn.json"))
    assert result["batch_size"] == 16 and result["repeats"] == 1
    speeds = [result[f"{name}_images_per_second"] for name in ("baseline", "ours")]
    assert all(speed > 0 for speed in speeds)
    assert result["ratio"] == pytest.approx(speeds[1] / speeds[0], abs=0.1)


def test_a_batch_that_could_never_be_filled_is_refused(tmp_path):
    with pytest.raises(HandwritingError, match="--batch-size"):
        run_quick(training, tmp_path, "--batch-size", 400)


@pytest.mark.parametrize("size", ["", "_batch512"])
@pytest.mark.parametrize("model", ["customcnn", "resnet34"])
def test_the_committed_ratios_are_those_of_the_speeds(model, size):
    figures = committed(f"benchmarks/training_{model}{size}.json")
    quotient = figures["ours_images_per_second"] / figures["baseline_images_per_second"]
    assert figures["ratio"] == pytest.approx(quotient, abs=0.01)
