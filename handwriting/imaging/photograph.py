"""Picture files of any kind, opened safely and no larger than they need be."""

import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from handwriting.errors import HandwritingError

MOST_PIXELS = 100_000_000
_ENOUGH_PIXELS = 1600
_ORIENTATION, _ON_ITS_SIDE = 0x0112, 5


def open_picture(
    source: Path | BinaryIO,
    name: str | None = None,
    enough: int | None = _ENOUGH_PIXELS,
    most: int = MOST_PIXELS,
) -> Image.Image:
    """Read a picture whole, the first frame of an animation; large ones are made smaller.

    Args:
        source: a file's path or its content.
        name: how to call it in an error.
        enough: pixels of the longer side; a larger picture is made so small, ``None``: none is.
        most: pixels that the file may have; Pillow itself refuses more than 178 million.

    Raises:
        HandwritingError: it is missing, damaged, too large, or not a picture.
    """
    name = name or str(source)
    try:
        # The limit below is ours; Pillow's warning would go to the server's log.
        quiet = warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning)
        with quiet, Image.open(source) as picture:
            if picture.width * picture.height > most:
                raise HandwritingError(
                    f"{name} has {picture.width}x{picture.height} pixels, more than "
                    f"{most // 1_000_000} million. Make it smaller first."
                )
            if enough and max(picture.size) > enough:
                picture.draft(picture.mode, (enough, enough))
                picture.thumbnail((enough, enough))
            picture.load()
            if picture.mode == "LAB":
                raise ValueError("colours of CIE Lab; save it in RGB")
            return _without_damaged_exif(picture.copy())
    except FileNotFoundError as error:
        raise HandwritingError(f"{name} does not exist.") from error
    except Image.DecompressionBombError as error:
        raise HandwritingError(f"{name} has too many pixels. Make it smaller first.") from error
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError) as error:
        reason = "" if isinstance(error, UnidentifiedImageError) else f": {error}"
        raise HandwritingError(f"{name} is not a picture that can be read{reason}.") from error


def size_of_picture(source: Path | BinaryIO) -> tuple[int, int]:
    """Width and height that a picture has in its file, upright by its EXIF.

    For a file that :func:`open_picture` has opened, however small it made the picture.
    """
    with warnings.catch_warnings(action="ignore"), Image.open(source) as picture:
        exif = _without_damaged_exif(picture).getexif()
        turned = exif.get(_ORIENTATION, 1) >= _ON_ITS_SIDE
        return (picture.height, picture.width) if turned else picture.size


def _without_damaged_exif(picture: Image.Image) -> Image.Image:
    try:
        picture.getexif()
    except SyntaxError:
        picture.info.pop("exif", None)
    return picture
