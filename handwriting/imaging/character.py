"""Conversion of one character, as ink or strokes, to a 28x28 image in the format of EMNIST.

The procedure is that of Cohen et al. 2017 (arXiv 1702.05373, fig. 1): blur with sigma 1, crop to
the bounding box, centre in a square with the aspect ratio kept and a border of 2 pixels, downsample
to 28x28 bicubically, stretch to 0..255. Before that, strokes are brought to the stroke width of
EMNIST. Ink is white on black.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from handwriting.imaging.frames import without_frame
from handwriting.imaging.ink import find_ink
from handwriting.imaging.masks import (
    bounding_box,
    connected_parts,
    distances,
    has_strokes,
    stroke_width,
    without_fragments,
    without_specks,
)
from handwriting.imaging.photograph import open_picture
from handwriting.imaging.several import several_in_picture, several_in_strokes

SIDE = 28
BORDER = 2
STROKE = 2.9
"""Median stroke width of 600 `byclass` test images, in pixels of the 28x28 image."""

_FIELD = 72
"""Longer side of a character before the blur, in pixels; NIST's fields are 128x128."""

_FIELD_STROKE = STROKE * _FIELD / (SIDE - 2 * BORDER)
_HAIR, _DRAWN = 1.5, 1 / 8
_MARGIN = 12
_FAINT = 16
_MOST_ENLARGED = 3
_SUPERSAMPLING = 4


@dataclass(frozen=True)
class CharacterImage:
    """Model input of one character, and the position of its ink.

    Attributes:
        image: uint8 (28, 28), white ink on black, stretched to 0..255; all 0 without ink.
        bbox: left, top, right, bottom of the pen's centre line in pixels of the source; ``None``
            without ink.
        is_multiple: whether there seem to be several characters side by side.
        height: of the source in pixels; ``None`` for strokes.
    """

    image: np.ndarray
    bbox: tuple[float, float, float, float] | None
    is_multiple: bool = False
    height: int | None = None


BLANK = CharacterImage(np.zeros((SIDE, SIDE), dtype=np.uint8), None)


def character_from_ink(ink: np.ndarray) -> CharacterImage:
    """Convert the pixels of a drawing. Blots alone give an empty image.

    Args:
        ink: uint8 (height, width), ink above 127; grey edges improve small drawings.
    """
    box = bounding_box(ink, 127)
    if box is None:
        return replace(BLANK, height=len(ink))
    character = Image.fromarray(ink).crop(box)
    scale = _FIELD / max(character.size)
    character = _with_whole_hair(character, scale)
    width = stroke_width(_solid(_enlarge(character, scale)))
    more = min(_MOST_ENLARGED, (_FIELD - _FIELD_STROKE) / max(_FIELD - width, 1))
    solid = _solid(_enlarge(character, scale * more))
    if not has_strokes(solid):
        return replace(BLANK, height=len(ink))
    field = _with_stroke(solid, width * more)
    inset = min(width / scale, *character.size) / 2
    bbox = (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset)
    image = _finish(Image.fromarray(field))
    return CharacterImage(image, bbox, several_in_picture(np.asarray(character)), len(ink))


def character_from_strokes(strokes: list[np.ndarray], pen: float = 1.0) -> CharacterImage:
    """Convert the pen strokes of a drawing.

    Args:
        strokes: float (points, 2) of x, y each, y downwards, in any unit.
        pen: stroke width as a multiple of that of EMNIST.
    """
    points = [stroke for stroke in strokes if len(stroke)]
    if not points:
        return BLANK
    joined = np.concatenate(points)
    low, high = joined.min(axis=0), joined.max(axis=0)
    extent = (high - low).max()
    width = pen * _FIELD_STROKE
    # A dot has no extent, so it is not enlarged.
    scale = (_FIELD - width) / extent if extent > 1e-3 else 1.0
    shifted = [(stroke - low) * scale + width / 2 + _MARGIN for stroke in points]
    size = np.ceil((high - low) * scale + width + 2 * _MARGIN).astype(int)
    field = _draw(shifted, size, width)
    bbox = (*low.tolist(), *high.tolist())
    return CharacterImage(_finish(field), bbox, several_in_strokes(points))


