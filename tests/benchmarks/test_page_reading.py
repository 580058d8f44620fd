"""Time and memory of reading a page."""

from PIL import Image

from benchmarks import common, page_reading
from handwriting.formats.document_pages import count_pages, open_page
from tests.benchmarks.support import call_here, committed, run_here, run_quick
from tests.pages.drawn import TEXT, draw_page
from tests.support import random_reader, shared_folder


def test_a_photograph_is_made_as_large_as_asked(tmp_path):
    Image.fromarray(draw_page()).save(tmp_path / "page.png")
    page_reading.enlarge(tmp_path / "page.png", 3_000_000, tmp_path / "large.jpg")
    with Image.open(tmp_path / "large.jpg") as large:
        assert abs(large.width * large.height / 3_000_000 - 1) < 0.01


def test_a_document_has_the_photograph_on_pages_of_the_asked_size(tmp_path, monkeypatch):
    monkeypatch.setattr(page_reading, "A4_AT_300_DPI", 1_000_000)
    Image.fromarray(draw_page()).save(tmp_path / "page.png")
    page_reading.bind(tmp_path / "page.png", 2, tmp_path / "scan.pdf")
    assert count_pages(tmp_path / "scan.pdf") == 2
    width, height = open_page(tmp_path / "scan.pdf", 2).size
    assert abs(width * height / 1_000_000 - 1) < 0.01


def test_a_page_a_document_and_a_word_are_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "run_once", run_here)
    empty = tmp_path / "empty"
    empty.mkdir()
    random_reader(tmp_path, "lines")
    Image.fromarray(draw_page()).save(tmp_path / "page.png")
    arguments = (tmp_path / "page.png", "--run", "lines", "--models", tmp_path)
    words = ("--words", shared_folder("pen") / "words.npz")
    then = {"alone": call_here, "TWELVE_MEGAPIXELS": 1_000_000, "A4_AT_300_DPI": 300_000}
    (result,) = run_quick(page_reading, empty, *arguments, *words, then=then).values()
    known = committed("benchmarks/page_reading.json")
    document = result.pop("document")
    assert document == {"pages": 2, "seconds": 2.0, "seconds_spread": [2.0, 2.0], "gib": 0.5}
    # The committed figures may be of a measurement without a document.
    known.pop("document", None)
    assert list(result) == list(known) and list(result["page"]) == list(known["page"])
    assert result["page"]["seconds"] == 2.0 and result["word_milliseconds"] > 0
    assert result["page"]["lines"] <= 2 * len(TEXT)
