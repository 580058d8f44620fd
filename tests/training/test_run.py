"""A run is saved after each epoch, resumes exactly, and is calibrated at the end."""

import shutil
from pathlib import Path

import pytest
import torch

import model_training
from handwriting.errors import HandwritingError
from handwriting.evaluation.every_split import training_fraction
from handwriting.runs import RunFiles, load_weights, save_weights
from handwriting.training import run as module
from handwriting.training.claims import claimed
from handwriting.training.run import load_checkpoint, unsaved_run
from tests.support import load_state, random_weights, train

SMALL = ("--model", "small", "--lr", "0.01", "--name", "run")
pytestmark = pytest.mark.usefixtures("small_model")


@pytest.fixture(autouse=True)
def no_plots(monkeypatch):
    """Plots take longer than such a training; tests/stages/test_training.py looks at them."""
    for plot in ("plot_loss", "plot_accuracy"):
        monkeypatch.setattr(module, plot, lambda *_: None)


def assert_same(one: dict, two: dict, *parts: str) -> None:
    """Two checkpoints agree to the last bit."""
    for part in parts:
        assert one[part].keys() == two[part].keys()
        for name, tensor in one[part].items():
            assert torch.equal(tensor, two[part][name]), name
    for row, other in zip(one["history"], two["history"], strict=True):
        for figure in ("epoch", "train_loss", "val_loss", "val_accuracy", "learning_rate"):
            assert row[figure] == other[figure]


@pytest.fixture
def say_accuracy(monkeypatch):
    """Let the epochs have these validation accuracies, whatever the network can do."""
    record = module.Run.record

    def set_up(*accuracies: float) -> None:
        def told(run, row, network):
            record(run, row | {"val_accuracy": accuracies[row["epoch"] - 1]}, network)

        monkeypatch.setattr(module.Run, "record", told)

    return set_up


@pytest.fixture
def interrupt(monkeypatch):
    """Press Ctrl-C in the epoch that is given; returns how to let go."""
    train_epoch = model_training._train_epoch

    def set_up(epoch: int):
        def stopped(run, *loaders):
            if len(run.history) + 1 == epoch:
                raise KeyboardInterrupt
            train_epoch(run, *loaders)

        monkeypatch.setattr(model_training, "_train_epoch", stopped)
        return lambda: monkeypatch.setattr(model_training, "_train_epoch", train_epoch)

    return set_up


def test_an_interrupted_run_resumes_to_the_same_averages(processed, tmp_path, interrupt):
    train(processed, tmp_path / "whole", *SMALL, "--epochs", "3")
    let_go = interrupt(epoch=2)
    with pytest.raises(KeyboardInterrupt):
        train(processed, tmp_path / "parts", *SMALL, "--epochs", "3")
    let_go()
    train(processed, tmp_path / "parts", "--resume", "run")
    whole, parts = (load_state(tmp_path / folder) for folder in ("whole", "parts"))
    assert_same(whole, parts, "network", "average", "kept_weights")
    average = whole["average"]["module.0.weight"]
    assert not torch.equal(average, whole["network"]["0.weight"])
    best = load_weights(tmp_path / "whole" / "models" / "run.pt")
    assert best["epoch"] == 3, "the last epoch should be the best one"
    assert torch.equal(best["weights"]["0.weight"], average.half())


@pytest.mark.parametrize("accuracies", [(0.1, 0.3, 0.2), (0.3, 0.3, 0.1), (0.1, 0.2, 0.3)])
def test_the_earliest_of_the_best_epochs_is_kept(
    processed, tmp_path, say_accuracy, accuracies, capsys
):
    say_accuracy(*accuracies)
    train(processed, tmp_path, *SMALL, "--epochs", "3")
    content = load_weights(tmp_path / "models" / "run.pt")
    assert content["epoch"] == accuracies.index(max(accuracies)) + 1
    assert content["metrics"]["val_accuracy"] == max(accuracies)
    assert content["epochs"] == 3
    assert content["last_metrics"]["val_accuracy"] == accuracies[-1]
    kept = f"epoch {content['epoch']} of 3 is kept: val_accuracy {max(accuracies):.4f}"
    assert f"{kept}; the last epoch has {accuracies[-1]:.4f}" in capsys.readouterr().out


@pytest.mark.parametrize(("extra", "kept"), [((), 1), (("drawings",), 2)])
def test_the_last_epoch_is_kept_where_other_images_were_trained_on(extra, kept):
    run = unsaved_run("small", {}, torch.arange(4), device="cpu", extra_data=extra)
    for epoch, accuracy in ((1, 0.9), (2, 0.8)):
        run.network[0].bias.data.fill_(epoch)
        run.record({"epoch": epoch, "val_accuracy": accuracy}, run.network)
    assert run.best["epoch"] == kept
    assert (run.kept_weights["0.bias"] == kept).all()


