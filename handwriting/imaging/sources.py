"""Image arguments of the Python API: paths, open files, Pillow images, arrays."""

import io
import os
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import Image

from handwriting.errors import HandwritingError

ImageLike: TypeAlias = str | os.PathLike | BinaryIO | Image.Image | np.ndarray
"""A path, an open binary file, a Pillow image, or an array: uint8 or bool (height, width), grey, or
uint8 (height, width, 3 or 4), RGB or RGBA."""

_AS_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def as_source(image: ImageLike) -> tuple[Path | BinaryIO, str]:
    """Path or content for `imaging.photograph.open_picture`, and a name for errors.

    Raises:
        HandwritingError: it is not an image, or an array of another shape or dtype.
    """
    if isinstance(image, str | os.PathLike):
        return Path(image), str(image)
    if isinstance(image, np.ndarray):
        image = _image_of(image)
    if isinstance(image, Image.Image):
        return _as_file(image), "the image"
    if hasattr(image, "read"):
        # Pages and formats are found at several places of a file, which a pipe cannot go back to.
        return image if image.seekable() else io.BytesIO(image.read()), "the file"
    raise HandwritingError(
        f"{type(image).__name__} is not an image. "
        "Give a path, an open file, a Pillow image or an array."
    )


def _image_of(array: np.ndarray) -> Image.Image:
    is_grey, is_colour = array.ndim == 2, array.ndim == 3 and array.shape[2] in (3, 4)
    kinds = ("uint8", "bool") if is_grey else ("uint8",)
    if not (is_grey or is_colour) or array.dtype.name not in kinds or not array.size:
        raise HandwritingError(
            f"an array {array.dtype} {array.shape} is not an image. Give uint8 (height, width), "
            "(height, width, 3) or (height, width, 4) with values in 0..255."
        )
    return Image.fromarray(array)


def _as_file(image: Image.Image) -> BinaryIO:
    content = io.BytesIO()
    if image.mode in ("I", "F"):
        image.save(content, "TIFF")
    else:
        exif = image.getexif()
        image = image if image.mode in _AS_PNG else image.convert("RGB")
        image.save(content, "PNG", compress_level=1, exif=exif)
    content.seek(0)
    return content
