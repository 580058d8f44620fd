"""Stage 3: epochs, files and error messages."""

import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

import model_training
from handwriting.cli import run_script
from handwriting.datasets.batches import Batches
from handwriting.datasets.prepared import LabelledImages, load_split
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.runs import load_weights
from handwriting.training.losses import PartialLabelLoss
from tests.support import CPU, load_state, small_network, train

pytestmark = pytest.mark.usefixtures("small_model")
SMALL = ("--model", "small", "--name", "run", "--epochs", "1")


@pytest.fixture
def before_epoch_2(monkeypatch):
    """Let something happen when the first epoch is saved and the second one begins."""
    train_epoch = model_training._train_epoch

    def set_up(happens: Callable[[], None]) -> None:
        def interrupted(run, *loaders):
            if len(run.history) == 1:
                monkeypatch.setattr(model_training, "_train_epoch", train_epoch)
                happens()
            train_epoch(run, *loaders)

        monkeypatch.setattr(model_training, "_train_epoch", interrupted)

    return set_up


def test_the_run_leaves_weights_history_and_plots(finished):
    history = pd.read_csv(finished / "metrics" / "run_history.csv")
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    for name in ("run_loss_metrics.png", "run_acc_metrics.png"):
        assert (finished / "metrics" / name).read_bytes().startswith(b"\x89PNG")
    files = sorted(str(p.relative_to(finished)) for p in finished.rglob("*") if p.is_file())
    assert files == [
        *("metrics/run_acc_metrics.png", "metrics/run_history.csv", "metrics/run_loss_metrics.png"),
        *("models/checkpoints/run.pt", "models/run.pt"),
    ]


def test_the_weights_file_says_all_about_its_run(finished):
    content = load_weights(finished / "models" / "run.pt")
    assert content["model"] == "customcnn"
    assert len(content["classes"]) == 62
    assert content["synthetic"] and content["labels"] == "exact"
    assert content["hyperparameters"]["lr"] == 0.001
    assert content["hyperparameters"]["seed"] == 42
    assert len(content["fingerprint"]) == 64
    assert content["weights"]["layer5.1.weight"].dtype == torch.float16
    assert content["weights"]["layer1.1.running_var"].dtype == torch.float32
    assert content["temperature"] > 0 and len(content["frequencies"]) == 62


def test_the_best_validation_epoch_is_kept(finished):
    history = pd.read_csv(finished / "metrics" / "run_history.csv")
    content = load_weights(finished / "models" / "run.pt")
    assert content["epoch"] == history["epoch"][history["val_accuracy"].idxmax()]
    assert content["metrics"]["val_accuracy"] == history["val_accuracy"].max()


def test_learning_rate_falls_once_an_epoch_by_gamma(finished):
    rates = pd.read_csv(finished / "metrics" / "run_history.csv")["learning_rate"].tolist()
    assert rates == pytest.approx([0.001, 0.001 * 0.999, 0.001 * 0.999**2])


def test_a_killed_run_resumes_to_the_weights_of_an_uninterrupted_one(
    processed, tmp_path, before_epoch_2
):
    """A kill leaves what lies on the disk at that moment, and nothing else."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    before_epoch_2(lambda: shutil.copytree(whole, killed, dirs_exist_ok=True))
    train(processed, whole, "--epochs", "2", "--fraction", "0.1", "--name", "run")
    assert len(load_state(killed)["history"]) == 1
    assert not (killed / "models" / "run.pt").exists()
    train(processed, killed, "--resume")
    resumed, uninterrupted = load_state(killed), load_state(whole)
    for name, tensor in uninterrupted["network"].items():
        assert torch.equal(tensor, resumed["network"][name]), name
    losses = [[row["val_loss"] for row in state["history"]] for state in (resumed, uninterrupted)]
    assert losses[0] == losses[1]
    weights = [load_weights(f / "models" / "run.pt")["weights"] for f in (killed, whole)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


STOPS = {"SIGINT": (130, "stopped by Ctrl-C"), "SIGTERM": (143, "stopped by SIGTERM")}


@pytest.mark.parametrize("by", STOPS)
@pytest.mark.usefixtures("interruptible")
def test_a_stopped_training_leaves_calibrated_weights_and_no_traceback(
    processed, tmp_path, before_epoch_2, capsys, by
):
    before_epoch_2(lambda: os.kill(os.getpid(), signal.Signals[by]))
    code = run_script(lambda: train(processed, tmp_path, *SMALL, "--epochs", "500"))
    error = capsys.readouterr().err
    assert (code, error.count("error:")) == (STOPS[by][0], 1)
    assert STOPS[by][1] in error and "Traceback" not in error
    assert not list(tmp_path.rglob("*.part"))
    content = load_weights(tmp_path / "models" / "run.pt")
    assert content["temperature"] > 0
    assert content["epoch"] in [row["epoch"] for row in load_state(tmp_path)["history"]]


def test_a_run_can_be_prolonged(processed, tmp_path):
    train(processed, tmp_path, *SMALL)
    train(processed, tmp_path, "--resume", "run", "--epochs", "2")
    assert len(pd.read_csv(tmp_path / "metrics" / "run_history.csv")) == 2


def test_a_compiled_run_learns_the_same(processed, tmp_path, capsys, monkeypatch):
    """The operators are traced and run as they are: tests/compute/test_devices.py compiles some."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    states = []
    # Batches of one size alone: tracing takes its time for each.
    fraction = 600 / len(load_split(processed)["train"])
    options = ("--model", "small", "--recipe", "reference", "--epochs", "2")
    options += ("--fraction", str(fraction), "--batch-size", "100")
    for name, more in (("plain", ()), ("compiled", ("--compile",))):
        train(processed, tmp_path, *options, "--name", name, *more)
        states.append(load_state(tmp_path, name))
    assert "not compiled" not in capsys.readouterr().out
    assert states[0]["network"].keys() == states[1]["network"].keys()
    losses = [[row["val_loss"] for row in state["history"]] for state in states]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0][1] < losses[0][0]


