"""The metrics files of runs, as table rows."""

import csv
import json

import pytest

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.runs import RunFiles
from handwriting.web.run_figures import (
    by_difference,
    class_rows,
    confusion_rows,
    frequent,
    history_rows,
    mistakes_of,
    most_mistaken,
    read_confusion,
    read_table,
    side_by_side,
)
from tests.support import PROJECT


@pytest.fixture
def runs(tmp_path) -> list[RunFiles]:
    """Two runs with tables of three classes, one of which a careless reader takes for no value."""
    f1 = {"first": {"a": 0.9, "N": 0.5, "1": 0.2}, "second": {"a": 0.88, "N": 0.4, "1": 0.4}}
    runs = [RunFiles(name, tmp_path, tmp_path) for name in f1]
    for run in runs:
        rows = [(c, 0.5, 0.25, value, 7) for c, value in f1[run.name].items()]
        header = ("character", "precision", "recall", "f1", "support")
        with run.metric("class_metrics.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return runs


def counts(**mistakes: int) -> dict[str, dict[str, int]]:
    """Ten images of each character, all read rightly but for ``ab=3``: a read as b."""
    confusion = {true: {read: 10 * (read == true) for read in CLASSES} for true in CLASSES}
    for (true, read), count in mistakes.items():
        confusion[true][read] += count
        confusion[true][true] -= count
    return confusion


def test_the_classes_that_differ_most_come_first(runs):
    rows = class_rows(runs, "f1")
    assert by_difference(rows) == ["1", "N", "a"]
    first = rows[0]
    assert first["character"] == "a" and first["run"] == "first" and first["images"] == 7
    assert [row["difference"] for row in rows] == [0.02, 0.02, 0.1, 0.1, -0.2, -0.2]


def test_a_single_run_differs_in_nothing(runs):
    assert {row["difference"] for row in class_rows(runs[:1], "f1")} == {0}


def test_all_figures_of_a_class_stand_in_one_row(runs):
    rows = side_by_side(runs)
    assert [row["character"] for row in rows] == ["a", "N", "1"]
    assert rows[1]["F1, first"] == 0.5 and rows[1]["F1, second"] == 0.4
    assert rows[1]["F1, difference"] == 0.1 and rows[1]["Recall, first"] == 0.25


def test_a_history_gives_the_series_that_it_has(tmp_path):
    run = RunFiles("run", tmp_path, tmp_path)
    run.metric("history.csv").write_text("epoch,val_loss,other\n1,0.5,3\n2,nan,4\n")
    series = {"val_loss": "validation", "held_out": "writers"}
    (row,) = history_rows(run, series)
    assert row == {"run": "run", "series": "validation", "epoch": 1, "value": 0.5}


@pytest.mark.parametrize("content", ["epoch,loss\n1,x\n", "epoch,loss\n1\n", "epoch\n1,2\n", "\0"])
def test_a_damaged_table_is_said(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content)
    if content == "\0":
        path.write_bytes(b"epoch\n\xff")
    with pytest.raises(HandwritingError, match=r"table\.csv is damaged"):
        read_table(path)


@pytest.mark.parametrize("epoch", ["nan", "inf", "-1"])
def test_an_epoch_that_is_no_count_is_said(tmp_path, epoch):
    run = RunFiles("run", tmp_path, tmp_path)
    run.metric("history.csv").write_text(f"epoch,train_loss\n{epoch},0.5\n")
    with pytest.raises(HandwritingError, match="holds no counts"):
        history_rows(run, {"train_loss": "training"})


def test_a_missing_table_is_said(tmp_path):
    with pytest.raises(HandwritingError, match=r"table\.csv does not exist"):
        read_table(tmp_path / "table.csv")


def test_mistakes_are_told_in_both_directions():
    confusions = {"first": counts(lI=4, Il=1), "second": counts(l1=2, lI=1)}
    taken_for, taken = mistakes_of("l", confusions)
    found = [(row["run"], row["other"], row["images"], row["share"]) for row in taken_for]
    assert sorted(found) == [
        *(("first", "I", 4, 0.4), ("second", "1", 2, 0.2), ("second", "I", 1, 0.1)),
    ]
    assert [(row["run"], row["true"], row["read"]) for row in taken] == [("first", "I", "l")]
    assert frequent(taken_for, 1) == ["I"]
    assert most_mistaken(confusions) == "l"
    assert mistakes_of("A", confusions) == ([], [])


def test_runs_whose_mistakes_were_not_counted_are_told_how(tmp_path):
    with pytest.raises(HandwritingError, match=r"model_evaluation\.py run --overwrite"):
        read_confusion(RunFiles("run", tmp_path, tmp_path))


@pytest.mark.parametrize("content", ["character,a\na,1\n", "x\n1\n", "character,a\na\n"])
def test_damaged_counts_are_said(tmp_path, content):
    run = RunFiles("run", tmp_path, tmp_path)
    run.metric("confusion.csv").write_text(content)
    with pytest.raises(HandwritingError, match="damaged"):
        read_confusion(run)


@pytest.mark.parametrize(
    "path", sorted(PROJECT.glob("metrics/*_confusion.csv")), ids=lambda path: path.stem
)
def test_the_counts_in_the_project_are_those_of_the_figures(path):
    run = RunFiles(path.stem.removesuffix("_confusion"), path.parent, path.parent)
    confusion = read_confusion(run)
    figures = json.loads(run.metric("metrics.json").read_text())
    rows = confusion_rows(confusion)
    right = sum(row["images"] for row in rows if row["true"] == row["read"])
    assert sum(row["images"] for row in rows) == figures["images"]
    assert right / figures["images"] == pytest.approx(figures["accuracy"])
    for pair in figures["most_confused"]:
        first, second = pair["pair"].split()
        assert confusion[first][second] == pair[f"{first} read as {second}"]
    for row in read_table(run.metric("class_metrics.csv")):
        own = confusion[row["character"]]
        assert sum(own.values()) == row["support"]
        assert own[row["character"]] / max(row["support"], 1) == pytest.approx(
            row["recall"], abs=1e-4
        )
