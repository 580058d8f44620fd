"""The composer of pages: a random scene, then a scanner or a camera."""

from dataclasses import replace

import numpy as np

from handwriting.imaging.text_lines import TextLayout
from handwriting.synthesis.pages import fields, letters, marks, small
from handwriting.synthesis.pages.camera import as_it_is, close_up, photographed, scanned
from handwriting.synthesis.pages.desk import Desk, Scene
from handwriting.synthesis.pages.sheet import Sheet
from handwriting.synthesis.pages.sources import PageSources

SCENES: dict[str, tuple[Scene, float]] = {
    "letter": (letters.letter, 5.0),
    "corrected": (letters.corrected, 1.5),
    "note": (letters.note, 2.5),
    "bullets": (letters.bullets, 1.2),
    "sums": (letters.sums, 1.0),
    "book": (letters.book, 2.0),
    "code": (letters.code, 1.5),
    "receipt": (letters.receipt, 0.6),
    "form": (fields.form, 2.2),
    "boxed": (fields.boxed, 2.4),
    "table": (fields.table, 1.8),
    "diagram": (fields.diagram, 1.2),
    "worksheet": (fields.worksheet, 1.2),
    "envelope": (fields.envelope, 0.6),
    "alone": (small.alone, 1.8),
    "digits": (small.digits_row, 0.9),
    "canvas": (small.canvas, 1.2),
    "scattered": (small.scattered, 1.2),
    "drawings": (small.drawings, 0.5),
    "empty": (small.empty, 1.8),
}
"""Scenes by name, each with its weight."""

SHORTEST, LONGEST = 640, 1400
"""Least and most pixels of a picture's longer side."""

_WRITTEN = ("letter", "corrected", "note", "bullets", "sums", "book", "code", "form", "table")
"""Scenes that are sheets with a back."""

_SMALL = ("alone", "digits", "canvas", "drawings")
"""Scenes that are often files from a screen, or cut out closely."""

_USUAL, _CLOSE = (0.03, 0.37, 0.08, 0.52), (0.4, 0.2, 0.2, 0.2)
"""Shares of pictures as they are, scanned, seen closely by a camera, and on a table."""

_INVERTED, _INVERTED_SMALL = 0.02, 0.12


class PageComposer:
    """Composes pages with their text lines.

    Args:
        sources: what they are composed of.
    """

    def __init__(self, sources: PageSources) -> None:
        self.sources = sources
        weights = np.array([weight for _, weight in SCENES.values()])
        self._names, self._weights = list(SCENES), weights / weights.sum()

    def compose(self, rng: np.random.Generator) -> TextLayout:
        """A random page; the same generator's state gives the same bytes."""
        return self.compose_scene(str(rng.choice(self._names, p=self._weights)), rng)

    def compose_scene(self, name: str, rng: np.random.Generator) -> TextLayout:
        """A page of one of SCENES."""
        scene, _ = SCENES[name]
        desk = Desk(rng, self.sources, _shape(rng))
        sheet = scene(desk)
        if name in _WRITTEN:
            _age(sheet, replace(desk, shape=sheet.shape))
        layout = sheet.finished(rng)
        ways = _CLOSE if name in _SMALL else _USUAL
        see = (as_it_is, scanned, close_up, photographed)[rng.choice(4, p=ways)]
        layout = see(layout, rng)
        if rng.random() < (_INVERTED_SMALL if name in _SMALL else _INVERTED):
            layout = replace(layout, picture=255 - layout.picture)
        return layout


def _age(sheet: Sheet, desk: Desk) -> None:
    """What happens to pages: the back shows through, holes, a stamp, stains and folds."""
    core = sheet.pens[0].core if sheet.pens else 12.0
    if desk.chance(0.12):
        back = desk.paper(core)
        letters.page_of(back, desk, desk.sources.hand(desk.rng), core)
        marks.show_through(sheet, back.pens[-1].cover, desk)
    if desk.chance(0.12):
        marks.holes(sheet, desk)
    if desk.chance(0.06):
        marks.stamp(sheet, desk)
    if desk.chance(0.25):
        marks.stains(sheet, desk)


def _shape(rng: np.random.Generator) -> tuple[int, int]:
    """Rows and columns of a sheet."""
    longest = int(rng.integers(SHORTEST, LONGEST + 1))
    kind = rng.random()
    if kind < 0.55:
        return longest, round(longest * rng.uniform(0.65, 0.8))
    if kind < 0.75:
        return round(longest * rng.uniform(0.55, 0.8)), longest
    other = round(longest * np.exp(rng.uniform(np.log(1 / 3), 0)))
    return (longest, other) if rng.random() < 0.4 else (other, longest)
