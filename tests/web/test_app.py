"""The page, without a browser."""

import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from tests.support import PROJECT


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


IMPORTS = """
import sys
from streamlit.testing.v1 import AppTest

page = AppTest.from_file(sys.argv[1], default_timeout=120)
before = set(sys.modules)
page.run()
assert not page.exception, page.exception
print(*(set(sys.modules) - before))
"""


def modules_after(program: str, *arguments: str) -> set[str]:
    """What a program that prints the names of modules has imported."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_first_answer_waits_for_no_tables_plots_or_torchvision():
    imported = modules_after(IMPORTS, str(PROJECT / "app.py"))
    assert "torch" in imported, "the page did not run"
    # Streamlit itself imports pandas for the canvas's data; nothing else may.
    assert not imported & {"sklearn", "matplotlib", "torchvision", "torch._dynamo"}


def test_reading_imports_no_pandas():
    program = "import sys, handwriting.recognition.recognizer, handwriting.recognition.sizes; print(*sys.modules)"
    assert not modules_after(program) & {"pandas", "sklearn", "matplotlib", "torchvision"}
