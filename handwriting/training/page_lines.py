"""Training lines of annotated pages: each line cut out as reading would cut it, in several ways."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from handwriting.alphabet import in_alphabet
from handwriting.datasets.page_layouts import load_layouts
from handwriting.datasets.text import is_held_out
from handwriting.formats.annotated import is_crossed_out
from handwriting.imaging.line import cut_line
from handwriting.imaging.text_lines import HANDWRITING, TextLayout, TextLine
from handwriting.lines.network import steps_of
from handwriting.pages.cutting import Strip, strips_of
from handwriting.pages.layout import Layout
from handwriting.pages.layout_lines import lines_of
from handwriting.pages.upright import fitting_maps

_AROUND = 16
"""Rows and columns kept around the ink of a line."""

_MOVED, _RESIZED, _LENGTHENED = 0.12, 0.12, 0.25
"""Standard deviations of what a careless layout does to a line: its place and its ends, in heights
of the core zone, and the logarithm of that height."""

_SAME = 0.9
"""Least part of an annotated line that lies in a found one, and the other way round."""


@dataclass(frozen=True)
class PageLines:
    """Lines of several pages, some of them cut in several ways.

    Attributes:
        contrasts: uint8 (rows, columns) each, 0 paper, 255 ink.
        boxes: left, top, right, bottom of each line's ink.
        texts: as written, in the alphabet.
        writers: str (N,).
        skipped: lines left aside: crossed out, print, without a letter, in another script, without
            a place on the page, or with more characters than the network has steps for.
    """

    contrasts: list[np.ndarray]
    boxes: list[tuple[int, int, int, int]]
    texts: list[str]
    writers: np.ndarray
    skipped: int = 0

    def subset(self, rows: Sequence[int]) -> "PageLines":
        """A subset, by number."""
        return PageLines(
            [self.contrasts[row] for row in rows],
            [self.boxes[row] for row in rows],
            [self.texts[row] for row in rows],
            self.writers[list(rows)],
        )


def load_page_lines(folder: Path, layout: Layout, held_out: float | None = None) -> PageLines:
    """The lines of a folder of ALTO or PAGE files.

    Each line is cut out where it is annotated, once more a little off, and where the layout network
    finds it, if it does.

    Args:
        folder: of the files and their images.
        layout: finds lines, and the frames that are cut away.
        held_out: if given, only pages of writers that `datasets.text.left_out` holds out.

    Raises:
        HandwritingError: a file is damaged, or an image is missing.
    """
    cuts: list[tuple[Strip, str]] = []
    writers: list[str] = []
    skipped = 0

    def is_chosen(writer: str) -> bool:
        return held_out is None or is_held_out(writer, held_out)

    for page in tqdm(load_layouts(folder, is_chosen), unit="page", desc="reading"):
        texts = [_teachable(line) for line in page.layout.lines]
        cuts_of_page = list(_cuts(page.layout, texts, layout))
        skipped += page.unplaced + texts.count(None)
        cuts += cuts_of_page
        writers += [page.writer] * len(cuts_of_page)
    parts = [_part(strip) for strip, _ in cuts]
    found = PageLines(
        [contrast for contrast, _ in parts],
        [box for _, box in parts],
        [text for _, text in cuts],
        np.array(writers, dtype=str),
    )
    kept = found.subset(
        [k for k, part in enumerate(parts) if has_room(cut_line(*part), found.texts[k])]
    )
    return replace(kept, skipped=skipped + len({*found.texts} - {*kept.texts}))


def has_room(picture: np.ndarray, text: str) -> bool:
    """Whether the network has a step for each character in an image, uint8 (40, width)."""
    return len(text) <= int(steps_of(torch.tensor(picture.shape[1])))


def _teachable(line: TextLine) -> str | None:
    text = in_alphabet(" ".join(line.text.split()))
    if text is None or line.kind != HANDWRITING or is_crossed_out(text):
        return None
    return text if any(map(str.isalnum, text)) else None


def _cuts(
    page: TextLayout, texts: Sequence[str | None], layout: Layout
) -> Iterator[tuple[Strip, str]]:
    """Strips of the lines with a text, beside it."""
    maps, _ = fitting_maps(layout, page.picture)
    rng = np.random.default_rng(len(page.lines))
    found = lines_of(maps)
    ways = (
        (page.lines, texts),
        ([_carelessly(line, rng) for line in page.lines], texts),
        (found, _texts_of_found(found, page.lines, texts)),
    )
    for lines, known in ways:
        strips = strips_of(page.picture, lines, maps)
        for strip, text in zip(strips, known, strict=True):
            if strip is not None and text:
                yield strip, text


def _carelessly(line: TextLine, rng: np.random.Generator) -> TextLine:
    high = line.height
    points = line.points + line.ups * rng.normal(0, _MOVED) * high
    along = np.diff(points[[0, 1, -2, -1]], axis=0)[[0, 2]]
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    points[0] -= along[0] * rng.normal(0, _LENGTHENED) * high
    points[-1] += along[1] * rng.normal(0, _LENGTHENED) * high
    return replace(line, points=points, heights=line.heights * np.exp(rng.normal(0, _RESIZED)))


def _texts_of_found(
    found: Sequence[TextLine], lines: Sequence[TextLine], texts: Sequence[str | None]
) -> list[str | None]:
    """The texts of found lines that are annotated lines, neither more nor less."""
    known: list[str | None] = [None] * len(found)
    for line, text in zip(lines, texts, strict=True):
        for number, other in enumerate(found):
            if _lies_in(line, other) >= _SAME and _lies_in(other, line) >= _SAME:
                known[number] = text
    return known


def _lies_in(line: TextLine, other: TextLine) -> float:
    """Part of a line's length that lies within the core zone of another one."""
    samples = np.linspace(0, len(line.points) - 1, 64)
    numbers = np.arange(len(line.points))
    points = np.stack([np.interp(samples, numbers, side) for side in line.points.T], axis=1)
    nearest = np.linalg.norm(points[:, None] - other.points[None], axis=2).argmin(axis=1)
    away = points - other.points[nearest]
    ups = other.ups[nearest]
    up = np.abs((away * ups).sum(axis=1))
    # The points of a line are about as far apart as it is high.
    along = np.abs(away[:, 0] * ups[:, 1] - away[:, 1] * ups[:, 0])
    heights = other.heights[nearest]
    return float(((up < heights / 2) & (along < 1.5 * heights)).mean())


def _part(strip: Strip) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """The part of a strip with its ink, and the ink's box in it."""
    left, top, right, bottom = strip.box
    from_x, from_y = max(left - _AROUND, 0), max(top - _AROUND, 0)
    part = strip.contrast[from_y : bottom + _AROUND, from_x : right + _AROUND].copy()
    return part, (left - from_x, top - from_y, right - from_x, bottom - from_y)
