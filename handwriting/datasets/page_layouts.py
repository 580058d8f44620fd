"""Scanned pages with their text lines, from folders of ALTO or PAGE files.

Files give a baseline or an outline for each line; how high its letters are follows from its ink.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage
from handwriting.formats.ground_truth import annotated_pages
from handwriting.imaging.contrast import colours_of, paper_of
from handwriting.imaging.core_zone import core_zone
from handwriting.imaging.photograph import open_picture
from handwriting.imaging.scaling import scaled
from handwriting.imaging.text_lines import HANDWRITING, PRINT, UNKNOWN, TextLayout, TextLine

LONGEST = 1400
"""Most pixels of a page's longer side; larger scans are downscaled."""

PRINT_KINDS = ("print", "typewrit", "typed")
"""Parts of the names of kinds of printed and typed lines, in small letters."""

_NUMBER = re.compile(r"[_-][0-9]{1,2}$")
_STEP = 0.6
_PAPER, _KERNEL, _DARKEST, _STRONGER = 24, 31, 24, 2.0
_INK = 90
_SMALLEST, _LARGEST = 0.65, 1.6


@dataclass(frozen=True)
class LayoutPage:
    """A page.

    Attributes:
        layout: its lines.
        writer: whom its file name tells.
        unplaced: lines of its file that have no place on it.
    """

    layout: TextLayout
    writer: str
    unplaced: int = 0


def load_layouts(
    folder: Path, is_chosen: Callable[[str], bool] = lambda writer: True
) -> Iterator[LayoutPage]:
    """The pages of a folder, one by one, as `formats.ground_truth.annotated_pages` gives them.

    Args:
        folder: of ALTO or PAGE files and their images.
        is_chosen: whether the pages of a writer are wanted; others are not opened.

    Raises:
        HandwritingError: a file is damaged, or its image is missing.
    """
    for path, page in annotated_pages(folder, lambda image: is_chosen(writer_of(image.stem))):
        colours = colours_of(open_picture(path))
        scale = min(1.0, LONGEST / max(colours.shape[:2]))
        colours = scaled(colours, scale)
        layout = layout_of(colours, page)
        unplaced = page.unplaced + len(page.lines) - len(layout.lines)
        yield LayoutPage(layout, writer_of(path.stem), unplaced)


def writer_of(stem: str) -> str:
    """The writer of a page: its name without the number at its end, as in ``name_2`` or
    ``name-2``."""
    return _NUMBER.sub("", stem) or stem


def layout_of(colours: np.ndarray, page: AnnotatedPage) -> TextLayout:
    """The lines of an annotated page in the pixels of its picture.

    Ink outside of every line may be writing that nobody annotated, so it is not known.

    Args:
        colours: uint8 (height, width, 3), of any size.
        page: its lines in pixels of ``page.width`` and ``page.height``.
    """
    contrast = _local_contrast(colours)
    lines = _text_lines(contrast, page)
    known = _known(contrast, page, _scale(contrast, page))
    return TextLayout(colours, tuple(line for line in lines if line is not None), None, known)


def text_lines_of(colours: np.ndarray, page: AnnotatedPage) -> list[TextLine | None]:
    """For each line of an annotated page its place and height; ``None`` where it is too short.

    Args:
        colours: uint8 (height, width, 3), of any size.
        page: its lines in pixels of ``page.width`` and ``page.height``.
    """
    return _text_lines(_local_contrast(colours), page)


def _scale(contrast: np.ndarray, page: AnnotatedPage) -> np.ndarray:
    return np.array(contrast.shape[::-1]) / (page.width, page.height)


def _text_lines(contrast: np.ndarray, page: AnnotatedPage) -> list[TextLine | None]:
    scale = _scale(contrast, page)
    lines = [_text_line(line, scale, contrast) for line in page.lines]
    alike = _alike([line for line in lines if line is not None])
    return [None if line is None else next(alike) for line in lines]


