"""Stage 4: the figures are right, and a reader finds them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import f1_score

import model_evaluation
from handwriting.datasets.batches import Batches
from handwriting.emnist.archive import ArchiveSplit
from handwriting.errors import HandwritingError
from handwriting.evaluation.every_split import class_members, unseen_rows
from handwriting.evaluation.metrics import metrics_of, topk_predictions
from handwriting.labels import CLASSES
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import RunFiles, available_runs, save_weights
from handwriting.training.calibration import calibration_error, reliability
from models import MODELS
from tests.support import PROJECT


def random_weights(folder: Path, name: str, model: str = "customcnn", **facts) -> Path:
    torch.manual_seed(len(name))
    path = folder / f"{name}.pt"
    network = MODELS[model]()
    save_weights(path, network.state_dict(), {"model": model, "synthetic": True, **facts})
    return path


@pytest.fixture
def evaluate(processed, tmp_path, capsys):
    """Run stage 4 in a folder of its own; returns what it printed."""

    def run(*arguments: str) -> str:
        folders = ("--processed", str(processed), "--models", str(tmp_path / "models"))
        folders += ("--metrics", str(tmp_path / "metrics"), "--device", "cpu")
        parser = model_evaluation.get_args_parser()
        capsys.readouterr()
        model_evaluation.run_command(parser.parse_args([*arguments, *folders]))
        return capsys.readouterr().out

    random_weights(tmp_path / "models", "first")
    random_weights(tmp_path / "models", "second!")
    return run


def summarise(
    scores: np.ndarray, labels: np.ndarray, loss: float, temperature: float = 1.0
) -> dict[str, object]:
    return metrics_of([topk_predictions(scores, labels, temperature)], loss)


def test_metrics_agree_with_scikit_learn_and_counting():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 62, 500)
    scores = rng.normal(size=(500, 62)) + 3 * np.eye(62)[labels]
    metrics = summarise(scores, labels, loss=1.0)
    predictions = scores.argmax(axis=1)
    assert metrics["accuracy"] == np.mean(predictions == labels)
    assert metrics["f1_macro"] == pytest.approx(f1_score(labels, predictions, average="macro"))
    rank = (scores > scores[np.arange(500), labels][:, None]).sum(axis=1)
    assert metrics["top2_accuracy"] == np.mean(rank < 2)
    assert metrics["top3_accuracy"] == np.mean(rank < 3)
    lower = [CLASSES[p].lower() == CLASSES[t].lower() for p, t in zip(predictions, labels)]  # noqa: B905
    assert metrics["accuracy_without_case"] == np.mean(lower)
    assert metrics["accuracy"] <= metrics["accuracy_47_classes"] <= metrics["accuracy_without_case"]
    assert np.array(metrics["confusion"]).sum() == 500


def test_batches_give_the_figures_of_the_whole():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 62, 500)
    scores = rng.normal(size=(500, 62)) + 3 * np.eye(62)[labels]
    parts = [topk_predictions(scores[k : k + 90], labels[k : k + 90], 0.7) for k in range(0, 500, 90)]
    assert metrics_of(parts, loss=1.0) == summarise(scores, labels, 1.0, 0.7)


def test_most_confused_pairs_count_both_directions():
    labels = np.array([CLASSES.index(c) for c in "OO0Ol"])
    read = [CLASSES.index(c) for c in "00OO1"]
    worst = summarise(np.eye(62)[read], labels, loss=0.0)["most_confused"][0]
    assert worst == {"pair": "0 O", "mistakes": 3, "0 read as O": 1, "O read as 0": 2}


def test_honest_probabilities_have_no_calibration_error_and_boasts_have_one():
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(0.2, 1, 20_000)
    right = rng.uniform(size=20_000) < probabilities
    assert calibration_error(reliability(probabilities, right)) < 0.01
    boasts = np.full(20_000, 0.99)
    assert calibration_error(reliability(boasts, right)) == pytest.approx(0.39, abs=0.02)


def test_temperature_changes_probabilities_and_not_answers():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(300, 62)), rng.integers(0, 62, 300)
    plain, cold = (summarise(scores, labels, 1.0, temperature) for temperature in (1.0, 0.2))
    assert plain["accuracy"] == cold["accuracy"]
    assert plain["calibration_error"] < cold["calibration_error"]


def test_a_class_of_a_split_adds_up_the_characters_it_stands_for():
    for split, classes in {"byclass": 62, "balanced": 47, "letters": 26, "digits": 10}.items():
        members = class_members(split)
        assert (members.sum(axis=1) > 0).sum() == classes
        assert members.sum(axis=0).max() == 1
    letters = class_members("letters")
    assert [CLASSES[c] for c in np.flatnonzero(letters[1])] == ["A", "a"]


def test_rows_that_were_trained_on_do_not_count():
    rng = np.random.default_rng(0)
    training = rng.integers(0, 255, (50, 28, 28), dtype=np.uint8)
    fresh = rng.integers(0, 255, (3, 28, 28), dtype=np.uint8)
    mixed = np.concatenate([training[:2], fresh[:1], training[7:8]])
    first, second = unseen_rows(training, [mixed, fresh])
    assert first.tolist() == [False, False, True, False]
    assert second.all()


def test_every_split_is_measured_on_rows_not_trained_on(evaluate, processed, archive, tmp_path):
    fingerprint = json.loads((processed / "manifest.json").read_text())["fingerprint"]
    facts = {"fingerprint": fingerprint, "hyperparameters": {}}
    random_weights(tmp_path / "models", "own", **facts)
    printed = json.loads(evaluate("own", "--json", "--every-split", "--root", str(archive)))
    rows = {row["split"]: row for row in printed["splits"]}
    assert rows["byclass"]["unseen_rows"] == rows["byclass"]["test_rows"]
    assert all(row["unseen_rows"] <= row["test_rows"] for row in rows.values())
    assert 0 < printed["share_of_full_training_data"] < 1
    with pytest.raises(HandwritingError, match="another archive"):
        evaluate("first", "--every-split", "--root", str(archive))


def test_it_leaves_figures_table_and_plots(evaluate, tmp_path):
    printed = evaluate("first")
    assert "accuracy, 62 classes" in printed and "Stage 4 of 4" in printed
    assert "synthetic" in printed
    figures = json.loads((tmp_path / "metrics" / "first_metrics.json").read_text())
    assert figures["synthetic"] and "synthetic" in figures["data"]
    rows = list(csv.DictReader((tmp_path / "metrics" / "first_class_metrics.csv").open()))
    assert [row["character"] for row in rows] == list(CLASSES)
    for plot in ("class_metrics", "confusion_matrix", "reliability"):
        assert (tmp_path / "metrics" / f"first_{plot}.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_one_object_and_nothing_else(evaluate):
    printed = evaluate("first.pt", "--json")
    figures = json.loads(printed)
    assert printed.count("\n") == 1
    assert 0 <= figures["accuracy"] <= figures["top2_accuracy"] <= figures["top3_accuracy"] <= 1


def test_two_runs_are_compared_in_a_table_and_a_plot(evaluate, tmp_path):
    printed = evaluate("first", "second!")
    assert printed.count("first") > 2 and printed.count("second!") > 2
    assert (tmp_path / "metrics" / "first_vs_second!_metrics.png").exists()


def test_without_a_name_the_newest_weights_are_evaluated(evaluate, tmp_path):
    random_weights(tmp_path / "models", "third")
    assert json.loads(evaluate("--json"))["run"] == "third"


def test_npz_and_the_same_test_set_give_the_same_figures(evaluate, processed, tmp_path):
    test = torch.load(processed / "test.pt", weights_only=True)
    data = tmp_path / "same.npz"
    np.savez(data, x=test["images"].numpy(), y=test["labels"].numpy())
    ours, theirs = (
        json.loads(evaluate("first", "--json", *more)) for more in ((), ("--data", str(data)))
    )
    for key in ("accuracy", "loss", "f1_macro", "images"):
        assert ours[key] == pytest.approx(theirs[key])
    assert (tmp_path / "metrics" / "first_same_metrics.json").exists()


def picture_folder(folder: Path, rows: list[tuple[str, str]]) -> Path:
    folder.mkdir()
    for name, _ in rows:
        Image.new("L", (60, 80), 255).save(folder / name)
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "character"), *rows])
    return folder


def test_a_folder_of_pictures_is_evaluated(evaluate, tmp_path):
    folder = picture_folder(tmp_path / "pictures", [("a.png", "a"), ("b.png", "B")])
    assert json.loads(evaluate("first", "--json", "--data", str(folder)))["images"] == 2


def test_a_character_that_is_none_of_the_62_is_named(evaluate, tmp_path):
    folder = picture_folder(tmp_path / "pictures", [("a.png", "ä")])
    with pytest.raises(HandwritingError, match=r"line 2.*'ä'"):
        evaluate("first", "--data", str(folder))


def test_a_picture_that_is_missing_is_named(evaluate, tmp_path):
    folder = picture_folder(tmp_path / "pictures", [("a.png", "a")])
    (folder / "a.png").unlink()
    with pytest.raises(HandwritingError, match=r"a\.png does not exist"):
        evaluate("first", "--data", str(folder))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((2, 28, 28))}, "not an .npz with the arrays x and y"),
        ({"x": np.zeros((2, 28, 28)), "y": np.zeros(2, int)}, "must be uint8"),
        ({"x": np.zeros((2, 27, 28), np.uint8), "y": np.zeros(2, int)}, "must be uint8"),
        ({"x": np.zeros((2, 28, 28), np.uint8), "y": np.zeros(3, int)}, "must be integers"),
        ({"x": np.zeros((2, 28, 28), np.uint8), "y": np.array([0, 62])}, r"y\[1\] is 62"),
        ({"x": np.zeros((0, 28, 28), np.uint8), "y": np.zeros(0, int)}, "no image"),
    ],
)
def test_an_npz_that_does_not_fit_is_described(evaluate, tmp_path, arrays, words):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(HandwritingError, match=words):
        evaluate("first", "--data", str(tmp_path / "bad.npz"))


def test_bare_weights_of_the_reference_implementation_are_evaluated(evaluate, tmp_path):
    torch.save(MODELS["customcnn"]().state_dict(), tmp_path / "models" / "reference.pt")
    assert json.loads(evaluate("reference", "--json"))["model"] == "customcnn"


def measured_runs() -> list[RunFiles]:
    runs = available_runs(PROJECT / "models", PROJECT / "metrics")
    return [run for run, accuracy in runs.items() if accuracy is not None]


def test_trained_weights_and_their_figures_are_in_the_project():
    assert {run.name.split("_")[0] for run in measured_runs()} >= set(MODELS)


@pytest.mark.parametrize("run", measured_runs(), ids=lambda run: run.name)
def test_weights_give_the_figures_in_metrics(run, real_archive):
    """On all 10,000 real test rows, which are not in the project."""
    measured = json.loads(run.metric("metrics.json").read_text())
    test = ArchiveSplit(real_archive, split="byclass", train=False)
    if measured["images"] != len(test):
        pytest.skip("measured on another test set than the one at hand")
    batches = Batches(test.data, test.targets, 500, torch.device("cpu"))
    recognizer = Recognizer.load(run.weights)
    figures = model_evaluation.evaluate(torch.device("cpu"), recognizer.network, batches)
    for key in ("accuracy", "loss", "f1_weighted", "accuracy_without_case"):
        assert figures[key] == pytest.approx(measured[key], abs=0.001)


def test_images_seen_before_further_training_count_as_seen():
    assert model_evaluation.share_of_images({"hyperparameters": {"fraction": 0.25}}) == 0.25
    further = {"hyperparameters": {"fraction": 0.5, "start_fraction": 1.0}}
    assert model_evaluation.share_of_images(further) == 1.0
