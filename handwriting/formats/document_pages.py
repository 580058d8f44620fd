"""Pages of any file that holds images: an image, a TIFF or GIF of several pages, a PDF.

What a file is, is decided by its content, not its name.
"""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from handwriting.errors import HandwritingError
from handwriting.formats.pdf_pages import (
    count_pdf_pages,
    is_pdf,
    note_on_pdf,
    render_pdf_page,
)
from handwriting.imaging.photograph import (
    MOST_PIXELS,
    check_is_file,
    check_size,
    fitted,
    opened,
)
from handwriting.imaging.sources import ImageLike, as_source

MOST_PAGES = 500
"""Maximum pages of a document to be read at once."""

ENDINGS = (
    *("png", "jpg", "jpeg", "webp", "gif", "tif", "tiff", "bmp"),
    *("heic", "heif", "avif", "pdf"),
)
"""Usual endings of the files of these formats, without the dot."""

_PAGED = ("TIFF", "GIF")
_SUBFILE_TYPE, _PREVIEW = 254, 1
_DAMAGED = -1
_STEREO = "MPO"


@dataclass(frozen=True)
class Sheet:
    """A page as an image.

    Attributes:
        picture: upright, opaque, L or RGB, downscaled if large.
        size: width and height of the original in pixels, upright by its EXIF.
        note: sentences about a limitation, or empty.
    """

    picture: Image.Image
    size: tuple[int, int]
    note: str = ""


def count_pages(image: ImageLike, name: str | None = None) -> int:
    """Number of pages of a file; 1 for an image.

    Args:
        image: a path, an open file, a Pillow image or an array.
        name: of the file, for errors.

    Raises:
        HandwritingError: it is missing, damaged, has a password, or is neither an image nor a PDF.
    """
    source, own_name = as_source(image)
    name = name or own_name
    check_is_file(source, name)
    if is_pdf(source):
        return count_pdf_pages(source, name)
    with opened(source, name, sys.maxsize) as picture:
        return sum(1 for _ in _frames(picture)) if picture.format in _PAGED else 1


def page_title(name: str, number: int | None) -> str:
    """How a page is called: by its file's name, with its number in a document of several."""
    return name if number is None else f"{name}, page {number}"


def open_page(
    source: Path | BinaryIO,
    number: int = 1,
    name: str | None = None,
    enough: int | None = None,
    most: int = MOST_PIXELS,
) -> Sheet:
    """A page of a file as an image.

    Args:
        source: path or content of a file.
        number: of the page, from 1.
        name: of the page, for errors.
        enough: pixels of the longer side to downscale to; ``None`` to keep the size.
        most: maximum number of pixels of an image.

    Raises:
        HandwritingError: as in :func:`count_pages`; or it is too large, or there is no such page.
    """
    name = name or str(source)
    check_is_file(source, name)
    if is_pdf(source):
        picture, size, note = render_pdf_page(source, number, name, enough, most)
        notes = [note_on_pdf(source) if number == 1 else "", note]
        return Sheet(picture, size, " ".join(filter(None, notes)))
    with opened(source, name, most) as picture:
        if picture.format not in _PAGED:
            note = _note(picture)
            return Sheet(*fitted(picture, enough), note)
        frame = next(itertools.islice(_frames(picture), number - 1, None), None)
        if frame is None:
            raise HandwritingError(f"{name} does not exist: the file has fewer pages.")
        if frame == _DAMAGED:
            raise HandwritingError(f"{name} cannot be read: the file is damaged or cut short.")
        picture.seek(frame)
        check_size(picture, name, most)
        return Sheet(*fitted(picture, enough))


def _frames(picture: Image.Image) -> Iterator[int]:
    """Indices of the frames that are pages; last _DAMAGED where the file cannot be followed."""
    if picture.format == "GIF":
        yield from range(picture.n_frames)
        return
    is_empty = True
    for number in itertools.count():
        try:
            picture.seek(number)
        except EOFError:
            break
        # Damaged directories raise exceptions of many types.
        except Exception:
            yield _DAMAGED
            return
        if not picture.tag_v2.get(_SUBFILE_TYPE, 0) & _PREVIEW:
            is_empty = False
            yield number
    if is_empty:
        yield 0


def _note(picture: Image.Image) -> str:
    """A sentence about further images, such as those of a burst or an animation."""
    count = getattr(picture, "n_frames", 1)
    if count == 1 or picture.format == _STEREO:
        return ""
    return f"The file holds {count} images, of which the main one is read."