def test_weights_are_written_once_and_calibrated(processed, tmp_path, monkeypatch):
    written = []

    def counted(path, weights, facts):
        written.append(facts["epoch"])
        save_weights(path, weights, facts)

    monkeypatch.setattr(module, "save_weights", counted)
    train(processed, tmp_path, *SMALL, "--epochs", "3")
    assert len(written) == 1
    content, kept = (
        load_weights(tmp_path / "models" / "run.pt"),
        load_state(tmp_path)["kept_weights"],
    )
    assert content["temperature"] > 0 and content["epoch"] == written[0]
    assert len(content["frequencies"]) == len(content["training_frequencies"]) == 62
    assert content["weights"].keys() == kept.keys()
    different = [n for n, t in content["weights"].items() if not torch.equal(t, kept[n])]
    assert different == ["4.bias"], "calibration moves the last bias alone"
    change = content["weights"]["4.bias"] - kept["4.bias"]
    ratio = torch.tensor(content["frequencies"]) / torch.tensor(content["training_frequencies"])
    torch.testing.assert_close(change, content["temperature"] * ratio.log(), atol=1e-5, rtol=1e-4)


def as_written_before(folder: Path, calibrated: bool = False) -> None:
    """Turn a run's checkpoint and weights into what an earlier version would have written."""
    path = folder / "models" / "checkpoints" / "run.pt"
    state = load_state(folder)
    kept, settings = state.pop("kept_weights"), state["settings"]
    for former, today in (
        ("start", "init_from"),
        ("extra", "extra_data"),
        ("share", "extra_fraction"),
        ("blend", "alpha"),
    ):
        settings[former] = settings.pop(today)
    # It was noted only where a run went on from another; the others are newer.
    fraction = settings.pop("init_fraction")
    if settings["start"]:
        settings["start_fraction"] = fraction
    for newer in ("extra_variants", "extra_held_out", "heads"):
        del settings[newer]
    settings["recipe"]["averaging"] = settings["recipe"].pop("ema_decay")
    torch.save(state, path)
    if not calibrated:
        row = max(state["history"], key=lambda row: row["val_accuracy"])
        facts = {name: settings[name] for name in ("model", "fingerprint", "synthetic", "labels")}
        facts |= {"hyperparameters": settings["recipe"], "epoch": row["epoch"], "metrics": row}
        save_weights(folder / "models" / "run.pt", kept, facts)


@pytest.mark.parametrize(
    "accuracies", [(0.3, 0.1, 0.2), (0.1, 0.2, 0.3)], ids=["kept before", "kept after"]
)
def test_a_run_of_an_earlier_version_resumes_to_the_same_weights(
    processed, tmp_path, interrupt, say_accuracy, accuracies
):
    say_accuracy(*accuracies)
    train(processed, tmp_path / "whole", *SMALL, "--epochs", "3")
    let_go = interrupt(epoch=2)
    with pytest.raises(KeyboardInterrupt):
        train(processed, tmp_path / "parts", *SMALL, "--epochs", "3")
    let_go()
    as_written_before(tmp_path / "parts")
    train(processed, tmp_path / "parts", "--resume")
    whole, parts = (load_state(tmp_path / folder) for folder in ("whole", "parts"))
    assert_same(whole, parts, "network", "average", "kept_weights")
    assert whole["settings"] == parts["settings"]
    one, two = (load_weights(tmp_path / f / "models" / "run.pt") for f in ("whole", "parts"))
    for row in (content[part] for content in (one, two) for part in ("metrics", "last_metrics")):
        for timing in ("seconds", "images_per_second"):
            del row[timing]
    weights, others = one.pop("weights"), two.pop("weights")
    assert one == two
    assert all(torch.equal(tensor, others[name]) for name, tensor in weights.items())


def test_a_finished_run_of_an_earlier_version_keeps_its_weights_unless_a_better_epoch_comes(
    processed, tmp_path, say_accuracy
):
    say_accuracy(0.3, 0.1, 0.4)
    train(processed, tmp_path, *SMALL, "--epochs", "1")
    as_written_before(tmp_path, calibrated=True)
    before = (tmp_path / "models" / "run.pt").read_bytes()
    train(processed, tmp_path, "--resume", "run", "--epochs", "2")
    assert (tmp_path / "models" / "run.pt").read_bytes() == before
    train(processed, tmp_path, "--resume", "run", "--epochs", "3")
    content = load_weights(tmp_path / "models" / "run.pt")
    assert content["epoch"] == 3 and content["temperature"] > 0


