"""A drawing or a photograph -> a 28x28 picture as EMNIST made them, and where its ink stood.

The procedure is that of Cohen et al. 2017 (arXiv 1702.05373, fig. 1): blur with sigma 1, cut to the
bounding box, centre in a square with the aspect ratio kept, a border of 2 pixels, bicubic down to
28x28, stretch to 0..255. One thing is added: whatever the pen, the ink is first brought to the
width that strokes have in EMNIST. Ink is white on black throughout.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, UnidentifiedImageError
from scipy import ndimage

from characters.errors import CharactersError

SIDE = 28
BORDER = 2
STROKE = 2.9
"""Median stroke width of 600 `byclass` test images, in pixels of the 28x28 picture."""

_FIELD = 72
"""Longest side of a character before the blur, in pixels; NIST's fields are 128x128."""

_FIELD_STROKE = STROKE * _FIELD / (SIDE - 2 * BORDER)
_MARGIN = 12
_FAINT = 16
_LEAST_CONTRAST = 24
_SPECK = 1 / 50
_MOST_ENLARGED = 3
_SUPERSAMPLING = 4
_WIDE_GAP, _TALL_PIECE = 0.2, 0.5
MOST_PIXELS = 100_000_000
_ENOUGH_PIXELS = 1600


@dataclass(frozen=True)
class Glyph:
    """One character, made 28x28.

    Attributes:
        picture: uint8 (28, 28), white ink on black, stretched to 0..255; all 0 without ink.
        place: left, top, right, bottom of the pen's centre line in pixels of the source; ``None``
            without ink.
        several: whether there seem to be several characters side by side.
        height: of the source in pixels; ``None`` for strokes.
    """

    picture: np.ndarray
    place: tuple[float, float, float, float] | None
    several: bool = False
    height: int | None = None


BLANK = Glyph(np.zeros((SIDE, SIDE), dtype=np.uint8), None)


def glyph_of_ink(ink: np.ndarray) -> Glyph:
    """Make the 28x28 picture of a drawing given as pixels.

    Args:
        ink: uint8 (height, width); above 127 is ink. Grey edges help where the drawing is small.
    """
    box = bounding_box(ink, 127)
    if box is None:
        return replace(BLANK, height=len(ink))
    character = Image.fromarray(ink).crop(box)
    scale = _FIELD / max(character.size)
    solid = without_specks(_enlarge(character, scale) > 127)
    width = stroke_width(solid)
    more = min(_MOST_ENLARGED, (_FIELD - _FIELD_STROKE) / max(_FIELD - width, 1))
    solid = without_specks(_enlarge(character, scale * more) > 127)
    field = _with_stroke(solid, width * more)
    inset = min(width / scale, *character.size) / 2
    place = (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset)
    picture = _finish(Image.fromarray(field))
    return Glyph(picture, place, several_characters(solid), len(ink))


def several_characters(solid: np.ndarray) -> bool:
    """Whether a wide gap parts the ink in two tall pieces side by side."""
    rows, columns = (np.flatnonzero(solid.any(axis=axis)) for axis in (1, 0))
    height = rows[-1] - rows[0] + 1
    gaps = np.diff(columns)
    widest = int(gaps.argmax()) if len(gaps) else 0
    if not len(gaps) or gaps[widest] < _WIDE_GAP * height:
        return False
    pieces = (solid[:, : columns[widest] + 1], solid[:, columns[widest + 1] :])
    return all(piece.any(axis=1).sum() > _TALL_PIECE * height for piece in pieces)


def glyph_of_strokes(strokes: list[np.ndarray]) -> Glyph:
    """Make the 28x28 picture of a drawing given as the pen's path.

    Args:
        strokes: one float (points, 2) of x, y per stroke, in any unit.
    """
    points = [stroke for stroke in strokes if len(stroke)]
    if not points:
        return BLANK
    joined = np.concatenate(points)
    low, high = joined.min(axis=0), joined.max(axis=0)
    extent = (high - low).max()
    # A dot has no extent: it stays a dot instead of being enlarged without end.
    scale = (_FIELD - _FIELD_STROKE) / extent if extent > 1e-3 else 1.0
    shifted = [(stroke - low) * scale + _FIELD_STROKE / 2 + _MARGIN for stroke in points]
    size = np.ceil((high - low) * scale + _FIELD_STROKE + 2 * _MARGIN).astype(int)
    field = _draw(shifted, size)
    place = (*low.tolist(), *high.tolist())
    return Glyph(_finish(field), place, several_characters(np.asarray(field) > 127))


def _draw(strokes: list[np.ndarray], size: np.ndarray) -> Image.Image:
    """Draw paths with round ends at the field's stroke width, smoothly."""
    large = Image.new("L", tuple((size * _SUPERSAMPLING).tolist()))
    pen = ImageDraw.Draw(large)
    radius = _FIELD_STROKE * _SUPERSAMPLING / 2
    for stroke in strokes:
        path = [tuple(point) for point in (stroke * _SUPERSAMPLING).tolist()]
        if len(path) > 1:
            pen.line(path, fill=255, width=round(2 * radius), joint="curve")
        for x, y in path:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return large.resize(tuple(size.tolist()), Image.Resampling.BOX)


def _enlarge(character: Image.Image, scale: float) -> np.ndarray:
    """Scale the ink and put a margin around it."""
    size = tuple(max(1, round(side * scale)) for side in character.size)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(ImageOps.expand(character.resize(size, how), _MARGIN))


def without_specks(solid: np.ndarray) -> np.ndarray:
    """Drop connected parts with less than a fiftieth of the ink: dust, not the dot of an i."""
    parts, count = ndimage.label(solid, structure=np.ones((3, 3)))
    if count < 2:
        return solid
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    return (areas >= _SPECK * areas.sum())[parts] & solid


