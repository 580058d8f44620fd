"""Photographs of pages, opened as large as reading needs them."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from handwriting.imaging.contrast import colours_of
from handwriting.imaging.photograph import open_with_size

LONGEST = 2000
"""Pixels of a page's longer side; more are only slower."""

LONGEST_LINE = 12_000
"""The same, of a picture of one line."""

STRIP = 12
"""How many times as wide as high a picture of one line is at least."""

MOST_PIXELS = 120_000_000
"""Of a file. Unpacked and, where parts are transparent, copied they take up to 1.4 GB."""

LARGE = 50_000_000
"""Pixels that a camera rarely has: making so large a picture smaller is said."""


@dataclass(frozen=True)
class Photograph:
    """A picture to be read.

    Attributes:
        colours: uint8 (height, width, 3), upright by its EXIF.
        size: width and height of the picture in its file, upright by its EXIF.
    """

    colours: np.ndarray
    size: tuple[int, int]

    @property
    def scales(self) -> np.ndarray:
        """float (2,): pixels of ``colours`` to one of the file's picture, across and down."""
        height, width = self.colours.shape[:2]
        return np.array([width, height]) / self.size

    @property
    def is_strip(self) -> bool:
        """Whether there is room for one line only."""
        return self.size[0] > STRIP * self.size[1]

    @property
    def is_large(self) -> bool:
        """Whether it has so many pixels that they had to be made fewer before all else."""
        return self.size[0] * self.size[1] > LARGE


def open_photograph(
    source: Path | BinaryIO,
    is_line: bool = False,
    name: str | None = None,
    most: int = MOST_PIXELS,
) -> Photograph:
    """Open a picture of a page or of one line; large ones are made smaller.

    Args:
        source: a file's path or its content.
        is_line: whether it shows one line only.
        name: how to call it in an error.
        most: pixels that the file may have.

    Raises:
        HandwritingError: it is missing, damaged, too large, or not a picture.
    """
    enough = LONGEST_LINE if is_line else LONGEST
    picture, size = open_with_size(source, name, enough, most)
    if not is_line and max(size) > LONGEST and size[0] > STRIP * size[1]:
        picture, _ = open_with_size(source, name, LONGEST_LINE, most)
    return Photograph(colours_of(picture), size)
