"""A drawing or a photograph -> a 28x28 picture as EMNIST made them.

The procedure is that of Cohen et al. 2017 (arXiv 1702.05373, fig. 1): blur with sigma 1, cut to the
bounding box, centre in a square with the aspect ratio kept, a border of 2 pixels, bicubic down to
28x28, stretch to 0..255. Ink is white on black throughout.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from characters.errors import CharactersError

SIDE = 28
BORDER = 2
_FIELD = 72
"""Longest side of a character before the blur, in pixels; NIST's fields are 128x128."""

_FAINT = 16
_LEAST_CONTRAST = 24


def emnist_picture(ink: np.ndarray) -> np.ndarray:
    """Make a 28x28 picture by EMNIST's procedure.

    Args:
        ink: uint8 (height, width), 0 where there is none to 255 where it is full.

    Returns:
        uint8 (28, 28), ink white on black and stretched to 0..255; all 0 where there is no ink.
    """
    box = bounding_box(ink)
    if box is None:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    character = Image.fromarray(ink).crop(box)
    scale = _FIELD / max(character.size)
    size = tuple(max(1, round(side * scale)) for side in character.size)
    character = ImageOps.expand(character.resize(size, Image.Resampling.BOX), 4)
    blurred = character.filter(ImageFilter.GaussianBlur(1))
    blurred = blurred.crop(bounding_box(np.asarray(blurred)))
    small = _square(blurred).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return _stretch(np.asarray(small))


def bounding_box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the ink, the latter two exclusive; ``None`` without ink."""
    rows, columns = (np.flatnonzero((ink > _FAINT).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _square(character: Image.Image) -> Image.Image:
    """Centre in a square with a border that is 2 of 28 pixels after shrinking."""
    side = round(max(character.size) * SIDE / (SIDE - 2 * BORDER))
    square = Image.new("L", (side, side))
    square.paste(character, ((side - character.width) // 2, (side - character.height) // 2))
    return square


def _stretch(picture: np.ndarray) -> np.ndarray:
    low, high = int(picture.min()), int(picture.max())
    return np.round((picture.astype(np.float32) - low) * (255 / max(high - low, 1))).astype(
        np.uint8
    )


def ink_of(picture: Image.Image) -> np.ndarray:
    """Find the ink on plain paper of any brightness.

    Returns:
        uint8 (height, width), 255 where a pixel differs more from the paper than Otsu's threshold
        (Otsu 1979), else 0; all 0 where the picture is blank.
    """
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    grey = np.asarray(picture.convert("L")).astype(np.int16)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    contrast = np.abs(grey - int(np.median(edge))).astype(np.uint8)
    if contrast.max() < _LEAST_CONTRAST:
        return np.zeros_like(contrast)
    return np.where(contrast > otsu_threshold(contrast), 255, 0).astype(np.uint8)


def otsu_threshold(values: np.ndarray) -> int:
    """The grey value that best parts a uint8 array in two (Otsu 1979)."""
    counts = np.bincount(values.ravel(), minlength=256).astype(np.float64)
    below = counts.cumsum()
    above = below[-1] - below
    weighted = (counts * np.arange(256)).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = weighted / below - (weighted[-1] - weighted) / above
    between = np.nan_to_num(below * above * difference**2)
    return int(between.argmax())


def open_picture(path: Path) -> Image.Image:
    """Read a picture file whole.

    Raises:
        CharactersError: it is missing, damaged, too large, or not a picture.
    """
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.copy()
    except FileNotFoundError as error:
        raise CharactersError(f"{path} does not exist.") from error
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise CharactersError(f"{path} is not a picture that can be read: {error}") from error


def read_picture(path: Path) -> np.ndarray:
    """uint8 (28, 28) from a picture file of one character."""
    return emnist_picture(ink_of(open_picture(path)))
