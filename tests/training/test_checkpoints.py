"""A checkpoint with inconsistent parts is rejected in one line, before any training step."""

from pathlib import Path

import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.runs import RunFiles
from handwriting.training.run import Run, unsaved_run
from handwriting.training.text_run import TextRun, TextSettings
from tests.support import CPU, small_network

pytestmark = pytest.mark.usefixtures("small_model")
ROW = {"epoch": 1, "train_loss": 1.0, "val_loss": 1.0, "val_accuracy": 0.5, "learning_rate": 0.1}


def trained_for_a_step() -> Run:
    run = unsaved_run("small", {"epochs": 2}, torch.arange(4), device="cpu", precision="fp32")
    run.network(torch.zeros(2, 1, 28, 28)).sum().backward()
    run.optimizer.step()
    run.after_step()
    return run


def state_of(run: Run) -> dict:
    parts = ("network", "optimizer", "scheduler", "average")
    kept = small_network().state_dict()
    state = {part: getattr(run, part).state_dict() for part in parts}
    return state | {"history": [ROW], "kept_weights": kept}


def with_moments_of_others(state: dict) -> dict:
    optimizer = state["optimizer"]
    moments = {k: {**v, "exp_avg": torch.zeros(3)} for k, v in optimizer["state"].items()}
    return {"optimizer": {**optimizer, "state": moments}}


OTHERS = {"network": small_network(10).state_dict()}
BROKEN = {
    "network of another model": lambda _: OTHERS,
    "network that is none": lambda _: {"network": [1]},
    "average of another model": lambda _: {"average": OTHERS["network"]},
    "optimizer of another model": with_moments_of_others,
    "optimizer that is empty": lambda _: {"optimizer": {}},
    "scheduler that is empty": lambda _: {"scheduler": {}},
    "history of text": lambda _: {"history": "abc"},
    "history of nothing": lambda _: {"history": []},
    "history without accuracies": lambda _: {"history": [{"epoch": 1}]},
    "history that begins late": lambda _: {"history": [ROW | {"epoch": 2}]},
    "kept weights of another model": lambda _: {"kept_weights": OTHERS["network"]},
    "kept weights that are none": lambda _: {"kept_weights": 3},
}


def test_parts_that_fit_are_restored():
    state = state_of(trained_for_a_step())
    run = trained_for_a_step()
    run.restore(state)
    assert run.history == [ROW] and run.kept_weights is state["kept_weights"]


@pytest.mark.parametrize("how", BROKEN)
def test_parts_of_a_run_that_do_not_fit_are_refused(how):
    run = trained_for_a_step()
    state = state_of(run)
    with pytest.raises(HandwritingError, match=r"unsaved\.pt is damaged: its parts do not fit"):
        run.restore(state | BROKEN[how](state))


@pytest.mark.parametrize("part", ["network", "optimizer", "average", "history", "start"])
def test_parts_of_a_text_line_run_that_do_not_fit_are_refused(part):
    files = RunFiles("run", Path("models"), Path("metrics"))
    run = TextRun(TextSettings(("x",), width=1, hidden=1, layers=1), files, CPU, samples=1)
    state = {name: getattr(run, name).state_dict() for name in ("network", "optimizer", "average")}
    state |= {"history": [{"epoch": 1, "train_loss": 1.0, "seconds": 1.0}]}
    run.restore(state)
    with pytest.raises(HandwritingError, match=r"run\.pt is damaged: its parts do not fit"):
        run.restore(state | {part: {"other": torch.zeros(1)}})
