"""Several ranks: two gloo processes started by torchrun, against a single process."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

import model_training
from handwriting.datasets.batches import Batches, Extra
from handwriting.datasets.prepared import load_images, load_split
from handwriting.runs import load_checkpoint
from models import MODELS
from tests.compute.plain_training import REASON, TABLES, plain
from tests.support import PROJECT

CPU = torch.device("cpu")
HANGING = 300
"""Seconds; a launch takes less than 10 on an idle machine."""
PLAIN = ("--model", "plain", "--lr", "0.003", "--name", "run")


def arguments(processed: Path, folder: Path, *more: str) -> list[str]:
    return [
        *("--processed", str(processed), "--models", str(folder / "models")),
        *("--metrics", str(folder / "metrics"), "--precision", "fp32", "--device", "cpu"),
        *more,
    ]


def launch(
    processed: Path, folder: Path, *more: str, **environment: str
) -> subprocess.CompletedProcess:
    """Train on two ranks."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += ["tests/plain_training.py", *arguments(processed, folder, *more)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | environment
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=HANGING
    )


def on_two_ranks(processed: Path, folder: Path, *more: str) -> str:
    """What two ranks print that succeed."""
    done = launch(processed, folder, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def on_one_rank(processed: Path, folder: Path, *more: str) -> None:
    """Train in this process."""
    parser = model_training.get_args_parser()
    model_training.main(parser.parse_args(arguments(processed, folder, *more)))


def checkpoint(folder: Path) -> dict:
    return load_checkpoint("run", folder / "models")


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
def plain_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "plain", plain)
        for table, value in TABLES:
            patch.setitem(table, "plain", value)
        yield


@pytest.fixture(scope="module")
def one(processed, tmp_path_factory) -> Path:
    """Two epochs on one rank."""
    folder = tmp_path_factory.mktemp("one")
    on_one_rank(processed, folder, *PLAIN, "--epochs", "2")
    return folder


@pytest.fixture(scope="module")
def two(processed, tmp_path_factory) -> Path:
    """The same on two ranks, and what they printed in ``printed.txt``."""
    folder = tmp_path_factory.mktemp("two")
    printed = on_two_ranks(processed, folder, *PLAIN, "--epochs", "2")
    (folder / "printed.txt").write_text(printed)
    return folder


def test_two_ranks_agree_with_one(one, two, processed):
    assert len(load_split(processed)["train"]) % 128 % 2, "the last batch should not be even"
    assert_agree(checkpoint(one), checkpoint(two))


def test_only_one_of_two_ranks_writes_and_prints(one, two):
    assert files(two) == sorted([*files(one), "printed.txt"])
    assert pd.read_csv(two / "metrics" / "run_history.csv")["epoch"].tolist() == [1, 2]
    printed = (two / "printed.txt").read_text()
    for words in ("Stage 3", "2 ranks", "epoch 1/2", "epoch 2/2", "best epoch", "next:"):
        assert printed.count(words) == 1, words


def test_a_run_resumes_on_another_number_of_ranks(one, two, processed, tmp_path):
    for name, source in (("one then two", one), ("two then one", two)):
        shutil.copytree(source, tmp_path / name)
    on_two_ranks(processed, tmp_path / "one then two", "--resume", "run", "--epochs", "3")
    on_one_rank(processed, tmp_path / "two then one", "--resume", "run", "--epochs", "3")
    on_one_rank(processed, tmp_path / "one", *PLAIN, "--epochs", "3")
    uninterrupted = checkpoint(tmp_path / "one")
    assert_agree(uninterrupted, checkpoint(tmp_path / "one then two"))
    assert_agree(uninterrupted, checkpoint(tmp_path / "two then one"))


