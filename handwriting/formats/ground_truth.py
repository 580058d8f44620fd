"""Folders of ground truth: an ALTO or PAGE file for each image of a page."""

import sys
from collections.abc import Callable, Iterator
from math import log
from pathlib import Path

from handwriting.errors import HandwritingError
from handwriting.formats.alto import parse_alto
from handwriting.formats.annotated import AnnotatedPage
from handwriting.formats.page_xml import parse_page_xml
from handwriting.formats.xml_files import local_name, read_xml
from handwriting.imaging.photograph import size_of

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif")

_STRETCHED = 0.05
"""Largest difference of the logarithms of a page's and its image's proportions."""


def parse_annotated(path: Path) -> AnnotatedPage:
    """The page of an ALTO or PAGE file.

    Raises:
        HandwritingError: missing, damaged, or neither of the two.
    """
    root = read_xml(path)
    parsers = {"alto": parse_alto, "PcGts": parse_page_xml}
    if local_name(root) not in parsers:
        raise HandwritingError(
            f"{path} is neither ALTO nor PAGE XML, but {local_name(root)!r:.60}."
        )
    return parsers[local_name(root)](path, root)


def annotation_files(folder: Path) -> list[Path]:
    """The XML files of a folder, by name; ``METS.xml`` and such name no page and are left out.

    In a folder `page/` or `alto/` below it, as Transkribus exports them, where it has none itself.
    """
    for place in (folder, folder / "page", folder / "alto"):
        found = [path for path in sorted(place.glob("*.xml")) if "mets" not in path.stem.lower()]
        if found:
            return [path for path in found if path.stem.lower() != "metadata"]
    return []


def annotated_pages(
    folder: Path, is_chosen: Callable[[Path], bool] = lambda image: True
) -> Iterator[tuple[Path, AnnotatedPage]]:
    """The image and the lines of each page of a folder.

    A page whose image has other proportions, as where it was turned since, is named and left aside:
    its lines are elsewhere.

    Args:
        folder: of the files and their images.
        is_chosen: whether the page of an image is wanted; others are not opened.

    Raises:
        HandwritingError: a file is damaged, its image is not there, or is no image.
    """
    for path in annotation_files(folder):
        page = parse_annotated(path)
        image = _find_image(folder, path, page.image)
        if not is_chosen(image):
            continue
        wide, high = size_of(image)
        if abs(log(wide * page.height / (high * page.width))) < _STRETCHED:
            yield image, page
        else:
            print(
                f"{path} is left aside: {image.name} has {wide} by {high} pixels, which is no "
                f"smaller or larger image of a page of {page.width} by {page.height}.",
                file=sys.stderr,
            )


def _find_image(folder: Path, path: Path, name: str) -> Path:
    """The image that the file names, else that of the file's own name."""
    names = [name] if name else []
    names += [path.stem + ending for ending in (*IMAGE_ENDINGS, *map(str.upper, IMAGE_ENDINGS))]
    for place in (folder, path.parent):
        for each in names:
            if (place / each).is_file():
                return place / each
    raise HandwritingError(f"{path}: {names[0]} is not in {folder}. Put the image there.")
