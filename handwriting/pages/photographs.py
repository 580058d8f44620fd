"""Opening of photographed pages, in the resolution for reading."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from handwriting.formats.document_pages import open_page
from handwriting.imaging.contrast import colours_of

LONGEST = 2000
"""Pixels of a page's longer side; more take longer without benefit."""

LONGEST_LINE = 12_000
"""Pixels of the longer side for an image of one line."""

STRIP = 12
"""Minimum ratio of width to height of an image with room for one line only."""

MOST_PIXELS = 120_000_000
"""Maximum of a file; with transparency they take up to 1.4 GB of memory."""

LARGE = 50_000_000
"""Pixels above the range of most cameras; downscaling such an image is reported."""


@dataclass(frozen=True)
class Photograph:
    """An image to be read.

    Attributes:
        colours: uint8 (height, width, 3), upright by its EXIF, downscaled if large.
        size: width and height of the original in pixels, upright by its EXIF.
        note: sentences about a limitation of the file, or empty.
    """

    colours: np.ndarray
    size: tuple[int, int]
    note: str = ""

    @property
    def scales(self) -> np.ndarray:
        """float (2,): scale of ``colours`` against the original, horizontal and vertical."""
        height, width = self.colours.shape[:2]
        return np.array([width, height]) / self.size

    @property
    def is_strip(self) -> bool:
        """Whether the image has room for one line only."""
        return self.size[0] > STRIP * self.size[1]

    @property
    def is_large(self) -> bool:
        """Whether the original has more than LARGE pixels."""
        return self.size[0] * self.size[1] > LARGE


def open_photograph(
    source: Path | BinaryIO,
    is_line: bool = False,
    name: str | None = None,
    most: int = MOST_PIXELS,
    number: int = 1,
) -> Photograph:
    """Open an image of a page or of one line; large ones are downscaled.

    Args:
        source: path or content of a file: an image, or a document with pages.
        is_line: whether it shows one line only.
        name: of the image, for errors.
        most: maximum number of pixels of the file.
        number: of the page in a document, from 1.

    Raises:
        HandwritingError: it is missing, damaged, too large, or not an image.
    """
    enough = LONGEST_LINE if is_line else LONGEST
    sheet = open_page(source, number, name, enough, most)
    if not is_line and max(sheet.size) > LONGEST and sheet.size[0] > STRIP * sheet.size[1]:
        sheet = open_page(source, number, name, LONGEST_LINE, most)
    return Photograph(colours_of(sheet.picture), sheet.size, sheet.note)
