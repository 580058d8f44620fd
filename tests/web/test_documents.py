"""Documents on the page: each page is an image of its own, in the order of the file."""

import csv
import io
import json

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from handwriting.synthesis.examples import EXAMPLES, photograph_of_example
from handwriting.web import shelf as shelf_module
from handwriting.web.downloads import as_csv, as_json, as_pdf, as_text
from handwriting.web.picture_reading import Given, PictureRead, pages_of
from handwriting.web.shelf import Entry, Shelf
from tests.formats.made import heic_of, pdf_of, pdf_with_password, tiff_of
from tests.imaging.crafted import saved
from tests.support import PROJECT
from tests.web.pictures import upload
from tests.web.test_pictures import TAB

PICTURES = [Image.fromarray(photograph_of_example(name)) for name in ("A number", "A line")]
TEXTS = [EXAMPLES[name].lines[0] for name in ("A number", "A line")]


@pytest.fixture
def tab(monkeypatch) -> AppTest:
    monkeypatch.chdir(PROJECT)
    return AppTest.from_string(TAB, default_timeout=300).run()


def given(tab: AppTest, name: str, content: bytes) -> list[Entry]:
    tab.file_uploader[0].set_value([upload(name, content)]).run()
    assert not tab.exception
    return list(tab.session_state["shelf"].entries.values())


def test_the_pages_of_a_pdf_are_read_in_their_order_and_saved_with_their_numbers(tab):
    entries = given(tab, "notes.pdf", pdf_of(PICTURES, 100))
    assert [entry.given.title for entry in entries] == ["notes.pdf, page 1", "notes.pdf, page 2"]
    assert [entry.page.text for entry in entries] == TEXTS
    assert as_text(entries).startswith(f"notes.pdf, page 1:\n{TEXTS[0]}\n")
    rows = list(csv.DictReader(io.StringIO(as_csv(entries))))
    assert [(row["file"], row["page"], row["line"]) for row in rows[:1] + rows[-1:]] == [
        ("notes.pdf", "1", "1"),
        ("notes.pdf", "2", "1"),
    ]
    records = [json.loads(line) for line in as_json(entries).splitlines()]
    assert [(record["file"], record["page"]) for record in records] == [
        ("notes.pdf", 1),
        ("notes.pdf", 2),
    ]


def test_the_searchable_pdf_has_the_corrected_text(tab):
    entries = given(tab, "notes.pdf", pdf_of(PICTURES, 100))
    assert "Download as PDF" in {button.label for button in tab.get("download_button")}
    entries[0].texts = {(0, 0): "corrected"}
    document = pypdfium2.PdfDocument(as_pdf(entries))
    texts = [page.get_textpage().get_text_range() for page in document]
    assert texts == ["corrected", TEXTS[1]]
    inches = np.array(PICTURES[0].size) / 100
    assert document[0].get_size() == pytest.approx(tuple(72 * inches))
    document.close()


def test_a_heic_is_read_and_has_no_page_number(tab):
    (entry,) = given(tab, "IMG_0001.HEIC", heic_of(PICTURES))
    assert entry.page.text == TEXTS[0]
    assert "holds 2 images, of which the main one is read" in entry.answer.note
    assert "page" not in as_csv([entry]).splitlines()[0]
    assert len(pypdfium2.PdfDocument(as_pdf([entry]))) == 1


def test_a_page_is_read_as_one_character_too(tab):
    tab.segmented_control(key="layout").set_value("One character").run()
    character = Image.fromarray(photograph_of_example("A character"))
    entries = given(tab, "scan.pdf", pdf_of([PICTURES[0], character], 100))
    assert entries[1].page.text == "R"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("secret.pdf", pdf_with_password(), "secret.pdf has a password"),
        ("cut.pdf", pdf_of(PICTURES)[:900], "cut.pdf is not a readable PDF"),
        ("letter.pdf", b"PK\3\4 a letter", "letter.pdf is not a readable image"),
    ],
)
def test_a_document_that_cannot_be_opened_is_told(tab, name, content, words):
    (entry,) = given(tab, name, content)
    assert words in entry.answer and len(tab.error) == 1


def test_pages_beyond_the_limit_are_named(monkeypatch):
    monkeypatch.setattr(shelf_module, "MOST_PICTURES", 3)
    shelf = Shelf()
    shelf.put(pages_of(Given("many.tif", tiff_of(50))))
    assert [entry.given.page for entry in shelf.entries.values()] == [1, 2, 3]
    assert shelf.left_out.endswith("Left out: many.tif, pages 4 to 50.")
    shelf.put([*pages_of(Given("four.tif", tiff_of(4))), Given("late.png", b"")])
    assert shelf.left_out.endswith("Left out: four.tif, page 4, late.png.")


def test_a_file_counts_once_for_all_of_its_pages(monkeypatch):
    content = tiff_of(5)
    monkeypatch.setattr(shelf_module, "MOST_BYTES", len(content))
    shelf = Shelf()
    shelf.put(pages_of(Given("five.tif", content)))
    assert len(shelf.entries) == 5 and shelf.size == len(content)
    shelf.put([Given("small.png", saved(Image.new("L", (9, 9))))])
    assert [entry.given.name for entry in shelf.entries.values()] == ["small.png"]


def test_what_failed_is_no_page_of_the_pdf():
    entry = Entry(Given("x.png", saved(PICTURES[0])))
    entry.answer = PictureRead(PICTURES[0].size, [], b"")
    broken = Entry(Given("y.png", b""), answer="y.png cannot be read.")
    assert len(pypdfium2.PdfDocument(as_pdf([broken, entry]))) == 1
