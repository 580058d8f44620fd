"""XML files of strangers, read with limits, and what ALTO and PAGE files share."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from handwriting.errors import HandwritingError

MOST_BYTES = 50_000_000
MOST_LINES = 10_000
MOST_POINTS = 10_000
"""Of one polygon or baseline."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_FARTHEST = 1e6
"""Pixels; no page is larger, and an int64 holds the square."""


def read_xml(path: Path) -> ElementTree.Element:
    """The root of an XML file, without entities, external files or a document type.

    Raises:
        HandwritingError: missing, too large, no well-formed XML, or with entities.
    """
    if not path.is_file():
        raise HandwritingError(f"{path} does not exist.")
    if path.stat().st_size > MOST_BYTES:
        raise HandwritingError(f"{path} has more than {MOST_BYTES:,} bytes: no page is so large.")
    try:
        return parse(path, forbid_dtd=True).getroot()
    except DefusedXmlException as error:
        raise HandwritingError(
            f"{path} holds a document type or entities, which ground truth does not need. "
            "Remove them."
        ) from error
    except (ElementTree.ParseError, LookupError, ValueError, RecursionError) as error:
        raise HandwritingError(
            f"{path} is no well-formed XML: {error}. Export it again."
        ) from error


def local_name(element: ElementTree.Element) -> str:
    """The tag without its namespace, so that all versions of a format are read alike."""
    return str(element.tag).rpartition("}")[2]


def children(element: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    """The children with one of these local names, in the file's order."""
    return [child for child in element if local_name(child) in names]


def descendants(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """All elements below with this local name, in the file's order."""
    return [child for child in element.iter() if local_name(child) == name]


def file_name(path: str) -> str:
    """The last part of a path of any system."""
    return path.strip().replace("\\", "/").rpartition("/")[2]


def new_root(namespace: str, name: str) -> ElementTree.Element:
    """The root of a document whose namespace is written without a prefix."""
    ElementTree.register_namespace("", namespace)
    return ElementTree.Element(f"{{{namespace}}}{name}")


def add_child(
    parent: ElementTree.Element, name: str, attributes: dict[str, str] | None = None
) -> ElementTree.Element:
    """A new last child in the namespace of its parent."""
    namespace = str(parent.tag).rpartition("}")[0]
    return ElementTree.SubElement(parent, f"{namespace}}}{name}", attributes or {})


def baseline_points(text: str | None) -> np.ndarray | None:
    """The :func:`points` of a baseline, at least two; ``None`` where they are fewer."""
    found = points(text)
    return found if found is not None and len(found) > 1 else None


def check_line_count(path: Path, lines: list[ElementTree.Element]) -> None:
    """Raise HandwritingError for more than MOST_LINES."""
    if len(lines) > MOST_LINES:
        raise HandwritingError(f"{path} has more than {MOST_LINES:,} lines.")


def points(text: str | None) -> np.ndarray | None:
    """int64 (P, 2) of "x,y x,y" or "x y x y"; ``None`` where no such pairs are there.

    Of an odd number of coordinates, as where a file was cut, there are none.
    """
    numbers = _NUMBER.findall(text or "")
    if not numbers or len(numbers) % 2 or len(numbers) > 2 * MOST_POINTS:
        return None
    values = np.array(numbers, dtype=float)
    if np.abs(values).max() > _FARTHEST:
        return None
    return np.rint(values).astype(np.int64).reshape(-1, 2)


def point_list(places: np.ndarray) -> str:
    """What :func:`points` reads, as "x,y x,y"."""
    return " ".join(f"{x},{y}" for x, y in places.tolist())


def confidence(text: str | None) -> float | None:
    """A number in 0..1; ``None`` where it is none."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def rectangle(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """int64 (4, 2), the corners clockwise from the upper left."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.int64)


def page_size(path: Path, width: str | None, height: str | None) -> tuple[int, int]:
    """Width and height as integers.

    Raises:
        HandwritingError: one of them is missing, or no size of a page.
    """
    try:
        size = round(float(width or "")), round(float(height or ""))
    except (ValueError, OverflowError):
        size = 0, 0
    if not all(0 < side <= _FARTHEST for side in size):
        raise HandwritingError(
            f"{path}: the page's size is {width} by {height}. Its width and height in pixels are "
            "needed, for all places are given in them."
        )
    return size
