"""Stage 3: epochs, files, and resuming as if nothing had happened."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

import model_training
from handwriting.datasets.batches import Batches, Extra, normalise
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.runs import load_weights, run_name
from model_training import subsample
from tests.support import PROJECT


def arguments(processed: Path, folder: Path, *more: str) -> list[str]:
    return [
        *("--processed", str(processed), "--models", str(folder / "models")),
        *("--metrics", str(folder / "metrics"), "--precision", "fp32", "--device", "cpu"),
        *more,
    ]


def train(processed: Path, folder: Path, *more: str) -> None:
    parser = model_training.get_args_parser()
    model_training.main(parser.parse_args(arguments(processed, folder, *more)))


def final_state(folder: Path, name: str) -> dict:
    path = folder / "models" / "checkpoints" / f"{name}.pt"
    return torch.load(path, weights_only=True)


@pytest.fixture(scope="module")
def finished(processed, tmp_path_factory) -> Path:
    """An uninterrupted run of three epochs."""
    folder = tmp_path_factory.mktemp("finished")
    train(processed, folder, "--epochs", "3", "--name", "run")
    return folder


def test_the_run_leaves_weights_history_and_plots(finished):
    history = pd.read_csv(finished / "metrics" / "run_history.csv")
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    for name in ("run_loss_metrics.png", "run_acc_metrics.png"):
        assert (finished / "metrics" / name).read_bytes().startswith(b"\x89PNG")


def test_the_weights_file_says_all_about_its_run(finished, processed):
    content = load_weights(finished / "models" / "run.pt")
    assert content["model"] == "customcnn"
    assert len(content["classes"]) == 62
    assert content["synthetic"] and content["labels"] == "exact"
    assert content["hyperparameters"]["lr"] == 0.001
    assert content["hyperparameters"]["seed"] == 42
    assert len(content["fingerprint"]) == 64
    assert content["weights"]["layer5.1.weight"].dtype == torch.float16
    assert content["weights"]["layer1.1.running_var"].dtype == torch.float32


def test_the_best_validation_epoch_is_kept(finished):
    history = pd.read_csv(finished / "metrics" / "run_history.csv")
    content = load_weights(finished / "models" / "run.pt")
    assert content["epoch"] == history["epoch"][history["val_accuracy"].idxmax()]
    assert content["metrics"]["val_accuracy"] == history["val_accuracy"].max()


def test_learning_rate_falls_once_an_epoch_by_gamma(finished):
    rates = pd.read_csv(finished / "metrics" / "run_history.csv")["learning_rate"].tolist()
    assert rates == pytest.approx([0.001, 0.001 * 0.999, 0.001 * 0.999**2])


def test_a_killed_run_resumes_to_the_weights_of_an_uninterrupted_one(processed, finished, tmp_path):
    command = [sys.executable, "model_training.py"]
    command += arguments(processed, tmp_path, "--epochs", "3", "--name", "run")
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    checkpoint = tmp_path / "models" / "checkpoints" / "run.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(final_state(tmp_path, "run")["history"]) < 3, "the run ended before it was killed"
    train(processed, tmp_path, "--resume")
    resumed, uninterrupted = final_state(tmp_path, "run"), final_state(finished, "run")
    for name, tensor in uninterrupted["network"].items():
        assert torch.equal(tensor, resumed["network"][name]), name
    losses = [[row["val_loss"] for row in state["history"]] for state in (resumed, uninterrupted)]
    assert losses[0] == losses[1]


def test_a_run_can_be_prolonged(processed, tmp_path):
    train(processed, tmp_path, "--epochs", "1", "--name", "run")
    train(processed, tmp_path, "--resume", "run", "--epochs", "2")
    assert len(pd.read_csv(tmp_path / "metrics" / "run_history.csv")) == 2


def small_network() -> nn.Module:
    layers = [nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(4 * 13 * 13, 62))


@pytest.mark.skipif(
    not shutil.which("g++") and not os.environ.get("REQUIRE_ALL"), reason="needs a C++ compiler"
)
def test_a_compiled_run_learns_the_same(processed, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(model_training.MODELS, "compactcnn", small_network)
    states = []
    for name, more in (("plain", ()), ("compiled", ("--compile",))):
        options = ("--model", "compactcnn", "--recipe", "reference", "--epochs", "2")
        train(processed, tmp_path, *options, "--name", name, *more)
        states.append(final_state(tmp_path, name))
    assert "not compiled" not in capsys.readouterr().out
    assert states[0]["network"].keys() == states[1]["network"].keys()
    losses = [[row["val_loss"] for row in state["history"]] for state in states]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0][1] < losses[0][0]


def test_an_existing_run_is_not_overwritten(processed, finished):
    with pytest.raises(HandwritingError, match="exists already"):
        train(processed, finished, "--name", "run")


def test_nothing_to_resume_is_said(processed, tmp_path):
    with pytest.raises(HandwritingError, match="no run to resume"):
        train(processed, tmp_path, "--resume")


def test_a_damaged_checkpoint_is_refused(processed, finished, tmp_path):
    whole = (finished / "models" / "checkpoints" / "run.pt").read_bytes()
    broken = tmp_path / "models" / "checkpoints" / "run.pt"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HandwritingError, match="damaged"):
        train(processed, tmp_path, "--resume", "run")


@pytest.mark.parametrize(
    "options", [("--epochs", "0"), ("--batch-size", "0"), ("--lr", "0"), ("--lr", "nan")]
)
def test_senseless_hyperparameters_are_refused(processed, tmp_path, options):
    with pytest.raises(HandwritingError, match=options[0]):
        train(processed, tmp_path, *options)


def test_a_diverged_run_is_told_in_words(processed, tmp_path):
    with pytest.raises(HandwritingError, match="not a number"):
        train(processed, tmp_path, "--epochs", "3", "--lr", "1e30", "--name", "wild")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_that_is_not_there_is_said(processed, tmp_path):
    with pytest.raises(HandwritingError, match="no CUDA device"):
        train(processed, tmp_path, "--device", "cuda")


def test_run_names_carry_model_and_date_in_english():
    assert run_name("customcnn", datetime(2024, 7, 31, 16, 32)) == "customcnn_2024_July31_16_32"
    assert run_name("resnet34", datetime(2024, 8, 3, 3, 5)) == "resnet34_2024_August03_03_05"


def make_batches(seed: int | None, size: int = 16) -> Batches:
    images = torch.arange(50, dtype=torch.uint8).reshape(50, 1, 1).expand(50, 28, 28)
    return Batches(images, torch.arange(50), size, torch.device("cpu"), seed=seed)


def test_an_epoch_shows_every_image_once_with_its_label():
    batches = make_batches(seed=3)
    seen = []
    for images, labels in batches:
        assert torch.equal((images[:, 0, 0, 0] * 255).round().long(), labels)
        seen += labels.tolist()
    assert sorted(seen) == list(range(50))
    assert len(batches) == 4


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        batches = make_batches(seed)
        batches.set_epoch(epoch)
        return [label for _, labels in batches for label in labels.tolist()]

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)
    assert order(None, 2) == list(range(50))


def test_pictures_are_normalised_to_0_to_1_as_by_to_tensor():
    images = torch.arange(256, dtype=torch.uint8).repeat(4)[:784].reshape(1, 28, 28)
    expected = images.unsqueeze(1).float() / 255
    assert torch.equal(normalise(images), expected)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, drawn) -> Path:
    """A folder of 40 labelled pictures from elsewhere."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = ["file,character"]
    for k, (image, label) in enumerate(zip(drawn[0][:40], drawn[1][:40], strict=True)):
        Image.fromarray(255 - image).resize((112, 112)).save(folder / f"{k}.png")
        rows.append(f"{k}.png,{CLASSES[label]}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


def test_a_run_goes_on_from_another_with_more_pictures(processed, finished, pictures, tmp_path):
    shutil.copytree(finished / "models", tmp_path / "models")
    more = ("--start", "run", "--extra", str(pictures), "--share", "0.25", "--epochs", "1")
    train(processed, tmp_path, *more, "--name", "further", "--lr", "0.0001")
    content = load_weights(tmp_path / "models" / "further.pt")
    assert content["hyperparameters"]["start"] == "run"
    assert content["hyperparameters"]["extra"] == [str(pictures)]
    before = pd.read_csv(finished / "metrics" / "run_history.csv")["val_loss"].min()
    assert content["metrics"]["val_loss"] < 1.3 * before, "it did not start from the run's weights"


def test_more_pictures_without_a_start_are_refused(processed, pictures, tmp_path):
    with pytest.raises(HandwritingError, match="--extra goes with --start"):
        train(processed, tmp_path, "--extra", str(pictures))


def test_a_blend_outside_its_range_is_refused(processed, tmp_path):
    with pytest.raises(HandwritingError, match="--blend must be greater than 0"):
        train(processed, tmp_path, "--blend", "0")


def test_a_start_of_another_network_is_refused(processed, finished, tmp_path):
    shutil.copytree(finished / "models", tmp_path / "models")
    with pytest.raises(HandwritingError, match="is a customcnn"):
        train(processed, tmp_path, "--model", "compactcnn", "--start", "run")


@pytest.mark.parametrize(("extra", "kept"), [([], 1), (["drawings"], 2)])
def test_the_last_epoch_is_kept_where_other_pictures_were_trained_on(extra, kept):
    run = model_training.unsaved_run("compactcnn", {}, torch.arange(4), device="cpu", extra=extra)
    run.history = [{"epoch": 1, "val_accuracy": 0.9}, {"epoch": 2, "val_accuracy": 0.8}]
    assert run.best["epoch"] == kept


def test_extra_pictures_have_their_share_of_each_batch():
    images = torch.zeros(100, 28, 28, dtype=torch.uint8)
    extra = Extra(images[:10] + 255, torch.full((10,), 90), share=0.25)
    batches = Batches(images, torch.zeros(100), 30, torch.device("cpu"), seed=1, extra=extra)
    sizes = [(len(labels), int((labels == 90).sum())) for _, labels in batches]
    assert sizes == [(40, 10), (40, 10), (40, 10), (13, 3)]
    assert batches.num_images == sum(size for size, _ in sizes)


def test_the_modern_recipe_saves_averaged_weights_and_resumes(processed, tmp_path, monkeypatch):
    options = ("--model", "compactcnn", "--epochs", "2", "--name", "run", "--lr", "0.01")
    train(processed, tmp_path / "whole", *options)
    monkeypatch.setattr(model_training.Run, "epoch", interrupted(model_training.Run.epoch))
    with pytest.raises(KeyboardInterrupt):
        train(processed, tmp_path / "parts", *options)
    monkeypatch.undo()
    train(processed, tmp_path / "parts", "--resume", "run")
    whole, parts = (final_state(tmp_path / folder, "run") for folder in ("whole", "parts"))
    for part in ("network", "average"):
        for name, tensor in whole[part].items():
            assert torch.equal(tensor, parts[part][name]), name
    average = whole["average"]["module.layers.0.weight"]
    assert not torch.equal(average, whole["network"]["layers.0.weight"])
    best = load_weights(tmp_path / "whole" / "models" / "run.pt")
    assert best["epoch"] == 2, "the second epoch should be the better one"
    assert torch.equal(best["weights"]["layers.0.weight"], average.half())


def interrupted(epoch):
    """An epoch that a person stops from the second on."""

    def once(run, *loaders):
        if run.history:
            raise KeyboardInterrupt
        epoch(run, *loaders)

    return once


def test_a_part_of_the_images_lies_in_a_larger_part():
    rows = torch.arange(1000)
    small, large = (set(subsample(rows, part).tolist()) for part in (0.1, 0.5))
    assert len(small) == 100 and len(large) == 500 and small < large
    assert torch.equal(subsample(rows, 1), rows)


def test_a_last_batch_of_one_image_is_left_out_of_training(drawn):
    images, labels = (torch.from_numpy(part)[:33] for part in drawn)
    cpu = torch.device("cpu")
    for_training = Batches(images, labels, 16, cpu, seed=1)
    assert [len(batch[1]) for batch in for_training] == for_training.sizes() == [16, 16]
    assert for_training.num_images == 32 and len(for_training) == 2
    to_measure = Batches(images, labels, 16, cpu)
    assert [len(batch[1]) for batch in to_measure] == to_measure.sizes() == [16, 16, 1]
