"""Where the ink is: found on plain paper, freed of dust, boxed, measured; white on black."""

import numpy as np
from PIL import Image, ImageChops, ImageOps
from scipy import ndimage

_LEAST_CONTRAST = 24
_SPECK = 1 / 50


def find_ink(picture: Image.Image) -> np.ndarray:
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


def bounding_box(ink: np.ndarray, level: int) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what is above ``level``, the latter two exclusive."""
    rows, columns = (np.flatnonzero((ink > level).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