def test_with_batch_norm_and_averaging_both_ranks_judge_what_rank_0_saves(processed, tmp_path):
    options = ("--model", "compactcnn", "--lr", "0.01", "--epochs", "3", "--name", "run")
    on_two_ranks(processed, tmp_path / "two", *options)
    on_one_rank(processed, tmp_path / "one", *options)
    two, one = checkpoint(tmp_path / "two"), checkpoint(tmp_path / "one")
    average = {name: values for name, values in two["average"].items() if "module." in name}
    network = MODELS["compactcnn"]()
    network.load_state_dict({key.removeprefix("module."): average[key] for key in average})
    data, rows = load_images(processed, "train"), load_split(processed)["validation"]
    losses, accuracies = {"val": []}, []
    model_training.evaluation_loop(
        CPU,
        network,
        Batches(data.images, data.labels, 1000, CPU, rows),
        model_training.PartialLabelLoss(),
        losses,
        accuracies,
    )
    last = two["history"][-1]
    assert losses["val"][0] == pytest.approx(last["val_loss"], rel=1e-5)
    assert accuracies[0] == last["val_accuracy"]
    # Each rank normalises by its own half of the batch and augments by other draws.
    assert last["train_loss"] == pytest.approx(one["history"][-1]["train_loss"], rel=0.1)


@pytest.mark.parametrize("failing", ["1", "0 1"])
def test_ranks_that_fail_end_all_with_one_sentence(processed, tmp_path, failing):
    done = launch(processed, tmp_path, *PLAIN, FAILING_RANKS=failing)
    assert done.returncode != 0
    assert done.stderr.count(f"error: {REASON}") == 1
    assert done.stderr.count("error: ") == 1 and 'plain_training.py", line' not in done.stderr
    assert files(tmp_path) == []


def parts(ranks: int, **options) -> list[list[tuple[torch.Tensor, torch.Tensor]]]:
    """The batches of each rank; the images are as their labels say."""
    images = torch.arange(50, dtype=torch.uint8).reshape(50, 1, 1).expand(50, 28, 28)
    loaders = [
        Batches(images, torch.arange(50), 16, CPU, seed=3, rank=rank, ranks=ranks, **options)
        for rank in range(ranks)
    ]
    for loader in loaders:
        loader.set_epoch(2)
    return [list(loader) for loader in loaders]


@pytest.mark.parametrize("extra_images", [0, 10])
@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_the_parts_of_a_batch_are_the_batch_of_one_rank(ranks, extra_images):
    extra = None
    if extra_images:
        pictures = torch.arange(100, 110, dtype=torch.uint8).reshape(10, 1, 1).expand(10, 28, 28)
        extra = Extra(pictures.contiguous(), torch.arange(100, 110), share=0.25)
    (whole,) = parts(1, extra=extra)
    for k, rank_batches in enumerate(zip(*parts(ranks, extra=extra), strict=True)):
        labels = [labels.tolist() for _, labels in rank_batches]
        if k < 3:
            assert sorted(itertools.chain(*labels)) == sorted(whole[k][1].tolist())
        else:
            assert labels == [whole[k][1].tolist()] * ranks, "two images are too few to divide"
        for images, own in rank_batches:
            assert torch.equal((images[:, 0, 0, 0] * 255).round().long(), own)


@pytest.mark.parametrize("ranks", [1, 2, 3, 5, 8])
def test_shares_make_the_mean_over_the_whole_batch(ranks):
    extra = Extra(torch.zeros(9, 28, 28, dtype=torch.uint8), torch.full((9,), 77), share=0.2)
    (whole,) = parts(1, extra=extra)
    loader = Batches(torch.zeros(50, 28, 28), torch.arange(50), 16, CPU, extra=extra, ranks=ranks)
    for k, (rank_batches, size) in enumerate(
        zip(zip(*parts(ranks, extra=extra), strict=True), loader.sizes(), strict=True)
    ):
        assert size == len(whole[k][1])
        means = [
            labels.double().mean() * loader.share(len(labels), size) for _, labels in rank_batches
        ]
        assert float(sum(means)) == pytest.approx(float(whole[k][1].double().mean()))


def test_ranks_change_their_pictures_by_different_draws():
    noise = model_training.RECIPES["modern"].augmentation
    images = torch.full((64, 28, 28), 128, dtype=torch.uint8)
    images[:, 8:20, 8:20] = 255
    labels = torch.zeros(64, dtype=torch.int64)
    loaders = [Batches(images, labels, 64, CPU, None, 1, noise, None, k, 2) for k in (0, 1, 1)]
    first, second, again = (next(iter(loader))[0] for loader in loaders)
    assert torch.equal(second, again) and not torch.equal(first, second)
