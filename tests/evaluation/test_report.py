"""Metrics go to documented files and are not replaced by accident."""

import csv
import json

import numpy as np
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.evaluation import report
from handwriting.evaluation.metrics import metrics_of, topk_predictions
from handwriting.labels import CLASSES
from handwriting.recognition.recognizer import size_weight
from handwriting.recognition.sizes import load_sizes
from handwriting.runs import RunFiles
from tests.support import PROJECT, picture_folder


@pytest.fixture(scope="module")
def result() -> dict[str, object]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 62, 200)
    logits = torch.from_numpy(rng.normal(size=(200, 62)) + 2 * np.eye(62)[labels])
    figures = metrics_of([topk_predictions(logits, torch.from_numpy(labels))], 1.0, 0.5)
    about = {"command": "python model_evaluation.py run", "run": "run", "data": "a test set"}
    return {**about, **figures, "weights_sha256": "first"}


@pytest.fixture
def no_plots(monkeypatch):
    """Plots take their time; that they are drawn is tested once."""
    for plot in ("plot_class_metrics", "plot_confusion_matrix", "plot_reliability"):
        monkeypatch.setattr(
            report, plot, lambda figures, title, path: path.write_text(str(figures))
        )


@pytest.fixture
def run(tmp_path) -> RunFiles:
    return RunFiles("run", tmp_path, tmp_path)


def test_a_report_is_figures_two_tables_and_three_plots(result, run, tmp_path):
    report.save_report(run, "", result, overwrite=False)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("run_metrics.json", "run_class_metrics.csv", "run_class_metrics.png"),
        *("run_confusion_matrix.png", "run_reliability.png", "run_confusion.csv"),
    }
    figures = json.loads((tmp_path / "run_metrics.json").read_text())
    assert figures["accuracy"] == result["accuracy"]
    assert "confusion" not in figures and "classes" not in figures
    with (tmp_path / "run_class_metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["character"] for row in rows] == list(CLASSES)
    with (tmp_path / "run_confusion.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header == ["character", *CLASSES] and [row[0] for row in rows] == list(CLASSES)
    assert [[int(count) for count in row[1:]] for row in rows] == result["confusion"]


@pytest.mark.usefixtures("no_plots")
def test_figures_of_the_same_weights_are_kept_unless_told_otherwise(result, run, tmp_path, capsys):
    report.save_report(run, "", result, overwrite=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    changed = result | {"accuracy": 0.123}
    report.save_report(run, "", changed, overwrite=False)
    assert "kept" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    report.save_report(run, "", changed, overwrite=True)
    assert json.loads((tmp_path / "run_metrics.json").read_text())["accuracy"] == 0.123
    assert (tmp_path / "run_reliability.png").read_bytes() != before["run_reliability.png"]


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("before", ['{"weights_sha256": "other"}', "{}", "damaged", "[1]"])
def test_figures_of_other_weights_are_replaced(result, run, tmp_path, before):
    (tmp_path / "run_metrics.json").write_text(before)
    report.save_report(run, "", result, overwrite=False)
    assert json.loads((tmp_path / "run_metrics.json").read_text())["weights_sha256"] == "first"


def test_figures_on_each_split_are_kept_and_replaced_alike(run, tmp_path):
    path = tmp_path / "run_every_split.json"
    for content, overwrite, expected in (
        ({"weights_sha256": "first", "n": 1}, False, 1),
        ({"weights_sha256": "first", "n": 2}, False, 1),
        ({"weights_sha256": "first", "n": 3}, True, 3),
        ({"weights_sha256": "second", "n": 4}, False, 4),
    ):
        report.save_every_split(run, content, overwrite)
        assert json.loads(path.read_text())["n"] == expected


def test_a_comparison_is_kept_unless_told_otherwise(result, tmp_path, capsys):
    path = tmp_path / "run_vs_other_metrics.png"
    path.write_bytes(b"as it was")
    other = result | {"run": "other"}
    report.compare(result, other, tmp_path, overwrite=False)
    assert path.read_bytes() == b"as it was" and "kept" in capsys.readouterr().out
    report.compare(result, other, tmp_path, overwrite=True)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_pictures_count_as_equally_frequent_and_an_npz_as_emnist(tmp_path):
    content = {"frequencies": (np.arange(1, 63) / 1953).tolist()}
    folder = picture_folder(tmp_path / "pictures", [("a.png", "a"), ("b.png", "B")])
    equal = -np.log(62 * np.array(content["frequencies"]))
    chosen = report.external_set(folder, content, size=False, prior="auto")
    np.testing.assert_allclose(chosen.log_evidence, np.tile(equal, (2, 1)))
    assert chosen.about["prior"] == "equal" and chosen.prefix == "pictures_"
    told = report.external_set(folder, content, size=False, prior="emnist")
    assert told.log_evidence is None and told.about["prior"] == "emnist"
    np.savez(tmp_path / "some.npz", x=np.zeros((3, 28, 28), np.uint8), y=np.arange(3))
    npz = report.external_set(tmp_path / "some.npz", content, size=False, prior="auto")
    assert npz.log_evidence is None and npz.about["prior"] == "emnist"


@pytest.mark.parametrize("content", [{}, {"hands_temperature": 1.0}], ids=["one head", "two"])
def test_size_is_added_to_the_evidence_and_named(tmp_path, monkeypatch, content):
    folder = picture_folder(tmp_path / "pictures", [("a.png", "a"), ("b.png", "B")])
    monkeypatch.chdir(PROJECT)
    chosen = report.external_set(folder, content, size=True, prior="emnist")
    sizes = load_sizes()
    expected = sizes.on_canvases(chosen.data.bboxes, chosen.data.heights) * size_weight(content)
    np.testing.assert_allclose(chosen.log_evidence, expected)
    assert chosen.prefix == "pictures_with_size_" and "with size" in chosen.about["data"]


def test_size_of_images_without_a_canvas_is_refused(tmp_path):
    np.savez(tmp_path / "some.npz", x=np.zeros((3, 28, 28), np.uint8), y=np.arange(3))
    with pytest.raises(HandwritingError, match="--size needs images of a whole canvas"):
        report.external_set(tmp_path / "some.npz", {}, size=True, prior="auto")


def test_only_the_writers_that_the_training_left_out_are_measured_when_asked(tmp_path):
    rows = [(f"{writer}{k}.png", "aB"[k], writer) for writer in "pqrst" for k in range(2)]
    folder = picture_folder(tmp_path / "pictures", rows, columns="writer")
    content = {"hyperparameters": {"extra_held_out": 0.4}}
    options = {"size": False, "prior": "auto", "held_out": True}
    chosen = report.external_set(folder, content, **options)
    assert len(chosen.data) == 4 and len(set(chosen.data.writers)) == 2
    assert chosen.prefix == "pictures_held_out_" and "held out" in chosen.about["data"]
    with pytest.raises(HandwritingError, match="held out no writers"):
        report.external_set(folder, {}, **options)
    with pytest.raises(HandwritingError, match="was held out of the training"):
        few = {"hyperparameters": {"extra_held_out": 0.01}}
        report.external_set(folder, few, **options)
