"""The web app, without a browser."""

import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from handwriting.labels import CHARACTER_SETS
from handwriting.recognition.sizes import SIZES_FILE
from handwriting.runs import available_runs
from handwriting.web.widgets import Shown
from tests.support import PROJECT, random_weights, run_program

SEVEN = [["M", 100, 60], ["L", 160, 60], ["L", 125, 170]]
SEVENTY_SEVEN = [SEVEN, [["M", 220, 60], ["L", 280, 60], ["L", 245, 170]]]


class Written:
    """What is on the canvas that stands in for the real one, and the answers to it."""

    def __init__(self) -> None:
        self.json_data: Any = {"objects": []}
        self.answers: list[Shown] = []
        self.hint = ""

    def write(self, *paths: list) -> None:
        self.json_data = {"objects": [{"path": path} for path in paths]}

    @property
    def texts(self) -> list[str]:
        return [
            "\n".join("".join(ranked[0][0] for ranked in line) for line in answer.lines)
            for answer in self.answers
        ]


@pytest.fixture
def page(monkeypatch):
    monkeypatch.chdir(PROJECT)
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


@pytest.fixture
def canvas(monkeypatch, page) -> Written:
    # The real one can be imported only where Streamlit runs.
    page.run()
    from handwriting.web import write_tab

    written = Written()

    def show(answers: list[Shown], hint: str) -> None:
        written.answers, written.hint = answers, hint

    monkeypatch.setattr(write_tab, "draw", lambda **_: None)
    monkeypatch.setattr(write_tab, "drawn", lambda _: written.json_data)
    monkeypatch.setattr(write_tab, "show_answers", show)
    return written


@pytest.fixture
def models(monkeypatch, tmp_path, canvas) -> Path:
    """A folder of its own with the best network, which the page reads with."""
    best = next(iter(available_runs())).weights
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(best, folder / "best.pt")
    shutil.copy(PROJECT / SIZES_FILE, folder)
    monkeypatch.chdir(tmp_path)
    return folder


def choose_pattern(page: AppTest, expression: str) -> None:
    page.run()
    page.segmented_control(key="content_write").set_value("pattern").run()
    page.text_input(key="pattern_write").set_value(expression).run()


def test_a_blank_canvas_predicts_nothing(page, canvas):
    page.run()
    assert not page.exception and not page.error and not page.warning
    assert canvas.answers == [] and canvas.hint.startswith("Draw one digit or letter")


def test_one_character_is_read_by_the_character_model(page, canvas):
    canvas.write(SEVEN)
    page.run()
    assert not page.exception and not page.error and not page.warning
    (answer,) = canvas.answers
    assert canvas.texts == ["7"] and "confident · character model" in answer.note
    assert [len(ranked) for (ranked,) in answer.lines] == [5]


def test_several_characters_are_read_by_the_text_line_model(page, canvas):
    canvas.write(*SEVENTY_SEVEN)
    page.run()
    assert not page.exception and not page.error and not page.warning
    (answer,) = canvas.answers
    assert canvas.texts == ["77"] and "confident · text-line model" in answer.note
    (line,) = answer.lines
    assert [len(ranked) for ranked in line] == [5, 5]


def test_what_stands_on_two_lines_is_read_as_two(page, canvas):
    lower = [[[name, x, y + 200] for name, x, y in path] for path in SEVENTY_SEVEN]
    canvas.write(*SEVENTY_SEVEN, *lower)
    page.run()
    assert canvas.texts == ["77\n77"]


@pytest.mark.parametrize(
    ("expression", "one", "two"),
    [("[A-Z]+", "J", "JJ"), ("[a-z]{2}", None, None), ("[0-9]", "7", None)],
)
def test_only_what_matches_the_pattern_is_read(page, canvas, expression, one, two):
    choose_pattern(page, expression)
    for paths, text in (([SEVEN], one), (SEVENTY_SEVEN, two)):
        canvas.write(*paths)
        page.run()
        assert not page.exception and not page.error
        assert all(re.fullmatch(expression, found) for found in canvas.texts if found)
        if text and text.isdigit():
            assert canvas.texts == [text]


def test_a_pattern_that_is_none_is_said(page, canvas):
    canvas.write(*SEVENTY_SEVEN)
    choose_pattern(page, "[A-")
    assert not page.exception
    assert "is not a valid pattern" in page.error[0].value.replace("\\", "")


@pytest.mark.parametrize(("kind", "least"), [("Digits", "77"), ("Capitals", ""), ("All", "77")])
def test_the_chosen_characters_hold_for_words_too(page, canvas, kind, least):
    page.run()
    page.segmented_control(key="characters").set_value(kind)
    canvas.write(*SEVENTY_SEVEN)
    page.run()
    (text,) = canvas.texts
    assert set(text) <= set(CHARACTER_SETS[kind]) and least in text


