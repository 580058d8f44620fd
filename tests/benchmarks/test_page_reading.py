"""Time and memory of reading a page."""

from PIL import Image

from benchmarks import common, page_reading
from tests.benchmarks.support import call_here, committed, run_here, run_quick
from tests.pages.drawn import TEXT, draw_page
from tests.support import random_reader, shared_folder


def test_a_photograph_is_made_as_large_as_asked(tmp_path):
    Image.fromarray(draw_page()).save(tmp_path / "page.png")
    page_reading.enlarge(tmp_path / "page.png", 3_000_000, tmp_path / "large.jpg")
    with Image.open(tmp_path / "large.jpg") as large:
        assert abs(large.width * large.height / 3_000_000 - 1) < 0.01


def test_a_page_and_a_word_are_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "run_once", run_here)
    empty = tmp_path / "empty"
    empty.mkdir()
    random_reader(tmp_path, "lines")
    Image.fromarray(draw_page()).save(tmp_path / "page.png")
    arguments = (tmp_path / "page.png", "--run", "lines", "--models", tmp_path)
    words = ("--words", shared_folder("pen") / "words.npz")
    then = {"alone": call_here, "TWELVE_MEGAPIXELS": 1_000_000}
    (result,) = run_quick(page_reading, empty, *arguments, *words, then=then).values()
    known = committed("benchmarks/page_reading.json")
    assert list(result) == list(known) and list(result["page"]) == list(known["page"])
    assert result["page"]["seconds"] == 2.0 and result["word_milliseconds"] > 0
    assert result["page"]["lines"] <= 2 * len(TEXT)
