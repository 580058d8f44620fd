"""Documents made by the tests: PDFs of scans and crafted ones, TIFFs of many pages, HEICs."""

import io
import struct
from collections.abc import Sequence

import pillow_heif
import pypdfium2
from PIL import Image

from tests.imaging.crafted import saved

_INK_ON_PAPER = b"q 8 w 0 0 1 RG 100 100 m 300 400 l S Q"


def pdf_of(pictures: Sequence[Image.Image], dpi: int = 300) -> bytes:
    """A PDF with a scan on each page."""
    first, *others = (picture.copy() for picture in pictures)
    return saved(first, "PDF", save_all=True, append_images=others, resolution=dpi)


def blank_pdf(pages: int, width: float = 612, height: float = 792) -> bytes:
    """A PDF of empty pages, whose size is given in points."""
    content = io.BytesIO()
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(width, height)
    document.save(content)
    document.close()
    return content.getvalue()


def crafted_pdf(catalog: bytes = b"", page: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one page with a pen stroke, with more entries in its dictionaries."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R " + page + b" >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(_INK_ON_PAPER), _INK_ON_PAPER),
    ]
    content, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 5\n0000000000 65535 f \n" + table
    end = b"trailer\n<< /Size 5 /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n"
    return content + head + end % (trailer, len(content))


def pdf_with_password() -> bytes:
    """A PDF whose password nobody knows."""
    key = b"<" + b"5a" * 32 + b">"
    encrypted = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O " + key + b" /U " + key
    return crafted_pdf(trailer=encrypted + b" >> /ID [<00> <00>]")


def pdf_with_scripts() -> bytes:
    """A PDF that asks for a script when it and its page are opened."""
    script = b"<< /S /JavaScript /JS (while (true) app.alert\\('x'\\)) >>"
    return crafted_pdf(b"/OpenAction " + script, b"/AA << /O " + script + b" >>")


def tiff_of(pages: int, width: int = 60, height: int = 40, previews: Sequence[int] = ()) -> bytes:
    """A TIFF of white pages that share their pixels; some are previews of others."""
    pixels = b"\xff" * (width * height)
    place = 8 + len(pixels)
    content = [b"II*\0", struct.pack("<I", place), pixels]
    for number in range(pages):
        values = {254: int(number in previews), 256: width, 257: height, 258: 8, 259: 1}
        values |= {262: 1, 273: 8, 277: 1, 278: height, 279: len(pixels)}
        place += 2 + 12 * len(values) + 4
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, v) for tag, v in values.items())
        following = place if number < pages - 1 else 0
        content.append(struct.pack("<H", len(values)) + entries + struct.pack("<I", following))
    return b"".join(content)


def heic_of(pictures: Sequence[Image.Image]) -> bytes:
    """A HEIC with several images, of which the first is the main one."""
    pillow_heif.register_heif_opener()
    first, *others = pictures
    return saved(first, "HEIF", save_all=True, append_images=others, quality=90)
