"""Speed on several ranks, measured on two and modelled beyond."""

import pytest

from benchmarks import scaling
from benchmarks.scaling import LINKS, modelled
from tests.benchmarks.support import committed, run_quick


def test_one_node_alone_sends_nothing():
    row = modelled(128, 1000, gradient_bytes=10**9, nodes=1, bandwidth=1e9)
    assert row["all_reduce_ms"] == 0 and row["efficiency"] == row["speed_up"] == 1


def test_a_step_is_computing_and_a_ring_all_reduce():
    row = modelled(100, 1000, gradient_bytes=10**8, nodes=4, bandwidth=1e9)
    assert row["compute_ms"] == 100 and row["all_reduce_ms"] == pytest.approx(150)
    assert row["efficiency"] == 0.4 and row["speed_up"] == 1.6 and row["images_per_second"] == 1600


@pytest.mark.slow
def test_two_ranks_train_and_are_timed(tmp_path, capsys):
    args = scaling.get_args_parser().parse_args(["--quick"])
    launched = scaling.launch("compactcnn", 2, args)
    then = {"launch": lambda model, ranks, args: launched}
    (result,) = run_quick(scaling, tmp_path, then=then).values()
    known = committed("benchmarks/scaling.json")
    assert list(result["measured"]) == list(known["measured"])
    found, usual = (r["measured"]["networks"]["compactcnn"] for r in (result, known))
    assert list(found) == list(usual)
    assert found["gradient_bytes"] == usual["gradient_bytes"]
    assert found["images_per_second_2_ranks"] > 0 and found["speed_up_2_ranks"] == 1
    assert found["all_reduce_2_ranks_ms"] > 0
    assert len(result["model"]["rows"]) == len(LINKS)
    assert list(result["model"]["rows"][0]) == list(known["model"]["rows"][0])
    assert "A model, not measured" in capsys.readouterr().out