def stroke_width(solid: np.ndarray) -> float:
    """Mean width of the strokes in pixels.

    Across a stroke of width w the distance of the pixels' middles to the next pixel outside
    averages w / 4 + 1 / 2.
    """
    distance = ndimage.distance_transform_edt(solid)
    return float(4 * distance[solid].mean() - 2) if solid.any() else 0.0


def _with_stroke(solid: np.ndarray, width: float) -> np.ndarray:
    """Thicken or thin strokes to the field's width by moving their edge; uint8 with grey edges."""
    inside = ndimage.distance_transform_edt(solid)
    outside = ndimage.distance_transform_edt(~solid)
    to_edge = np.where(solid, inside - 0.5, 0.5 - outside)
    # Thinning by more than a third of the width would break strokes of uneven width.
    shift = max((_FIELD_STROKE - width) / 2, -width / 3)
    return np.round(255 * np.clip(to_edge + shift + 0.5, 0, 1)).astype(np.uint8)


def _finish(field: Image.Image) -> np.ndarray:
    """EMNIST's steps after the scan: blur, cut, centre, shrink, stretch."""
    blurred = field.filter(ImageFilter.GaussianBlur(1))
    blurred = blurred.crop(bounding_box(np.asarray(blurred), _FAINT))
    small = _square(blurred).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return _stretch(np.asarray(small))


def emnist_picture(ink: np.ndarray) -> np.ndarray:
    """EMNIST's procedure alone, the stroke width left as it is; for `glyph_of_ink`'s arguments."""
    box = bounding_box(ink, _FAINT)
    if box is None:
        return BLANK.picture
    character = Image.fromarray(ink).crop(box)
    return _finish(Image.fromarray(_enlarge(character, _FIELD / max(character.size))))


def bounding_box(ink: np.ndarray, level: int) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what is above ``level``, the latter two exclusive."""
    rows, columns = (np.flatnonzero((ink > level).any(axis=axis)) for axis in (1, 0))
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
    stretched = (picture.astype(np.float32) - low) * (255 / max(high - low, 1))
    return np.round(stretched).astype(np.uint8)


def ink_of(picture: Image.Image) -> np.ndarray:
    """Find the ink on plain paper of any brightness.

    Returns:
        uint8 (height, width): 128 where a pixel differs from the paper by Otsu's threshold (Otsu
        1979), more where it differs more; all 0 where the picture is blank.
    """
    grey = _on_white(ImageOps.exif_transpose(picture))
    contrast = ImageChops.difference(grey, Image.new("L", grey.size, _paper(grey)))
    ink = np.zeros((grey.height, grey.width), dtype=np.uint8)
    box = contrast.getbbox()
    if box is None or contrast.getextrema()[1] < _LEAST_CONTRAST:
        return ink
    # Clean paper has no contrast at all: only the part around the ink need be looked at.
    written = contrast.crop(box)
    counts = np.array(written.histogram())
    counts[0] += ink.size - written.width * written.height
    threshold = otsu_threshold(counts) + 1
    scaled = np.minimum(np.arange(256) * 128 // threshold, 255)
    left, top, right, bottom = box
    ink[top:bottom, left:right] = np.asarray(written.point(scaled.tolist()))
    return ink


def _on_white(picture: Image.Image) -> Image.Image:
    """Grey, with transparent paper counted as white."""
    if not picture.has_transparency_data:
        return picture.convert("L")
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("L")


def _paper(grey: Image.Image) -> int:
    """Median brightness along the picture's edge."""
    pixels = np.asarray(grey)
    return int(np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])))


def otsu_threshold(counts: np.ndarray) -> int:
    """The value that best parts 256 counts of values in two (Otsu 1979)."""
    below = counts.cumsum().astype(np.float64)
    above = below[-1] - below
    weighted = (counts * np.arange(len(counts))).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = weighted / below - (weighted[-1] - weighted) / above
        between = below * above * difference**2
    return int(np.nan_to_num(between).argmax())


def open_picture(source: Path | BinaryIO, name: str | None = None) -> Image.Image:
    """Read a picture whole, the first frame of an animation; large ones are made smaller.

    Args:
        source: a file's path or its content.
        name: how to call it in an error.

    Raises:
        CharactersError: it is missing, damaged, too large, or not a picture.
    """
    name = name or str(source)
    try:
        with warnings.catch_warnings(), Image.open(source) as picture:
            # The limit below is ours; Pillow's warning would go to the server's log.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if picture.width * picture.height > MOST_PIXELS:
                raise CharactersError(
                    f"{name} has {picture.width}x{picture.height} pixels, more than "
                    f"{MOST_PIXELS // 1_000_000} million. Make it smaller first."
                )
            picture.draft(picture.mode, (_ENOUGH_PIXELS, _ENOUGH_PIXELS))
            if max(picture.size) > _ENOUGH_PIXELS:
                picture.thumbnail((_ENOUGH_PIXELS, _ENOUGH_PIXELS))
            picture.load()
            return picture.copy()
    except FileNotFoundError as error:
        raise CharactersError(f"{name} does not exist.") from error
    except Image.DecompressionBombError as error:
        raise CharactersError(f"{name} has too many pixels. Make it smaller first.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = "" if isinstance(error, UnidentifiedImageError) else f": {error}"
        raise CharactersError(f"{name} is not a picture that can be read{reason}.") from error


def read_glyph(source: Path | BinaryIO, name: str | None = None) -> Glyph:
    """The glyph of a picture of one character; arguments and errors as of `open_picture`."""
    return glyph_of_ink(ink_of(open_picture(source, name)))
