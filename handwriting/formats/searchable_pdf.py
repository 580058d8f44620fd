"""Searchable PDF files: each page as it was given, with its text invisibly behind it.

Written with PDFium, which reads PDF files already. A page of a PDF is copied as it is; an image
becomes a page of its own. The text is in text render mode 3 (ISO 32000-1, 9.3.6), in a standard
font that viewers have, each word stretched over its place.
"""

import contextlib
import ctypes
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage, AnnotatedWord
from handwriting.formats.document_pages import open_page
from handwriting.formats.pdf_pages import PDFIUM, POINTS_PER_INCH, is_pdf, loaded_page, opened_pdf
from handwriting.formats.xml_files import rectangle
from handwriting.imaging.sources import ImageLike, as_source

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_FONT, _DESCENT = b"Helvetica", 0.2
_LONGEST, _DPI, _QUALITY = 4000, 300, 85
MOST_PIXELS = 120_000_000
"""Maximum of an image, as where pages are read."""

_FINE = 16
"""Parts of a pixel."""


class SearchablePdf:
    """A PDF that grows page by page; close it, or use it in a ``with`` block."""

    def __init__(self) -> None:
        import pypdfium2

        with PDFIUM:
            self._document = pypdfium2.PdfDocument.new()
            self._font = pypdfium2.PdfFont.load_standard(self._document, _FONT.decode())

    def __enter__(self) -> "SearchablePdf":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of its pages."""
        with PDFIUM:
            return len(self._document)

    def add(self, image: ImageLike, page: AnnotatedPage) -> None:
        """Add a page with the text that was read on it.

        Args:
            image: what was read, with the page ``page.number``.
            page: its lines and words, with their places.

        Raises:
            HandwritingError: the page cannot be opened.
        """
        source, _ = as_source(image)
        if is_pdf(source):
            self._copy_page(source, page)
        else:
            sheet = open_page(source, page.number, page.image, _LONGEST, MOST_PIXELS)
            self._add_picture(sheet.picture)
        with PDFIUM, loaded_page(self._document, len(self._document), page.image) as sheet:
            for line in page.lines:
                self._add_line(sheet, line, (page.width, page.height))
            sheet.gen_content()

    def save(self, target: str | Path | BinaryIO) -> None:
        """Write the file."""
        with PDFIUM:
            self._document.save(target)

    def close(self) -> None:
        """Free its memory."""
        with PDFIUM:
            self._font.close()
            self._document.close()

    def _copy_page(self, source: Path | BinaryIO, page: AnnotatedPage) -> None:
        from pypdfium2 import PdfiumError

        with opened_pdf(source, page.image) as document:
            try:
                self._document.import_pages(document, [page.number - 1])
            except PdfiumError as error:
                raise HandwritingError(
                    f"page {page.number} of {page.image} cannot be copied."
                ) from error

    def _add_picture(self, picture: Image.Image) -> None:
        import pypdfium2

        content = io.BytesIO()
        picture.save(content, "JPEG", quality=_QUALITY)
        width, height = (side * POINTS_PER_INCH / _DPI for side in picture.size)
        with PDFIUM, contextlib.closing(self._document.new_page(width, height)) as sheet:
            image = pypdfium2.PdfImage.new(self._document)
            image.load_jpeg(content, inline=True)
            image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
            sheet.insert_obj(image)
            sheet.gen_content()

    def _add_line(self, sheet: "PdfPage", line: AnnotatedLine, size: tuple[int, int]) -> None:
        quarters = _quarters(line.polygon)
        for number, word in enumerate(line.parts, start=1):
            if word.text.strip():
                corners = _on_sheet(sheet, _corners(word, quarters), size)
                # Some viewers tell words apart by their spaces alone.
                space = " " if number < len(line.parts) else ""
                self._add_text(sheet, word.text, space, corners)

    def _add_text(self, sheet: "PdfPage", text: str, space: str, corners: np.ndarray) -> None:
        """Stretch a word, with a space behind it, over its lower left, lower right and upper left
        corner, float (3, 2)."""
        from pypdfium2 import PdfMatrix, PdfObject, raw

        item = PdfObject(raw.FPDFPageObj_CreateTextObj(self._document, self._font, 1.0))
        encoded = f"{text}{space}\0".encode("utf-16-le")
        raw.FPDFText_SetText(item, ctypes.cast(ctypes.c_char_p(encoded), raw.FPDF_WIDESTRING))
        raw.FPDFTextObj_SetTextRenderMode(item, raw.FPDF_TEXTRENDERMODE_INVISIBLE)
        up = corners[2] - corners[0]
        along = (corners[1] - corners[0]) / self._width(text)
        item.set_matrix(PdfMatrix(*along, *up, *(corners[0] + _DESCENT * up)))
        sheet.insert_obj(item)

    def _width(self, text: str) -> float:
        """Of a text in the font at size 1."""
        from pypdfium2 import raw

        total, width = 0.0, ctypes.c_float()
        for character in text:
            raw.FPDFFont_GetGlyphWidth(self._font, ord(character), 1.0, width)
            total += width.value
        return max(total, 0.1)


def _quarters(polygon: np.ndarray) -> int:
    """Quarter turns clockwise of a line, whose corners begin at the upper left of its text."""
    if len(polygon) != 4:
        return 0
    across, down = (polygon[1] - polygon[0]).tolist()
    return round(math.atan2(down, across) / (math.pi / 2)) % 4


def _corners(word: AnnotatedWord, quarters: int) -> np.ndarray:
    """Lower left, lower right and upper left corner of a word as it is read, int (3, 2), pixels."""
    clockwise = np.roll(rectangle(*word.box), -quarters, axis=0)
    return clockwise[[3, 2, 0]]


def _on_sheet(sheet: "PdfPage", places: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels of an image of this size in a page's own units, float (N, 2).

    Rotation and crop box of the page are taken into account.
    """
    from pypdfium2 import raw

    # PDFium takes whole pixels.
    width, height = (side * _FINE for side in size)
    x, y = ctypes.c_double(), ctypes.c_double()
    moved = []
    for across, down in (places * _FINE).tolist():
        raw.FPDF_DeviceToPage(sheet, 0, 0, width, height, 0, across, down, x, y)
        moved.append((x.value, y.value))
    return np.array(moved)
