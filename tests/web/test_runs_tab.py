"""The tab "Compare runs", without a browser."""

import json
import shutil

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from handwriting.datasets.prepared import LabelledImages, save_prepared
from handwriting.errors import HandwritingError
from handwriting.labels import class_index
from handwriting.runs import RunFiles
from handwriting.web import line_runs, mistakes
from tests.support import PROJECT, manifest_of, random_weights, run_program


def tab() -> None:
    from handwriting.runs import available_runs
    from handwriting.web.runs_tab import show_runs

    show_runs([run for run, accuracy in available_runs().items() if accuracy is not None])


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the project's figures, of which tests may take some away."""
    for name in ("metrics", "models"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def page(project) -> AppTest:
    return AppTest.from_function(tab, default_timeout=60)


def group(page: AppTest, label: str):
    (found,) = (widget for widget in page.get("button_group") if widget.label == label)
    return found


def notes(page: AppTest) -> list[str]:
    """The sentences on the page, without what keeps them from being Markdown."""
    return [note.value.replace("\\", "") for note in page.info]


def charts(page: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def test_two_runs_are_compared_from_training_to_single_mistakes(page):
    page.run()
    assert not page.exception
    assert [title.value for title in page.subheader] == ["Per-class metrics", "Training", "Errors"]
    # Classes of each run and in three columns, loss and accuracy, two matrices, two directions.
    assert len(charts(page)) == 11
    (note,) = notes(page)
    assert "data_preprocessing.py" in note, "without a test set a sentence says so"


def test_the_same_run_twice_stands_alone(page):
    page.run()
    first, second = page.selectbox[:2]
    second.select(first.value).run()
    assert not page.exception
    assert len(charts(page)) == 9


def test_another_character_has_its_own_mistakes(page):
    page.run()
    page.selectbox(key="mistaken_character").select("q").run()
    assert not page.exception
    assert "**`q` predicted as**" in [text.value for text in page.markdown]
    assert all("`q`" in option for option in group(page, "Images of an error").options)


def test_line_readers_have_their_own_figures(page):
    page.run()
    group(page, "Model type").set_value("Text-line models").run()
    assert not page.exception and not page.info
    assert [box.options for box in page.selectbox] == [["lines_2026_November28_16_47"]]
    assert len(charts(page)) == 3


def test_a_part_whose_file_is_missing_is_left_out_with_a_sentence(page, project):
    run = "compactcnn_2026_November24_06_38"
    (project / "metrics" / f"{run}_confusion.csv").unlink()
    (project / "metrics" / f"{run}_history.csv").write_text("epoch,val_loss\n1,x\n")
    page.run()
    assert not page.exception
    damaged, not_counted = notes(page)
    assert f"{run}_history.csv is damaged" in damaged
    assert f"model_evaluation.py {run} --overwrite" in not_counted
    assert len(charts(page)) == 5


def test_a_study_of_another_reader_is_not_shown(page, project):
    study = project / line_runs.STUDY
    study.write_text(json.dumps(json.loads(study.read_text()) | {"run": "another"}))
    page.run()
    group(page, "Model type").set_value("Text-line models").run()
    assert not page.exception
    (note,) = notes(page)
    assert "studies.line_reading" in note


def test_without_runs_the_tab_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    page = AppTest.from_function(tab, default_timeout=60).run()
    assert not page.exception
    assert "model_evaluation.py" in notes(page)[0]
    group(page, "Model type").set_value("Text-line models").run()
    assert "text_training.py" in notes(page)[0]


@pytest.fixture
def tested(tmp_path, monkeypatch) -> RunFiles:
    """A run, and a test set of forty images of a 7 and some of others that it was trained with."""
    monkeypatch.chdir(tmp_path)
    images = torch.zeros(60, 28, 28, dtype=torch.uint8)
    images[:, 4:24, 4:24] = torch.randint(256, (60, 20, 20), dtype=torch.uint8)
    labels = torch.full((60,), class_index("7"), dtype=torch.uint8)
    labels[40:] = class_index("g")
    part = LabelledImages(images, labels, "same")
    save_prepared(mistakes.PROCESSED, part, part, manifest_of(part))
    random_weights(tmp_path, "run", fingerprint="same")
    mistakes.find_mistakes.clear()
    return RunFiles("run", tmp_path, tmp_path)


def test_the_examples_are_images_that_the_run_takes_for_the_other_character(tested, monkeypatch):
    asked = []

    def all_are_nines(network, images):
        asked.append(len(images))
        return torch.eye(62)[torch.full((len(images),), class_index("9"))]

    monkeypatch.setattr(mistakes, "predict_logits", all_are_nines)
    found = mistakes.find_mistakes(tested, 0.0, "7", "9")
    assert found.shape == (32, 28, 28) and asked == [40], "only the character's own are read"
    assert not len(mistakes.find_mistakes(tested, 0.0, "7", "8"))
    assert not len(mistakes.find_mistakes(tested, 0.0, "A", "9"))


def test_a_test_set_of_another_archive_gives_no_examples(tested, tmp_path):
    random_weights(tmp_path, "other", fingerprint="other")
    with pytest.raises(HandwritingError, match="another archive"):
        mistakes.find_mistakes(RunFiles("other", tmp_path, tmp_path), 0.0, "7", "9")


@pytest.mark.parametrize(("count", "shape"), [(1, (30, 240)), (8, (30, 240)), (9, (60, 240))])
def test_examples_stand_in_rows_of_eight(count, shape):
    sheet = mistakes.contact_sheet(np.full((count, 28, 28), 255, dtype=np.uint8))
    assert sheet.shape == shape
    assert (sheet == 255).sum() == count * 28 * 28


IMPORTS = """
import sys
import handwriting.web.runs_tab
print(*sys.modules)
"""


def test_the_tab_costs_nothing_before_it_is_opened():
    imported = set(run_program(IMPORTS).split())
    assert "handwriting.web.runs_tab" in imported
    heavy = {"altair", "pandas", "matplotlib", "sklearn", "handwriting.lines.reader"}
    assert not imported & heavy
