"""A document in a real Chromium: its pages appear one by one, and leave as a searchable PDF."""

import io
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from handwriting.web.picture_reading import Given
from tests.formats.made import pdf_of
from tests.web.browsing import PHONE
from tests.web.pictures import example
from tests.web.test_pictures_browser import READING, open_tab

pytestmark = pytest.mark.browser

SCAN = Given("scan.pdf", pdf_of([Image.open(io.BytesIO(example("A number")))] * 3, 100))


def test_a_pdf_is_read_page_by_page_and_saved_searchable(
    tabs: BrowserContext, address: str, tmp_path: Path
):
    page = open_tab(tabs, address, PHONE)
    file = {"name": SCAN.name, "mimeType": "application/pdf", "buffer": SCAN.content}
    page.locator("input[type=file]").first.set_input_files([file])
    expect(page.get_by_text("Reading scan.pdf, page ")).to_be_visible(timeout=READING)
    for number in (1, 2, 3):
        title = page.get_by_text(f"scan.pdf, page {number}", exact=True)
        expect(title).to_be_visible(timeout=READING)
    expect(page.get_by_text("Reading scan.pdf")).to_have_count(0, timeout=READING)
    with page.expect_download(timeout=READING) as saved:
        page.get_by_role("button", name="Download as PDF").click()
    saved.value.save_as(tmp_path / "searchable.pdf")
    document = pypdfium2.PdfDocument(tmp_path / "searchable.pdf")
    assert [sheet.get_textpage().get_text_range() for sheet in document] == ["73,950"] * 3
    document.close()
    page.close()