def test_an_existing_run_is_not_overwritten(processed, finished):
    with pytest.raises(HandwritingError, match="exists already"):
        train(processed, finished, "--name", "run")


def test_a_run_of_which_only_the_checkpoint_is_left_is_not_overwritten(processed, tmp_path):
    train(processed, tmp_path, *SMALL)
    (tmp_path / "models" / "run.pt").unlink()
    with pytest.raises(HandwritingError, match=r"checkpoints/run\.pt exists already.*--resume run"):
        train(processed, tmp_path, *SMALL)


@pytest.mark.parametrize(
    "name", ["../../x", "", ".hidden", "a/b", r"a\b", "x" * 101, "/tmp/x"], ids=repr
)
def test_a_name_that_leads_elsewhere_is_refused_in_one_line(processed, tmp_path, capsys, name):
    folder = tmp_path / "deep" / "down"
    options = ("--model", "small", "--epochs", "1", "--name", name)
    assert run_script(lambda: train(processed, folder, *options)) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("error:") and "is not a valid name for a run" in error
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    "options", [("--epochs", "0"), ("--batch-size", "0"), ("--lr", "0"), ("--lr", "nan")]
)
def test_senseless_hyperparameters_are_refused(processed, tmp_path, options):
    with pytest.raises(HandwritingError, match=options[0]):
        train(processed, tmp_path, *options)


def test_a_batch_larger_than_the_training_set_is_said_in_one_line(processed, tmp_path, capsys):
    train(processed, tmp_path, *SMALL, "--batch-size", "5000", "--fraction", "0.2")
    notes = [line for line in capsys.readouterr().out.splitlines() if "note:" in line]
    assert len(notes) == 1
    assert "a batch of 5000 is larger than" in notes[0] and "--batch-size" in notes[0]
    train(processed, tmp_path, "--model", "small", "--epochs", "1", "--name", "usual")
    assert "note:" not in capsys.readouterr().out


def test_a_diverged_run_is_told_in_words(processed, tmp_path):
    options = ("--recipe", "reference", "--epochs", "3", "--lr", "1e30")
    with pytest.raises(HandwritingError, match="not a number"):
        train(processed, tmp_path, "--model", "small", "--name", "wild", *options)
    assert not list((tmp_path / "models").rglob("*.pt")), "no weights that are not numbers"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_that_is_not_there_is_said(processed, tmp_path):
    with pytest.raises(HandwritingError, match="there is no such device here"):
        train(processed, tmp_path, "--device", "cuda")


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


@pytest.mark.parametrize(
    "names",
    [("--init-from", "--extra-data", "--extra-fraction"), ("--start", "--extra", "--share")],
    ids=["today's options", "former options"],
)
def test_a_run_goes_on_from_another_with_more_images(processed, pictures, tmp_path, names):
    train(processed, tmp_path, *SMALL, "--epochs", "3", "--lr", "0.01")
    start_from, extra, share = names
    more = (start_from, "run", extra, str(pictures), share, "0.25", "--epochs", "1")
    train(processed, tmp_path, "--model", "small", *more, "--name", "further", "--lr", "0.0001")
    content = load_weights(tmp_path / "models" / "further.pt")
    assert content["hyperparameters"]["init_from"] == "run"
    assert content["hyperparameters"]["extra_data"] == [str(pictures)]
    assert content["hyperparameters"]["extra_fraction"] == 0.25
    before = pd.read_csv(tmp_path / "metrics" / "run_history.csv")["val_loss"].min()
    assert before < 2.5, "the first run should have learned something"
    assert content["metrics"]["val_loss"] < 1.3 * before, "it did not start from the run's weights"


def test_params_of_the_search_train_under_former_names_too(processed, tmp_path):
    (tmp_path / "params.json").write_text('{"params": {"averaging": 0.5, "lr": 0.004}}')
    train(processed, tmp_path, *SMALL, "--params", str(tmp_path / "params.json"))
    used = load_weights(tmp_path / "models" / "run.pt")["hyperparameters"]
    assert used["ema_decay"] == 0.5 and used["lr"] == 0.004 and "averaging" not in used


def test_the_loops_return_mean_losses(processed, drawn):
    """The two functions of the reference implementation can be used by themselves."""
    torch.manual_seed(0)
    network, loss_fn = small_network(), PartialLabelLoss()
    batches = Batches(LabelledImages(*map(torch.from_numpy, drawn)), 100, CPU)
    network.eval()
    with torch.no_grad():
        parts = [(loss_fn(network(b.images), b.labels) * len(b.labels)).item() for b in batches]
        right = sum((network(b.images).argmax(1) == b.labels).sum().item() for b in batches)
    loss, accuracy = model_training.evaluation_loop(CPU, network, batches, loss_fn)
    assert loss == pytest.approx(sum(parts) / len(drawn[0]), rel=1e-5)
    assert accuracy == pytest.approx(right / len(drawn[0]))
    steps = []
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0)
    trained = model_training.training_loop(
        CPU, network, batches, loss_fn, optimizer, after_step=lambda: steps.append(1)
    )
    assert len(steps) == len(batches) and 0 < trained < 10
