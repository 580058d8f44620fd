"""Safe opening of image files: upright, opaque, 8 bits, downscaled if large.

All images of the project are opened here.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from handwriting.errors import HandwritingError

FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Formats by content, whatever the file's name. Pillow and pillow-heif decode these themselves; for
others a program would be started, such as Ghostscript for PostScript."""

MOST_PIXELS = 100_000_000
_MOST_OF_FORMAT = dict.fromkeys(("AVIF", "HEIF", "JPEG2000", "WEBP"), 50_000_000)
"""Maximum pixels of formats whose decoders need up to 30 bytes a pixel."""

_MOST_SCANS = 100
"""Maximum scans of a progressive JPEG; cameras and programs write about ten."""

ENOUGH_PIXELS = 1600
"""Pixels of the longer side of an image of one character."""

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
    enough: int | None = ENOUGH_PIXELS,
    most: int = MOST_PIXELS,
) -> Image.Image:
    """The image of :func:`open_with_size`, with the same arguments and errors."""
    return open_with_size(source, name, enough, most)[0]


def open_with_size(
    source: Path | BinaryIO,
    name: str | None = None,
    enough: int | None = ENOUGH_PIXELS,
    most: int = MOST_PIXELS,
) -> tuple[Image.Image, tuple[int, int]]:
    """Open an image, of an animation the first frame; large ones are downscaled.

    Args:
        source: path or content of a file.
        name: of the image, for errors.
        enough: pixels of the longer side to downscale to; ``None`` to keep the size.
        most: maximum number of pixels of the file; Pillow itself refuses more than 178 million.

    Returns:
        The image of :func:`as_seen`; and width and height of the original in pixels, upright by its
        EXIF.

    Raises:
        HandwritingError: it is missing, damaged, too large, or not an image.
    """
    with opened(source, name or str(source), most) as picture:
        return fitted(picture, enough)


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of an image file in pixels, upright by its EXIF; it is not decoded.

    Raises:
        HandwritingError: see :func:`open_with_size`.
    """
    with opened(path, str(path)) as picture:
        wide, high = picture.size
        return (high, wide) if _orientation(picture) in _ON_ITS_SIDE else (wide, high)


@contextlib.contextmanager
def opened(source: Path | BinaryIO, name: str, most: int = MOST_PIXELS) -> Iterator[Image.Image]:
    """An image file within the limits, not yet decoded; arguments and errors of
    :func:`open_with_size`, also for what the block does with the image."""
    check_is_file(source, name)
    try:
        # Pillow's warnings would fill the server's log.
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(source, formats=_formats(source)) as picture,
        ):
            check_size(picture, name, most)
            _check_scans(picture, name)
            yield picture
    except HandwritingError:
        raise
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS)
        raise HandwritingError(
            f"{name} is not a readable image: it is damaged, or none of {known}."
        ) from error
    except Image.DecompressionBombError as error:
        raise HandwritingError(f"{name} has too many pixels. Downscale it first.") from error
    except MemoryError as error:
        raise HandwritingError(f"{name} needs more memory than there is.") from error
    # For damaged files the decoders raise exceptions of many types, in words for programmers.
    except Exception as error:
        cause = getattr(error, "strerror", None) or "it is damaged or was cut short"
        raise HandwritingError(f"{name} is not a readable image: {cause}.") from error


def first_bytes(source: Path | BinaryIO, count: int) -> bytes:
    """The first bytes of a file; an open one is read from its start and set back to it."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            return file.read(count)
    source.seek(0)
    head = source.read(count)
    source.seek(0)
    return head


def _formats(source: Path | BinaryIO) -> tuple[str, ...]:
    """FORMATS; HEIF and its library only for a file of the container that HEIF and AVIF share."""
    if first_bytes(source, 8)[4:] != b"ftyp":
        return tuple(form for form in FORMATS if form != "HEIF")
    import pillow_heif

    pillow_heif.register_heif_opener()
    return FORMATS


def fitted(picture: Image.Image, enough: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """An opened image as :func:`open_with_size` returns it; it may be changed in place."""
    size = picture.size
    small = _shrunk(picture, enough)
    turned = _orientation(small) in _ON_ITS_SIDE
    return as_seen(small), size[::-1] if turned else size


def check_is_file(source: Path | BinaryIO, name: str) -> None:
    """Raise HandwritingError for the path of a folder, of nothing, or of a device."""
    if not isinstance(source, Path):
        return
    if source.is_dir():
        raise HandwritingError(f"{name} is a folder. Name the images in it.")
    if not source.exists():
        raise HandwritingError(f"{name} does not exist.")
    if not source.is_file():
        raise HandwritingError(f"{name} is not a file.")


def check_size(picture: Image.Image, name: str, most: int) -> None:
    """Raise HandwritingError for more than ``most`` pixels, or fewer where the format is costly."""
    width, height = picture.size
    most = min(most, _MOST_OF_FORMAT.get(picture.format, most))
    if width * height > most:
        raise HandwritingError(
            f"{name} has {width}x{height} pixels, more than "
            f"{most // 1_000_000} million. Downscale it first."
        )


def _check_scans(picture: Image.Image, name: str) -> None:
    """Limit the scans of a progressive JPEG; each takes the time of an image and few bytes."""
    if picture.format not in ("JPEG", "MPO") or "progressive" not in picture.info:
        return
    start = picture.fp.tell()
    picture.fp.seek(0)
    scans = picture.fp.read().count(b"\xff\xda")
    picture.fp.seek(start)
    if scans > _MOST_SCANS:
        raise HandwritingError(f"{name} is a JPEG of {scans} scans. Save it again.")


def _shrunk(picture: Image.Image, enough: int | None) -> Image.Image:
    """The decoded image, with at most ``enough`` pixels on its longer side."""
    if not enough or max(picture.size) <= enough:
        picture.load()
        return picture
    picture.draft(picture.mode, (enough, enough))
    # In these two modes Pillow would subsample pixels, and lose thin strokes.
    if picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode == "P":
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    # Pillow lacks the fast reducing step for 16 bits.
    gap = None if picture.mode.startswith("I;16") else 2.0
    picture.thumbnail((enough, enough), reducing_gap=gap)
    return picture


def _orientation(picture: Image.Image) -> int:
    """Orientation of an image in EXIF, 1..8; 1 if it is missing or invalid."""
    try:
        found = picture.getexif().get(_ORIENTATION)
    # Damaged EXIF raises exceptions of many types.
    except Exception:
        return 1
    return found if isinstance(found, int) and found in _UPRIGHT else 1


def as_seen(picture: Image.Image) -> Image.Image:
    """The image upright by its EXIF, opaque, with 8 bits, in mode L or RGB.

    Levels beyond 8 bits are scaled to 0..255 by the number of bits in use, so that blank paper
    stays blank. The background of transparent parts is white, or black if nearly all visible parts
    are light.
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
    """RGBA composed with a background of one colour, RGB."""
    alpha = np.asarray(layer.getchannel("A"))
    visible = np.asarray(layer.convert("L"))[alpha > 127]
    is_light = len(visible) > 0 and np.percentile(visible, _DARKEST) > _LIGHT
    ground = Image.new("RGBA", layer.size, "black" if is_light else "white")
    return Image.alpha_composite(ground, layer).convert("RGB")
