"""Pages of PDF files as images: rendered by PDFium, without scripts, text layers left aside."""

import contextlib
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.imaging.photograph import first_bytes, fitted

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfObject, PdfPage

MOST_RENDERED = 40_000_000
"""Maximum pixels of a rendered page; larger pages are rendered at a lower resolution."""

POINTS_PER_INCH = 72
DRAWN_DPI = 300
"""Resolution of pages that hold more than a scan: pen strokes, drawings, print."""

_FINEST_DPI = 600
_SEEN, _SCAN = 0.02, 0.5
_HEAD, _TAIL = 1024, 2048

PDFIUM = threading.RLock()
"""Held during each use of PDFium, which serves one thread at a time."""


def is_pdf(source: Path | BinaryIO) -> bool:
    """Whether a file is a PDF by its content."""
    return b"%PDF-" in first_bytes(source, _HEAD)


@contextlib.contextmanager
def opened_pdf(source: Path | BinaryIO, name: str) -> Iterator["PdfDocument"]:
    """A PDF file, while no other thread uses PDFium.

    Raises:
        HandwritingError: it has a password, is damaged, or has no pages.
    """
    # Takes 70 ms, which only those pay who have a PDF.
    from pypdfium2 import PdfDocument, PdfiumError, raw

    with PDFIUM:
        try:
            document = PdfDocument(source)
        except PdfiumError as error:
            if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
                raise HandwritingError(
                    f"{name} has a password. Save a copy of the PDF without it."
                ) from error
            raise HandwritingError(
                f"{name} is not a readable PDF: it is damaged or cut short."
            ) from error
        with contextlib.closing(document):
            if not len(document):
                raise HandwritingError(f"{name} is a PDF without pages.")
            yield document


def count_pdf_pages(source: Path | BinaryIO, name: str) -> int:
    """Number of pages, at least 1; errors of :func:`opened_pdf`."""
    with opened_pdf(source, name) as document:
        return len(document)


def render_pdf_page(
    source: Path | BinaryIO, number: int, name: str, enough: int | None, most: int
) -> tuple[Image.Image, tuple[int, int], str]:
    """A page at the resolution of its scan.

    Args:
        source: path or content of a PDF.
        number: of the page, from 1.
        name: of the page, for errors.
        enough: pixels of the longer side to downscale to; ``None`` to keep the size.
        most: maximum number of pixels of an image in the page.

    Returns:
        The image, RGB; width and height of the rendered page in pixels; a sentence about a lower
        resolution, or an empty text.

    Raises:
        HandwritingError: the file or the page is damaged, or an image in it is too large.
    """
    with opened_pdf(source, name) as document, loaded_page(document, number, name) as page:
        width, height = page.get_size()
        dpi = _resolution(page, name, most)
        largest = POINTS_PER_INCH * math.sqrt(min(most, MOST_RENDERED) / (width * height))
        bitmap = page.render(scale=min(dpi, largest) / POINTS_PER_INCH - 1e-6, rev_byteorder=True)
        with contextlib.closing(bitmap):
            # The copy in `fitted` outlives the bitmap.
            picture, size = fitted(bitmap.to_pil().convert("RGB"), enough)
    inches = f"{width / POINTS_PER_INCH:.0f}x{height / POINTS_PER_INCH:.0f}"
    note = f"The page of {inches} inches was rendered at {largest:.0f} dpi instead of {dpi:.0f}."
    return picture, size, note if largest < dpi else ""


def note_on_pdf(source: Path | BinaryIO) -> str:
    """A sentence about a file whose end is missing, or an empty text."""
    # Pages are rebuilt from what is there; images whose data are missing stay white.
    return "" if b"%%EOF" in _last_bytes(source, _TAIL) else "The PDF is cut short."


@contextlib.contextmanager
def loaded_page(document: "PdfDocument", number: int, name: str) -> Iterator["PdfPage"]:
    """A page; whatever PDFium cannot do with it is an error of its file."""
    from pypdfium2 import PdfiumError

    try:
        with contextlib.closing(document[number - 1]) as page:
            yield page
    except (PdfiumError, OSError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise HandwritingError(f"{name} is not a readable page: {error}.") from error
    except MemoryError as error:
        raise HandwritingError(f"{name} needs more memory than there is.") from error


def _resolution(page: "PdfPage", name: str, most: int) -> float:
    """Dots per inch of a page's scan; DRAWN_DPI or more where there is more than a scan."""
    from pypdfium2 import raw

    width, height = page.get_size()
    scanned, finest, is_drawn = 0.0, 0.0, raw.FPDFPage_GetAnnotCount(page) > 0
    for item in page.get_objects(max_depth=3):
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            share, dpi = _share_and_dpi(item, width * height, name, most)
            scanned += share
            finest = max(finest, dpi if share > _SEEN else 0.0)
        elif item.type in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING):
            is_drawn = True
    least = DRAWN_DPI if is_drawn or scanned < _SCAN else 1.0
    return min(max(finest, least), _FINEST_DPI)


def _share_and_dpi(image: "PdfObject", area: float, name: str, most: int) -> tuple[float, float]:
    """The part of the page that an image covers, and its dots per inch."""
    wide, high = image.get_px_size()
    if wide * high > most:
        raise HandwritingError(
            f"{name} holds an image of {wide}x{high} pixels, more than {most // 1_000_000} "
            "million. Downscale it first."
        )
    left, bottom, right, top = image.get_bounds()
    covered = max((right - left) * (top - bottom), 1e-6)
    return covered / area, POINTS_PER_INCH * math.sqrt(wide * high / covered)


def _last_bytes(source: Path | BinaryIO, count: int) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return _last_bytes(file, count)
    size = source.seek(0, 2)
    source.seek(max(0, size - count))
    tail = source.read()
    source.seek(0)
    return tail