def _draw(strokes: list[np.ndarray], size: np.ndarray, width: float) -> Image.Image:
    """Draw paths with a width and round ends, antialiased."""
    large = Image.new("L", tuple((size * _SUPERSAMPLING).tolist()))
    pen = ImageDraw.Draw(large)
    radius = width * _SUPERSAMPLING / 2
    for stroke in strokes:
        path = [tuple(point) for point in (stroke * _SUPERSAMPLING).tolist()]
        if len(path) > 1:
            pen.line(path, fill=255, width=round(2 * radius))
        for x, y in path:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return large.reduce(_SUPERSAMPLING)


def _enlarge(character: Image.Image, scale: float) -> np.ndarray:
    """Scale the ink and add a margin."""
    size = tuple(max(1, round(side * scale)) for side in character.size)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(ImageOps.expand(character.resize(size, how), _MARGIN))


def _with_whole_hair(character: Image.Image, scale: float) -> Image.Image:
    """Widen strokes that would vanish in downscaling."""
    ink = np.asarray(character)
    missing = _HAIR / scale - stroke_width(ink > 127) if scale < 1 else 0.0
    if missing <= 0:
        return character
    across = int(np.ceil(missing)) + 1
    wide = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across)))
    _, boxes = connected_parts(wide > 127)
    # Scattered dust should vanish.
    is_drawn = boxes[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_AREA].max() > _DRAWN * max(ink.shape)
    return Image.fromarray(wide) if is_drawn else character


def _solid(field: np.ndarray) -> np.ndarray:
    """Mask of the ink, bool: at least half of the maximum, without specks."""
    return without_specks(field > int(field.max()) // 2)


def _with_stroke(solid: np.ndarray, width: float) -> np.ndarray:
    """Bring strokes to the field's width by moving their edges; uint8 with grey edges."""
    to_edge = np.where(solid, distances(solid) - 0.5, 0.5 - distances(~solid))
    # Thinning by more than a third of the width breaks uneven strokes.
    shift = max((_FIELD_STROKE - width) / 2, -width / 3)
    return np.round(255 * np.clip(to_edge + shift + 0.5, 0, 1)).astype(np.uint8)


def _finish(field: Image.Image) -> np.ndarray:
    """EMNIST's steps after the scan: blur, crop, centre, downsample, stretch."""
    blurred = field.filter(ImageFilter.GaussianBlur(1))
    blurred = blurred.crop(bounding_box(np.asarray(blurred), _FAINT))
    small = _square(blurred).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return _stretch(np.asarray(small))


def emnist_image(ink: np.ndarray) -> np.ndarray:
    """EMNIST's procedure without normalised stroke width; ink as for :func:`character_from_ink`."""
    box = bounding_box(ink, _FAINT)
    if box is None:
        return BLANK.image
    character = Image.fromarray(ink).crop(box)
    return _finish(Image.fromarray(_enlarge(character, _FIELD / max(character.size))))


def _square(character: Image.Image) -> Image.Image:
    """Centre in a square with a border that is 2 of 28 pixels after downsampling."""
    side = round(max(character.size) * SIDE / (SIDE - 2 * BORDER))
    square = Image.new("L", (side, side))
    square.paste(character, ((side - character.width) // 2, (side - character.height) // 2))
    return square


def _stretch(image: np.ndarray) -> np.ndarray:
    low, high = int(image.min()), int(image.max())
    stretched = (image.astype(np.float32) - low) * (255 / max(high - low, 1))
    return np.round(stretched).astype(np.uint8)


def open_character(source: Path | BinaryIO, name: str | None = None) -> CharacterImage:
    """Open an image of one character and convert it; arguments and errors of `open_picture`."""
    return character_of(open_picture(source, name))


def character_of(picture: Image.Image) -> CharacterImage:
    """Convert an opened image of one character."""
    ink = without_frame(find_ink(picture))
    return character_from_ink(without_fragments(ink))