def test_a_run_that_goes_on_from_another_lies_between_the_two(processed, tmp_path):
    train(processed, tmp_path, *SMALL, "--epochs", "1", "--fraction", "0.5")
    further = ("--model", "small", "--epochs", "1", "--fraction", "0.25", "--init-from", "run")
    train(processed, tmp_path, *further, "--name", "further", "--alpha", "0.25")
    start = load_weights(tmp_path / "models" / "run.pt")
    state = load_state(tmp_path, "further")
    end = state["average"]["module.0.weight"]
    between = state["kept_weights"]["0.weight"]
    expected = start["weights"]["0.weight"].float().lerp(end, 0.25).half()
    assert torch.equal(between, expected) and not torch.equal(between, end.half())
    content = load_weights(tmp_path / "models" / "further.pt")
    assert content["hyperparameters"]["init_from"] == "run"
    assert content["hyperparameters"]["init_fraction"] == 0.5
    assert training_fraction(content) == 0.5


def test_a_run_of_an_earlier_version_that_went_on_from_another_resumes_too(
    processed, tmp_path, interrupt
):
    options = ("--model", "small", "--epochs", "2", "--init-from", "start", "--name", "run")
    random_weights(tmp_path / "whole" / "models", "start", model="small")
    shutil.copytree(tmp_path / "whole", tmp_path / "parts")
    train(processed, tmp_path / "whole", *options)
    let_go = interrupt(epoch=2)
    with pytest.raises(KeyboardInterrupt):
        train(processed, tmp_path / "parts", *options)
    let_go()
    as_written_before(tmp_path / "parts")
    train(processed, tmp_path / "parts", "--resume", "run")
    states = [load_state(tmp_path / folder) for folder in ("whole", "parts")]
    assert_same(*states, "network", "average", "kept_weights")
    assert states[0]["settings"] == states[1]["settings"]


def test_a_start_of_another_network_is_refused(processed, tmp_path):
    random_weights(tmp_path / "models", "other")
    with pytest.raises(HandwritingError, match=r"other\.pt is a compactcnn"):
        train(processed, tmp_path, *SMALL, "--init-from", "other")


def test_a_name_that_another_process_trains_is_refused(processed, tmp_path):
    files = RunFiles("run", tmp_path / "models", tmp_path / "metrics")
    for options in (SMALL, ("--resume", "run")):
        with claimed(files), pytest.raises(HandwritingError, match="another process is training"):
            train(processed, tmp_path, *options)


def test_a_copied_checkpoint_leaves_the_run_whose_name_it_holds(processed, tmp_path):
    train(processed, tmp_path, *SMALL, "--epochs", "1")
    models = tmp_path / "models"
    before = (models / "run.pt").read_bytes()
    shutil.copy(models / "checkpoints" / "run.pt", models / "checkpoints" / "copy.pt")
    train(processed, tmp_path, "--resume", "copy", "--epochs", "2")
    assert (models / "run.pt").read_bytes() == before
    content = load_weights(models / "copy.pt")
    assert content["epochs"] == 2 and content["last_metrics"]["epoch"] == 2


def test_nothing_to_resume_is_said(processed, tmp_path):
    with pytest.raises(HandwritingError, match="no run to resume"):
        train(processed, tmp_path, "--resume")
    with pytest.raises(HandwritingError, match=r"other\.pt does not exist"):
        train(processed, tmp_path, "--resume", "other")


def test_a_damaged_checkpoint_is_refused(processed, finished, tmp_path):
    whole = (finished / "models" / "checkpoints" / "run.pt").read_bytes()
    broken = tmp_path / "models" / "checkpoints" / "run.pt"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HandwritingError, match="damaged"):
        train(processed, tmp_path, "--resume", "run")


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    weights = random_weights(tmp_path, "run")
    (tmp_path / "checkpoints").mkdir()
    shutil.copy(weights, tmp_path / "checkpoints")
    with pytest.raises(HandwritingError, match=r"run\.pt is not a checkpoint"):
        load_checkpoint(RunFiles("run", tmp_path))


def test_a_run_on_another_archive_is_not_resumed(processed, tmp_path):
    train(processed, tmp_path, *SMALL, "--epochs", "1")
    state = load_state(tmp_path)
    state["settings"]["fingerprint"] = "0" * 64
    torch.save(state, tmp_path / "models" / "checkpoints" / "run.pt")
    with pytest.raises(HandwritingError, match="was trained on another archive"):
        train(processed, tmp_path, "--resume", "run")


def test_a_run_for_a_measurement_is_of_the_modern_recipe_with_the_values_given():
    run = unsaved_run("small", {"lr": 0.5, "augmentation": {"noise": 0.1}}, torch.arange(10),
                      device="cpu", fraction=0.5, seed=7)  # fmt: skip
    assert (run.recipe.lr, run.recipe.augmentation.noise) == (0.5, 0.1)
    assert run.recipe.optimizer == "AdamW" and len(run.rows) == 5 and run.settings.seed == 7
