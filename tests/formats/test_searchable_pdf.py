"""A searchable PDF shows each page as it was given, with its text at the words' places."""

import io

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage, AnnotatedWord
from handwriting.formats.document_pages import open_page
from handwriting.formats.searchable_pdf import SearchablePdf
from handwriting.formats.xml_files import rectangle
from tests.formats.made import pdf_of, pdf_with_password
from tests.imaging.crafted import saved
from tests.pages.drawn import draw_page

PAGE = Image.fromarray(draw_page())
WIDTH, HEIGHT = PAGE.size
LEVEL = {"Grüße,": (100, 90, 320, 150), "€5": (330, 90, 400, 140), "naïve": (100, 200, 300, 250)}
DOWN = {"down": (700, 100, 760, 300), "here": (700, 320, 760, 500)}
"""Texts and boxes of words in pixels; the latter are turned clockwise."""


def line(words: dict[str, tuple[int, int, int, int]], polygon: np.ndarray) -> AnnotatedLine:
    parts = tuple(AnnotatedWord(text, box) for text, box in words.items())
    return AnnotatedLine(" ".join(words), polygon, words=parts)


def annotated(number: int = 1) -> AnnotatedPage:
    first = line(dict(list(LEVEL.items())[:2]), rectangle(100, 90, 400, 150))
    second = AnnotatedLine("naïve", rectangle(*LEVEL["naïve"]))
    third = line(DOWN, np.array([(760, 100), (760, 500), (700, 500), (700, 100)]))
    return AnnotatedPage("x", WIDTH, HEIGHT, (first, second, third), number=number)


def made(*pages: tuple[bytes, AnnotatedPage]) -> pypdfium2.PdfDocument:
    content = io.BytesIO()
    with SearchablePdf() as pdf:
        for source, page in pages:
            pdf.add(io.BytesIO(source), page)
        assert len(pdf) == len(pages)
        pdf.save(content)
    return pypdfium2.PdfDocument(content.getvalue())


def place(page: pypdfium2.PdfPage, text: str) -> tuple[int, int, int, int]:
    """Box of a text that is searched, in pixels of the page as it is shown."""
    found = page.get_textpage()
    start, count = found.search(text).get_next()
    converter = page.render(scale=1).get_posconv(page)
    scale = np.array([WIDTH, HEIGHT]) / page.get_size()
    corners = []
    for k in range(start, start + count):
        left, bottom, right, top = found.get_charbox(k, loose=True)
        corners += [converter.to_bitmap(left, bottom), converter.to_bitmap(right, top)]
    low, high = (np.array(corners) * scale).min(axis=0), (np.array(corners) * scale).max(axis=0)
    return (*low.tolist(), *high.tolist())


def turned(content: bytes, degrees: int) -> bytes:
    """A PDF whose pages are shown turned, with a margin cut off."""
    document, target = pypdfium2.PdfDocument(content), io.BytesIO()
    for page in document:
        page.set_rotation(degrees)
        page.gen_content()
    document.save(target)
    return target.getvalue()


SOURCES = {
    "image": saved(PAGE),
    "pdf": pdf_of([PAGE], 150),
    "turned pdf": turned(pdf_of([PAGE.rotate(90, expand=True)], 150), 90),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_each_word_is_found_at_its_place(kind):
    page = made((SOURCES[kind], annotated()))[0]
    for text, box in (LEVEL | DOWN).items():
        off = np.abs(np.subtract(place(page, text), box))
        assert off.max() <= 15, (text, off)


@pytest.mark.parametrize("kind", SOURCES)
def test_the_page_looks_as_it_was_given(kind):
    with_text, source = made((SOURCES[kind], annotated()))[0], io.BytesIO(SOURCES[kind])
    shown = with_text.render(scale=WIDTH / with_text.get_width() - 1e-6).to_pil().convert("L")
    given = open_page(source).picture.convert("L")
    assert shown.size == given.size
    off = np.abs(np.asarray(shown, dtype=float) - np.asarray(given, dtype=float))
    assert off.mean() < 1.5


def test_words_are_told_apart_and_lines_too():
    text = made((saved(PAGE), annotated()))[0].get_textpage().get_text_range()
    assert text.split()[:3] == ["Grüße,", "€5", "naïve"]
    assert "€5\r\nnaïve" in text


def test_pages_of_several_files_stand_in_one():
    both = pdf_of([PAGE, PAGE.rotate(180)], 150)
    empty = AnnotatedPage("x", WIDTH, HEIGHT, ())
    document = made((saved(PAGE), annotated()), (both, annotated(2)), (both, empty))
    texts = [page.get_textpage().get_text_range() for page in document]
    assert ["naïve" in text for text in texts] == [True, True, False] and not texts[2]


def test_texts_outside_of_the_font_and_without_width_do_no_harm():
    words = {"日本": (0, 0, 90, 40), "\U0001f600": (0, 50, 40, 90), "\x07": (0, 100, 40, 140)}
    words |= {"flat": (0, 200, 0, 200), "ok": (0, 300, 40, 340)}
    page = AnnotatedPage("x", WIDTH, HEIGHT, (line(words, rectangle(0, 0, 90, 340)),))
    assert "ok" in made((saved(PAGE), page))[0].get_textpage().get_text_range()


def test_what_cannot_be_opened_is_told():
    with SearchablePdf() as pdf, pytest.raises(HandwritingError, match="has a password"):
        pdf.add(io.BytesIO(pdf_with_password()), annotated())
    with SearchablePdf() as pdf, pytest.raises(HandwritingError, match="page 9 of x"):
        pdf.add(io.BytesIO(pdf_of([PAGE])), annotated(9))