def _local_contrast(colours: np.ndarray) -> np.ndarray:
    """uint8 (height, width): how much darker than its paper, also beside dark borders."""
    paper = paper_of(colours, max(colours.shape[:2]) // _PAPER, _KERNEL)
    light = cv2.divide(colours, cv2.max(paper, _DARKEST), scale=255).min(axis=2)
    return np.clip((255.0 - light) * _STRONGER, 0, 255).astype(np.uint8)


def _known(contrast: np.ndarray, page: AnnotatedPage, scale: np.ndarray) -> np.ndarray:
    near = max(3, round(max(contrast.shape) / 150)) | 1
    inked = cv2.morphologyEx(contrast, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    other = cv2.dilate((inked > _INK).astype(np.uint8), np.ones((near, near), np.uint8))
    outlines = [np.round(line.polygon * scale).astype(np.int32) for line in page.lines]
    cv2.fillPoly(other, outlines, 0)
    return np.where(other > 0, 0, 255).astype(np.uint8)


def _text_line(line: AnnotatedLine, scale: np.ndarray, contrast: np.ndarray) -> TextLine | None:
    """A line with the height of its ink; of unknown kind where it is too short or blank."""
    polygon = line.polygon * scale
    baseline = _baseline(line, scale)
    length = float(np.linalg.norm(np.diff(baseline, axis=0), axis=1).sum())
    if length < 4:
        return None
    kind = PRINT if any(name in line.kind.lower() for name in PRINT_KINDS) else HANDWRITING
    above, below = _reach(baseline, polygon)
    band = _straightened(contrast, polygon, baseline, above, below)
    if band.max() < _INK:
        kind = UNKNOWN
    top, bottom = core_zone(band, line.text)
    high = max(bottom - top, 2.0)
    middle = baseline + _ups(baseline) * (above - (top + bottom) / 2)
    return TextLine(middle, np.full(len(middle), high), kind, line.text)


def _baseline(line: AnnotatedLine, scale: np.ndarray) -> np.ndarray:
    """The baseline, float (P, 2), resampled; without one the lower fourth of the line's box."""
    if line.baseline is None or len(line.baseline) < 2:
        left, top, right, bottom = line.box
        y = top + 0.75 * (bottom - top)
        points = np.array([[left, y], [right, y]]) * scale
    else:
        points = line.baseline * scale
    far = np.concatenate(([0], np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum()))
    high = float(np.ptp(line.polygon[:, 1])) * scale[1]
    count = int(np.clip(far[-1] / max(_STEP * high, 4), 2, 200))
    at = np.linspace(0, far[-1], count)
    points = np.stack([np.interp(at, far, points[:, k]) for k in (0, 1)], axis=1)
    return points


def _ups(points: np.ndarray) -> np.ndarray:
    return TextLine(points, np.ones(len(points))).ups


def _reach(baseline: np.ndarray, polygon: np.ndarray) -> tuple[int, int]:
    """Pixels of the outline above and below the baseline."""
    nearest = np.linalg.norm(polygon[:, None] - baseline[None], axis=2).argmin(axis=1)
    off = ((polygon - baseline[nearest]) * _ups(baseline)[nearest]).sum(axis=1)
    return max(6, round(float(off.max()))), max(2, round(float(-off.min())))


def _straightened(
    contrast: np.ndarray, polygon: np.ndarray, baseline: np.ndarray, above: int, below: int
) -> np.ndarray:
    """The ink within an outline, with the baseline level in row ``above``; uint8."""
    low = np.maximum(np.floor(polygon.min(axis=0)).astype(int) - 1, 0)
    high = np.ceil(polygon.max(axis=0)).astype(int) + 2
    part = contrast[low[1] : high[1], low[0] : high[0]]
    inside = cv2.fillPoly(np.zeros_like(part), [np.round(polygon - low).astype(np.int32)], 1)
    far = np.concatenate(([0], np.linalg.norm(np.diff(baseline, axis=0), axis=1).cumsum()))
    along = np.arange(int(far[-1]) + 1)
    ups = _ups(baseline)
    x, y = (np.interp(along, far, baseline[:, k] - low[k]) for k in (0, 1))
    up_x, up_y = (np.interp(along, far, ups[:, k]) for k in (0, 1))
    rows = above - np.arange(above + below + 1)[:, None]
    return cv2.remap(
        part * inside,
        (x + rows * up_x).astype(np.float32),
        (y + rows * up_y).astype(np.float32),
        cv2.INTER_LINEAR,
    )


def _alike(lines: list[TextLine]) -> Iterator[TextLine]:
    """The lines with heights not far from the usual one of their kind on the page."""
    for line in lines:
        usual = np.median([other.height for other in lines if other.kind == line.kind])
        high = float(np.clip(line.height, _SMALLEST * usual, _LARGEST * usual))
        shift = _ups(line.points) * (high - line.height) / 2
        yield TextLine(line.points + shift, np.full(len(line.points), high), line.kind, line.text)
