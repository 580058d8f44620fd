"""Several ranks: two gloo processes started by torchrun, against a single process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

import model_training
from handwriting.compute import distributed
from handwriting.datasets.batches import Batches
from handwriting.datasets.prepared import load_images, load_split
from handwriting.runs import RunFiles
from handwriting.training.losses import PartialLabelLoss
from handwriting.training.run import load_checkpoint
from models import MODELS
from tests.compute.plain_training import ENTRIES, REASON
from tests.support import CPU, PROJECT, train, training_arguments

HANGING = 300
"""Seconds; a launch takes less than 10 on an idle machine."""
PLAIN = ("--model", "plain", "--lr", "0.003", "--name", "run")
TWO_EPOCHS = (*PLAIN, "--epochs", "2")
ONE_MORE = ("--resume", "run", "--epochs", "3")
NORMED = ("--model", "normed", "--lr", "0.01", "--epochs", "3", "--name", "run")


def launch(processed: Path, folder: Path, *more: str, **environment: str) -> subprocess.Popen:
    """Start a training on two ranks."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += ["tests/compute/plain_training.py", *training_arguments(processed, folder, *more)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | environment
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=pipe, stderr=pipe, text=True
    )


def printed_by(process: subprocess.Popen) -> str:
    """What ranks print that succeed."""
    printed, error = process.communicate(timeout=HANGING)
    assert process.returncode == 0, error
    return printed


def checkpoint(folder: Path) -> dict:
    return load_checkpoint(RunFiles("run", folder / "models"))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_agree(one: dict, two: dict) -> None:
    """Two checkpoints are the same but for rounding."""
    for name, weights in one["network"].items():
        torch.testing.assert_close(two["network"][name], weights, rtol=1e-3, atol=1e-5)
    for number, state in one["optimizer"]["state"].items():
        assert torch.equal(two["optimizer"]["state"][number]["step"], state["step"])
    for row, other in zip(one["history"], two["history"], strict=True):
        for figure in ("train_loss", "val_loss"):
            assert other[figure] == pytest.approx(row[figure], rel=1e-5)
        for figure in ("epoch", "val_accuracy", "learning_rate"):
            assert other[figure] == row[figure]


@pytest.fixture(scope="module", autouse=True)
def more_networks():
    with pytest.MonkeyPatch.context() as patch:
        for table, entries in ENTRIES:
            for name, entry in entries.items():
                patch.setitem(table, name, entry)
        yield


@pytest.fixture(scope="module")
def one(processed, tmp_path_factory) -> Path:
    """Two epochs on one rank."""
    folder = tmp_path_factory.mktemp("one")
    train(processed, folder, *TWO_EPOCHS)
    return folder


@pytest.fixture(scope="module")
def on_two_ranks(one, processed, tmp_path_factory) -> dict[str, tuple[Path, str]]:
    """Trainings on two ranks, side by side: their folders and what they printed."""
    resumed = tmp_path_factory.mktemp("resumed")
    shutil.copytree(one, resumed, dirs_exist_ok=True)
    jobs = {
        "new": (tmp_path_factory.mktemp("new"), TWO_EPOCHS),
        "resumed": (resumed, ONE_MORE),
        "normed": (tmp_path_factory.mktemp("normed"), NORMED),
    }
    processes = [launch(processed, folder, *options) for folder, options in jobs.values()]
    printed = [printed_by(process) for process in processes]
    return {name: (jobs[name][0], text) for name, text in zip(jobs, printed, strict=True)}


@pytest.fixture(scope="module")
def two(on_two_ranks) -> Path:
    """The same as ``one`` on two ranks."""
    return on_two_ranks["new"][0]


@pytest.mark.slow
def test_two_ranks_agree_with_one(one, two, processed):
    assert len(load_split(processed)["train"]) % 128 % 2, "the last batch should not be even"
    assert_agree(checkpoint(one), checkpoint(two))


@pytest.mark.slow
def test_only_one_of_two_ranks_writes_and_prints(one, two, on_two_ranks):
    assert files(two) == files(one)
    assert pd.read_csv(two / "metrics" / "run_history.csv")["epoch"].tolist() == [1, 2]
    _, printed = on_two_ranks["new"]
    for words in ("Stage 3", "2 ranks", "epoch 1/2", "epoch 2/2", "best epoch", "next:"):
        assert printed.count(words) == 1, words


@pytest.mark.slow
def test_a_run_resumes_on_another_number_of_ranks(two, on_two_ranks, processed, tmp_path):
    shutil.copytree(two, tmp_path / "two then one")
    train(processed, tmp_path / "two then one", *ONE_MORE)
    train(processed, tmp_path / "one", *PLAIN, "--epochs", "3")
    uninterrupted = checkpoint(tmp_path / "one")
    assert_agree(uninterrupted, checkpoint(on_two_ranks["resumed"][0]))
    assert_agree(uninterrupted, checkpoint(tmp_path / "two then one"))


@pytest.mark.slow
def test_with_batch_norm_and_averaging_both_ranks_judge_what_rank_0_saves(
    on_two_ranks, processed, tmp_path
):
    train(processed, tmp_path, *NORMED)
    two, one = checkpoint(on_two_ranks["normed"][0]), checkpoint(tmp_path)
    average = {name: values for name, values in two["average"].items() if "module." in name}
    network = MODELS["normed"]()
    network.load_state_dict({key.removeprefix("module."): average[key] for key in average})
    data, rows = load_images(processed, "train"), load_split(processed)["validation"]
    loss, accuracy = model_training.evaluation_loop(
        CPU, network, Batches(data, 1000, CPU, rows=rows), PartialLabelLoss()
    )
    last = two["history"][-1]
    assert loss == pytest.approx(last["val_loss"], rel=1e-5)
    assert accuracy == last["val_accuracy"]
    # Each rank normalises by its own half of the batch and augments by other draws.
    assert last["train_loss"] == pytest.approx(one["history"][-1]["train_loss"], rel=0.1)


@pytest.fixture(scope="module")
def failed(processed, tmp_path_factory) -> dict[str, tuple[Path, int, str]]:
    """Trainings of which one rank fails, or both: folder, exit code and standard error."""
    folders = {failing: tmp_path_factory.mktemp("failing") for failing in ("1", "0 1")}
    processes = {
        failing: launch(processed, folder, *PLAIN, FAILING_RANKS=failing)
        for failing, folder in folders.items()
    }
    errors = {failing: p.communicate(timeout=HANGING)[1] for failing, p in processes.items()}
    return {k: (folders[k], processes[k].returncode, error) for k, error in errors.items()}


@pytest.mark.slow
@pytest.mark.parametrize("failing", ["1", "0 1"])
def test_ranks_that_fail_end_all_with_one_sentence(failed, failing):
    folder, code, error = failed[failing]
    assert code != 0
    assert error.count(f"error: {REASON}") == 1
    assert error.count("error: ") == 1 and 'plain_training.py", line' not in error
    assert files(folder) == []


def test_alone_everything_is_as_without_ranks():
    network = torch.nn.BatchNorm2d(3)
    assert (distributed.rank(), distributed.world_size()) == (0, 1)
    assert distributed.is_first_rank()
    assert distributed.sum_over_ranks(1, torch.tensor(2.5)) == [1.0, 2.5]
    assert distributed.broadcast_object(lambda: {"x": 1}) == {"x": 1}
    assert distributed.wrap_ddp(network) is network
    assert distributed.convert_sync_batchnorm(network) is network
    assert distributed.own_device(CPU) == CPU
    with distributed.joined_ranks():
        distributed.broadcast_buffers(network)
