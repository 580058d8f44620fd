"""Latency of predictions in a real browser, and the screenshots."""

from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, ViewportSize

from benchmarks import web_latency
from benchmarks.web_latency import hello
from handwriting.lines.decoding import GREEDY
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.web.canvas import Paper
from handwriting.web.writing import read_several
from tests.benchmarks.support import committed, run_quick
from tests.support import PROJECT


class Window:
    """Instead of a browser: a window, whose pages share the compiled JavaScript."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context

    def new_page(self, viewport: ViewportSize) -> Page:
        page = self.context.new_page()
        page.set_viewport_size(viewport)
        return page


def sketched(paper: Paper, times: int = 1) -> list[np.ndarray]:
    """``hello`` once and of a few points, because each of them takes a frame of the browser's."""
    return [np.concatenate([stroke[:-1:6], stroke[-1:]]) for stroke in hello(paper)]


@pytest.fixture
def started(served, tabs) -> dict[str, Callable]:
    """Instead of the real ones: the page and the browser were started before."""
    return {
        "page_server": lambda cores=None: nullcontext(served),
        "opened_browser": lambda: nullcontext(Window(tabs)),
        "hello": sketched,
        "_MILLISECONDS_TO_PAINT": 200,
    }


def test_the_drawn_word_is_read_as_the_word_that_it_is():
    reader = Reader.load(find_reader("latest", PROJECT / LINES_FOLDER))
    for times in (1, 2):
        strokes = hello(Paper(732, 432), times)
        ((_, read),) = read_several(strokes, reader, GREEDY)
        assert read.text == "hello" * times


def test_the_waves_differ_and_stay_on_the_canvas():
    waves = web_latency.waves(10)
    assert len({wave.tobytes() for wave in waves}) == 10
    assert all(np.min(wave) > 0 and np.max(wave) < 320 for wave in waves)


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_is_timed(started, tmp_path):
    (result,) = run_quick(web_latency, tmp_path, then=started).values()
    assert list(result) == list(committed("benchmarks/web_latency.json"))
    assert result["strokes"] == 2
    assert 0 < result["pen_up_to_answer_median_ms"] < 10_000
    assert 0 < result["start_to_first_answer_median_s"] < 60


@pytest.mark.slow
@pytest.mark.browser
def test_pictures_are_taken_of_the_page(started, tmp_path, monkeypatch):
    for name, stand_in in started.items():
        monkeypatch.setattr(web_latency, name, stand_in)
    parser = web_latency.get_args_parser()
    web_latency.main(parser.parse_args(["--screenshots", str(tmp_path)]))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["readingAPage.png", "streamlitAppImage.png"]
    for file in files:
        with Image.open(file) as picture:
            assert picture.format == "PNG"
            assert picture.size == tuple(web_latency.SCREENSHOT.values())
            assert len(picture.getcolors(maxcolors=2**24)) > 100
