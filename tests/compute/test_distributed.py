"""Several ranks: two gloo processes, once started by torchrun, against a single process."""

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
from handwriting.errors import HandwritingError
from handwriting.runs import RunFiles
from handwriting.training.losses import PartialLabelLoss
from handwriting.training.run import load_checkpoint
from models import MODELS
from tests.compute import plain_training
from tests.compute.plain_training import ENTRIES, REASON
from tests.compute.ranks import HANGING, run_ranks
from tests.support import CPU, PROJECT, train, training_arguments

PLAIN = ("--model", "plain", "--lr", "0.003", "--name", "run")
TWO_EPOCHS = (*PLAIN, "--epochs", "2")
ONE_MORE = ("--resume", "run", "--epochs", "3")
NORMED = ("--model", "normed", "--lr", "0.01", "--epochs", "3", "--name", "run")


def launch(processed: Path, folder: Path, *more: str) -> str:
    """What a training on two ranks prints that torchrun starts and that succeeds."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += ["tests/compute/plain_training.py", *training_arguments(processed, folder, *more)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=HANGING
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def train_on_two(processed: Path, folder: Path, *more: str) -> Path:
    """The folder of a training on two ranks that succeeds."""
    arguments = training_arguments(processed, folder, *more)
    code, _, error = run_ranks(plain_training.main, arguments)
    assert code == 0, error
    return folder


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
def launched(processed, tmp_path_factory) -> tuple[Path, str]:
    """The same as ``one`` on two ranks that torchrun starts, and what they printed."""
    folder = tmp_path_factory.mktemp("two")
    return folder, launch(processed, folder, *TWO_EPOCHS)


@pytest.fixture(scope="module")
def two(launched) -> Path:
    """The folder of ``launched``."""
    return launched[0]


@pytest.mark.slow
def test_two_ranks_agree_with_one(one, two, processed):
    assert len(load_split(processed)["train"]) % 128 % 2, "the last batch should not be even"
    assert_agree(checkpoint(one), checkpoint(two))


@pytest.mark.slow
def test_only_one_of_two_ranks_writes_and_prints(one, two, launched):
    assert files(two) == files(one)
    assert pd.read_csv(two / "metrics" / "run_history.csv")["epoch"].tolist() == [1, 2]
    _, printed = launched
    for words in ("Stage 3", "2 ranks", "epoch 1/2", "epoch 2/2", "is kept", "next:"):
        assert printed.count(words) == 1, words


@pytest.mark.slow
def test_a_run_resumes_on_another_number_of_ranks(one, two, processed, tmp_path):
    shutil.copytree(one, tmp_path / "one then two")
    shutil.copytree(two, tmp_path / "two then one")
    train_on_two(processed, tmp_path / "one then two", *ONE_MORE)
    train(processed, tmp_path / "two then one", *ONE_MORE)
    train(processed, tmp_path / "one", *PLAIN, "--epochs", "3")
    uninterrupted = checkpoint(tmp_path / "one")
    assert_agree(uninterrupted, checkpoint(tmp_path / "one then two"))
    assert_agree(uninterrupted, checkpoint(tmp_path / "two then one"))


def test_with_batch_norm_and_averaging_both_ranks_judge_what_rank_0_saves(processed, tmp_path):
    train(processed, tmp_path / "one", *NORMED)
    two = checkpoint(train_on_two(processed, tmp_path / "two", *NORMED))
    one = checkpoint(tmp_path / "one")
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


@pytest.mark.parametrize("failing", ["1", "0 1"])
def test_ranks_that_fail_end_all_with_one_sentence(processed, tmp_path, failing):
    arguments = training_arguments(processed, tmp_path, *PLAIN)
    code, _, error = run_ranks(plain_training.main, arguments, FAILING_RANKS=failing)
    assert code != 0
    assert error.count(f"error: {REASON}") == 1
    assert error.count("error: ") == 1 and "Traceback" not in error
    assert files(tmp_path) == []


def test_ranks_cannot_share_apples_gpu(monkeypatch):
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    assert distributed.own_device(CPU) == CPU
    with pytest.raises(HandwritingError, match="several ranks cannot train on mps"):
        distributed.own_device(torch.device("mps"))


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
