"""Pages of documents are opened at their scan's resolution, or refused in a sentence."""

import io

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.formats.document_pages import Sheet, count_pages, open_page
from handwriting.formats.pdf_pages import MOST_RENDERED
from tests.formats.made import (
    blank_pdf,
    crafted_pdf,
    heic_of,
    pdf_of,
    pdf_with_password,
    pdf_with_scripts,
    tiff_of,
)
from tests.imaging.crafted import saved
from tests.pages.drawn import draw_page
from tests.support import run_program

PAGE = Image.fromarray(draw_page())
SMALL = PAGE.resize((250, 200))


def opened(content: bytes, number: int = 1, **options: int) -> Sheet:
    return open_page(io.BytesIO(content), number, "x", **options)


def counted(content: bytes) -> int:
    return count_pages(io.BytesIO(content), "x")


def difference(sheet: Sheet, picture: Image.Image) -> float:
    """Mean difference of the grey levels, of 255."""
    seen = np.asarray(sheet.picture.convert("L"), dtype=float)
    return float(np.abs(seen - np.asarray(picture.convert("L"), dtype=float)).mean())


@pytest.mark.parametrize("dpi", [72, 150, 300])
def test_a_pdf_is_rendered_at_the_resolution_of_its_scan(dpi):
    turned = PAGE.rotate(180)
    content = pdf_of([PAGE, turned], dpi)
    assert counted(content) == 2
    for number, picture in enumerate((PAGE, turned), start=1):
        sheet = opened(content, number)
        assert sheet.size == sheet.picture.size == PAGE.size and not sheet.note
        assert difference(sheet, picture) < 2
    assert opened(content, enough=500).picture.size == (500, 400)


def test_pen_strokes_in_a_pdf_are_rendered_at_300_dpi():
    sheet = opened(crafted_pdf())
    assert sheet.size == (2550, 3300)
    assert np.asarray(sheet.picture).min(axis=(0, 1)).tolist() == [0, 0, 255], "in their colour"


def test_a_page_of_200_inches_is_rendered_at_a_lower_resolution_and_that_is_said():
    sheet = opened(blank_pdf(1, 14_400, 14_400), enough=500)
    assert sheet.size[0] * sheet.size[1] <= 1.01 * MOST_RENDERED
    assert sheet.note == "The page of 200x200 inches was rendered at 32 dpi instead of 300."


def test_a_small_scan_on_a_page_of_200_inches_keeps_its_own_resolution():
    document = pypdfium2.PdfDocument(pdf_of([PAGE], 5))
    assert document[0].get_width() == 200 * 72
    document.close()
    sheet = opened(pdf_of([PAGE], 5))
    assert sheet.size == PAGE.size and not sheet.note


def test_a_pdf_of_5000_pages_is_opened_at_any_of_them():
    content = blank_pdf(5000)
    assert counted(content) == 5000
    assert opened(content, 4999).size == (2550, 3300)
    with pytest.raises(HandwritingError, match="x is not a readable page"):
        opened(content, 5001)


def test_scripts_of_a_pdf_are_never_run():
    assert opened(pdf_with_scripts()).size == (2550, 3300)


def test_a_password_is_named():
    with pytest.raises(HandwritingError, match=r"x has a password\. Save a copy"):
        counted(pdf_with_password())


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_pdf_that_was_cut_short_is_read_as_far_as_it_goes_or_refused(part):
    content = pdf_of([PAGE, PAGE])
    content = content[: int(part * len(content))]
    try:
        assert opened(content).note == "The PDF is cut short."
    except HandwritingError as error:
        assert str(error).startswith("x is not a readable")


def test_an_image_in_a_pdf_with_too_many_pixels_is_refused_before_it_is_unpacked():
    content = pdf_of([Image.new("1", (9000, 9000))])
    with pytest.raises(HandwritingError, match="holds an image of 9000x9000 pixels"):
        opened(content, most=60_000_000)


def test_what_is_no_document_is_told():
    for content in (b"", b"PK\3\4 a letter", b"%PDF-1.7\nnothing", b"GIF89a", b"II*\0\x08"):
        with pytest.raises(HandwritingError, match=r"^x is not a readable"):
            counted(content)


def test_the_content_counts_and_not_the_ending(tmp_path):
    path = tmp_path / "photograph.jpg"
    path.write_bytes(pdf_of([PAGE, PAGE]))
    assert count_pages(path) == 2
    (tmp_path / "scan.pdf").write_bytes(saved(PAGE))
    assert count_pages(tmp_path / "scan.pdf") == 1
    assert open_page(tmp_path / "scan.pdf").size == PAGE.size


@pytest.mark.parametrize("form", ["TIFF", "GIF"])
def test_each_page_of_a_tiff_or_gif_is_opened(form):
    pages = [PAGE.rotate(angle) for angle in (0, 180, 90)]
    content = saved(pages[0], form, save_all=True, append_images=pages[1:])
    assert counted(content) == 3
    for number, page in enumerate(pages, start=1):
        assert difference(opened(content, number), page) < 2
    with pytest.raises(HandwritingError, match="fewer pages"):
        opened(content, 4)


def test_a_tiff_of_10000_pages_is_opened_at_any_of_them():
    content = tiff_of(10_000)
    assert counted(content) == 10_000
    assert opened(content, 500).size == (60, 40)


def test_a_preview_in_a_tiff_is_no_page():
    assert counted(tiff_of(4, previews=(0, 2))) == 2
    assert counted(tiff_of(1, previews=(0,))) == 1


def test_a_tiff_that_was_cut_short_has_the_pages_before_the_cut():
    content = tiff_of(3)[:-100]
    assert counted(content) == 3 and opened(content, 2).size == (60, 40)
    with pytest.raises(HandwritingError, match="x cannot be read: the file is damaged"):
        opened(content, 3)


def test_a_heic_is_opened_as_what_it_shows():
    content = heic_of([SMALL])
    sheet = opened(content)
    assert sheet.size == SMALL.size and difference(sheet, SMALL) < 3 and not sheet.note
    assert opened(content, enough=100).picture.size == (100, 80)


def test_of_a_heic_burst_the_main_image_is_read_and_that_is_said():
    content = heic_of([SMALL, SMALL.rotate(180), SMALL])
    sheet = opened(content)
    assert counted(content) == 1 and difference(sheet, SMALL) < 3
    assert sheet.note == "The file holds 3 images, of which the main one is read."


def test_a_live_photo_is_read_as_its_still_image():
    film = b"\0\0\0\x18ftypqt  \0\0\0\0qt  \0\0\0\0" + bytes(5000)
    assert difference(opened(heic_of([SMALL]) + film), SMALL) < 3
    with pytest.raises(HandwritingError, match="is not a readable image"):
        opened(film)


@pytest.mark.parametrize("part", [0.001, 0.01, 0.5, 0.95])
def test_a_heic_that_was_cut_short_is_refused(part):
    content = heic_of([SMALL])
    with pytest.raises(HandwritingError, match=r"is not a readable image: it is damaged[\w ,]*\.$"):
        opened(content[: int(part * len(content))])


def test_libraries_for_documents_are_loaded_for_documents_alone():
    program = (
        "import io, sys; from PIL import Image; from handwriting.pages.photographs import *\n"
        "file = io.BytesIO(); Image.new('L', (9, 9)).save(file, 'PNG'); open_photograph(file)\n"
        "print(sorted({'pypdfium2', 'pillow_heif'} & set(sys.modules)))"
    )
    assert run_program(program).strip() == "[]"