def test_models_are_compared_by_one_click_on_one_character(page, canvas):
    canvas.write(SEVEN)
    page.run()
    page.toggle(key="compare").set_value(True).run()
    assert canvas.texts == ["7", "7", "7"]
    assert len({answer.name for answer in canvas.answers}) == 3
    assert all(len(answer.lines[0][0]) == 5 and answer.why for answer in canvas.answers)
    assert [len(answer.pictures) for answer in canvas.answers] == [1, 0, 0]
    canvas.write(*SEVENTY_SEVEN)
    page.run()
    assert canvas.texts == ["77"] and "Draw one character to compare" in page.warning[0].value


def test_the_language_counts_for_patterns_too(page, canvas):
    canvas.write(*SEVENTY_SEVEN)
    choose_pattern(page, "[éèç]{2}")
    assert "Choose the language fr" in page.error[0].value.replace("\\", "")
    assert not canvas.answers and not page.warning
    page.segmented_control(key="language_write").set_value("fr").run()
    assert not page.error and set(canvas.texts[0]) <= set("éèç")


def test_the_chosen_model_comes_first(page, canvas):
    canvas.write(SEVEN)
    page.run()
    other = list(available_runs())[2]
    page.radio(key="model").set_value(other).run()
    page.toggle(key="compare").set_value(True).run()
    assert other.name.startswith(canvas.answers[0].name)


def test_crafted_drawings_get_a_sentence(page, canvas):
    for crafted in ("junk", {"objects": [{"path": [["M", 0, 0], ["L", math.inf, 0]]}]}):
        canvas.json_data = crafted
        page.run()
        assert not page.exception and not canvas.answers
        assert "Clear the canvas" in page.error[0].value
    canvas.write(SEVEN)
    page.run()
    assert not page.error and canvas.texts == ["7"]


def test_weights_that_go_while_the_page_runs_are_said_and_come_back(page, canvas, models):
    canvas.write(SEVEN)
    page.run()
    assert canvas.texts == ["7"]
    weights, aside = models / "best.pt", models / "aside"
    weights.rename(aside)
    random_weights(models, "another")
    page.run()
    assert not page.exception and not page.error, "another one is there"
    (models / "another.pt").unlink()
    page.run()
    assert not page.exception and "no weights" in page.error[0].value
    aside.rename(weights)
    page.run()
    assert not page.error and canvas.texts == ["7"]


def one_stroke() -> None:
    """What runs after a stroke: no look at which weights there are."""
    import streamlit as st

    from handwriting.runs import available_runs
    from handwriting.web.write_tab import write_and_read

    if "runs" not in st.session_state:
        st.session_state["runs"] = available_runs()
    write_and_read(lambda: st.session_state["runs"])


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_weights_damaged_or_gone_between_two_strokes_are_said(canvas, models, content):
    canvas.write(SEVEN)
    page = AppTest.from_function(one_stroke, default_timeout=60)
    page.run()
    assert canvas.texts == ["7"] and not page.error
    weights, kept = models / "best.pt", (models / "best.pt").read_bytes()
    if content is None:
        weights.unlink()
    else:
        weights.write_bytes(content)
    page.run()
    assert not page.exception and not canvas.answers
    assert "best.pt" in page.error[0].value
    weights.write_bytes(kept)
    page.run()
    assert canvas.texts == ["7"] and not page.error


def test_without_a_line_reader_single_characters_are_read(page, canvas, models):
    for content in (None, b"damaged"):
        if content:
            (models / "lines").mkdir()
            (models / "lines" / "lines.pt").write_bytes(content)
        canvas.write(SEVEN)
        page.run()
        assert not page.exception and not page.error and canvas.texts == ["7"]
        canvas.write(*SEVENTY_SEVEN)
        page.run()
        assert not page.exception and len(canvas.answers) == 1
        assert "Only single characters can be read" in page.warning[0].value


def test_the_models_are_offered_with_their_accuracy(page):
    page.run()
    models = page.radio(key="model")
    measured = [option for option in models.options if "test accuracy" in option]
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
    assert "sick.pt holds weights that are not finite numbers" in error.value
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


PREPARES = """
import asyncio, sys, threading
sys.stderr = sys.stdout
import app
from streamlit import config

config.set_option("server.headless", True)

async def start():
    before = set(threading.enumerate())
    async with app.preparing(app.app):
        for thread in set(threading.enumerate()) - before:
            thread.join()

asyncio.run(start())
from handwriting.lines.reader import Reader
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import available_runs
from handwriting.web.components import find_line_reader, load_recognizer, modified

Reader.load = Recognizer.load = None
run = next(iter(available_runs()))
load_recognizer(run, modified(run.weights)), find_line_reader()
print("prepared")
"""


def test_the_server_loads_the_models_at_its_start_and_prints_nothing():
    assert run_program(PREPARES) == "prepared\n"


OPENS = """
import sys, webbrowser
import app
from streamlit import config

config.set_option("server.headless", sys.argv[1] == "headless")
webbrowser.open = print
app.open_browser()
"""


@pytest.mark.parametrize(
    ("screen", "opened"), [("headless", ""), ("seen", "http://localhost:8501\n")]
)
def test_the_page_opens_in_the_browser_where_there_is_a_screen(screen, opened):
    assert run_program(OPENS, screen) == opened
