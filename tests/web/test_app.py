"""The page, without a browser."""

import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.support import PROJECT, random_weights, run_program


@pytest.fixture
def page(monkeypatch):
    monkeypatch.chdir(PROJECT)
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


def test_a_blank_canvas_predicts_nothing(page):
    page.run()
    assert not page.exception and not page.error
    assert [box.value for box in page.info] == ["Draw one digit or letter on the lines."]
    assert len(page.header) == 1


def test_the_models_are_offered_with_their_accuracy(page):
    page.run()
    models = page.pills[0]
    measured = [option for option in models.options if "of the test set" in option]
    assert len(measured) >= 2
    shares = [float(option.split("·")[1].split("%")[0]) for option in measured]
    assert shares == sorted(shares, reverse=True), "the best model should come first"


def test_without_weights_the_page_says_what_to_do(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    page.run()
    assert not page.exception
    assert "model_training.py" in page.error[0].value


def test_damaged_weights_are_said_without_a_traceback(page, monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "broken.pt").write_bytes(b"not weights")
    monkeypatch.chdir(tmp_path)
    page.run()
    assert not page.exception
    assert "broken.pt is damaged" in page.error[0].value


def test_weights_that_are_no_numbers_are_said_and_not_read_with(page, monkeypatch, tmp_path):
    path = random_weights(tmp_path / "models", "sick")
    content = torch.load(path, weights_only=True)
    content["weights"]["layers.17.bias"][3] = float("nan")
    torch.save(content, path)
    monkeypatch.chdir(tmp_path)
    page.run()
    assert not page.exception
    (error,) = page.error
    assert "sick.pt holds weights that are not numbers" in error.value
    assert "\n" not in error.value.strip()


def test_weights_of_a_generated_archive_come_with_a_warning(page, monkeypatch, tmp_path):
    random_weights(tmp_path / "models", "generated")
    monkeypatch.chdir(tmp_path)
    page.run()
    assert not page.exception and not page.error
    assert "synthetic" in page.warning[0].value


IMPORTS = """
import sys
from streamlit.testing.v1 import AppTest

page = AppTest.from_file(sys.argv[1], default_timeout=120)
before = set(sys.modules)
page.run()
assert not page.exception, page.exception
print(*(set(sys.modules) - before))
"""


def test_the_first_answer_waits_for_no_tables_plots_or_torchvision():
    imported = set(run_program(IMPORTS, str(PROJECT / "app.py")).split())
    assert "torch" in imported, "the page did not run"
    # Streamlit itself imports pandas for the canvas's data; nothing else may.
    assert not imported & {"sklearn", "matplotlib", "torchvision", "torch._dynamo"}
