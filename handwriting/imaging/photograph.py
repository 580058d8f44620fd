"""Picture files of any kind, opened safely, as a person sees them, no larger than they need be.

All of the project opens its pictures here.
"""

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from handwriting.errors import HandwritingError

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""What is opened, whatever a file's name says: formats that Pillow decodes itself. For others it
starts a program (PostScript: Ghostscript), or they are no pictures of writing."""

MOST_PIXELS = 100_000_000
_MOST_OF_FORMAT = dict.fromkeys(("AVIF", "JPEG2000", "WEBP"), 50_000_000)
"""Pixels of formats whose decoders need up to 30 bytes for each."""

_MOST_SCANS = 100
"""Of a progressive JPEG; cameras and programs write about ten."""

_ENOUGH_PIXELS = 1600
_ORIENTATION = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LIGHT, _DARKEST = 160, 0.5


def open_picture(
    source: Path | BinaryIO,
    name: str | None = None,
    enough: int | None = _ENOUGH_PIXELS,
    most: int = MOST_PIXELS,
) -> Image.Image:
    """The picture of :func:`open_with_size` alone; the same arguments and errors."""
    return open_with_size(source, name, enough, most)[0]


def open_with_size(
    source: Path | BinaryIO,
    name: str | None = None,
    enough: int | None = _ENOUGH_PIXELS,
    most: int = MOST_PIXELS,
) -> tuple[Image.Image, tuple[int, int]]:
    """Read a picture whole, the first frame of an animation; large ones are made smaller.

    Args:
        source: a file's path or its content.
        name: how to call it in an error.
        enough: pixels of the longer side; a larger picture is made so small, ``None``: none is.
        most: pixels that the file may have; Pillow itself refuses more than 178 million.

    Returns:
        The picture as of :func:`as_seen`, and the width and height that it has in its file, upright
        by its EXIF.

    Raises:
        HandwritingError: it is missing, damaged, too large, or not a picture.
    """
    name = name or str(source)
    if isinstance(source, Path):
        _check_is_file(source, name)
    try:
        # Pillow's warnings would go to the server's log.
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(source, formats=FORMATS) as picture,
        ):
            size = picture.size
            _check_size(size, name, min(most, _MOST_OF_FORMAT.get(picture.format, most)))
            _check_scans(picture, name)
            small = _shrunk(picture, enough)
            turned = _orientation(small) in _ON_ITS_SIDE
            return as_seen(small), size[::-1] if turned else size
    except HandwritingError:
        raise
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS)
        raise HandwritingError(
            f"{name} is not a picture that can be read: it is damaged, or none of {known}."
        ) from error
    except Image.DecompressionBombError as error:
        raise HandwritingError(f"{name} has too many pixels. Make it smaller first.") from error
    except MemoryError as error:
        raise HandwritingError(f"{name} needs more memory than there is.") from error
    # Of damaged files Pillow's decoders raise errors of nearly every kind.
    except Exception as error:
        raise HandwritingError(f"{name} is not a picture that can be read: {error}.") from error


def _check_is_file(path: Path, name: str) -> None:
    if path.is_dir():
        raise HandwritingError(f"{name} is a folder. Name the pictures in it.")
    if not path.exists():
        raise HandwritingError(f"{name} does not exist.")
    if not path.is_file():
        raise HandwritingError(f"{name} is not a file.")


def _check_size(size: tuple[int, int], name: str, most: int) -> None:
    width, height = size
    if width * height > most:
        raise HandwritingError(
            f"{name} has {width}x{height} pixels, more than "
            f"{most // 1_000_000} million. Make it smaller first."
        )


def _check_scans(picture: Image.Image, name: str) -> None:
    """Of a progressive JPEG each scan costs as much time as a picture, and takes few bytes."""
    if picture.format not in ("JPEG", "MPO") or "progressive" not in picture.info:
        return
    start = picture.fp.tell()
    picture.fp.seek(0)
    scans = picture.fp.read().count(b"\xff\xda")
    picture.fp.seek(start)
    if scans > _MOST_SCANS:
        raise HandwritingError(f"{name} is a JPEG of {scans} scans. Save it anew.")


def _shrunk(picture: Image.Image, enough: int | None) -> Image.Image:
    """The picture read from its file, its longer side ``enough`` pixels at most."""
    if not enough or max(picture.size) <= enough:
        picture.load()
        return picture
    picture.draft(picture.mode, (enough, enough))
    # Of these two Pillow would keep every n-th pixel alone, and lose thin strokes.
    if picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode == "P":
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    # What makes it quick, whole pixels taken together first, Pillow lacks for 16 bits.
    gap = None if picture.mode.startswith("I;16") else 2.0
    picture.thumbnail((enough, enough), reducing_gap=gap)
    return picture


def _orientation(picture: Image.Image) -> int:
    """EXIF's number for how a picture lies, 1..8; 1 where it says nothing that makes sense."""
    try:
        found = picture.getexif().get(_ORIENTATION)
    # Damaged EXIF raises errors of nearly every kind; the picture lies as it lies.
    except Exception:
        return 1
    return found if isinstance(found, int) and found in _UPRIGHT else 1


def as_seen(picture: Image.Image) -> Image.Image:
    """The picture upright by its EXIF, opaque, of 8 bits: of mode L, or RGB.

    Levels beyond 8 bits become 0..255 by the bits that are in use, so that blank paper stays
    blank. Behind transparent parts is white; black, where hardly anything that can be seen is dark.
    """
    orientation = _orientation(picture)
    if picture.mode.startswith(("I", "F")):
        picture = _in_8_bits(picture)
    elif picture.mode == "LAB":
        picture = picture.getchannel("L")
    if picture.has_transparency_data:
        picture = _on_ground(picture.convert("RGBA"))
    elif picture.mode != "L":
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    seen = picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture.copy()
    seen.info.clear()
    return seen


def _in_8_bits(picture: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(picture, dtype=np.float32), posinf=0, neginf=0)
    low, high = min(float(values.min()), 0.0), float(values.max())
    if low < 0:
        top = high
    elif high < 2:
        top = 1.0
    else:
        top = 2.0 ** max(8, np.ceil(np.log2(high + 1))) - 1
    grey = (values - low) * (255 / max(top - low, 1e-9))
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def _on_ground(layer: Image.Image) -> Image.Image:
    """RGBA on a ground of one colour, RGB."""
    alpha = np.asarray(layer.getchannel("A"))
    visible = np.asarray(layer.convert("L"))[alpha > 127]
    is_light = len(visible) > 0 and np.percentile(visible, _DARKEST) > _LIGHT
    ground = Image.new("RGBA", layer.size, "black" if is_light else "white")
    return Image.alpha_composite(ground, layer).convert("RGB")
