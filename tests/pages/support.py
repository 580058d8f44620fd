"""Stand-ins of the networks: maps of known lines instead of those of trained weights, and a reader
that tells the start of a line from its end."""

from dataclasses import replace

import cv2
import numpy as np

from handwriting.datasets.layout_batches import as_grey, moved, sample_of
from handwriting.imaging.text_lines import CELL, HEIGHT_UNIT, TextLayout
from handwriting.lines.decoding import GREEDY, CharacterRead, Decoder, LineRead
from handwriting.pages.layout import LONGEST
from handwriting.pages.layout_maps import LayoutMaps
from handwriting.pages.photographs import Photograph

_THUMB = (48, 48)


def photograph_of(colours: np.ndarray) -> Photograph:
    """A picture as it would be opened, uint8 (height, width, 3)."""
    return Photograph(colours, colours.shape[1::-1])


class KnownLayout:
    """What a perfect layout network finds in one page, of any size and turned by any quarters.

    Args:
        layout: the upright page with its lines.

    Attributes:
        asked: longer sides at which the network was to see the picture, one for each call.
    """

    def __init__(self, layout: TextLayout) -> None:
        self.layout = as_grey(layout)
        self.asked: list[int] = []

    def maps(self, colours: np.ndarray, longest: int = LONGEST) -> tuple[LayoutMaps, np.ndarray]:
        """See `pages.layout.Layout.maps`."""
        self.asked.append(longest)
        quarters = self._quarters(colours)
        height, width = colours.shape[:2]
        if quarters % 2:
            height, width = width, height
        scale = longest / max(height, width)
        size = tuple(CELL * max(1, round(length * scale / CELL)) for length in (width, height))
        tall, wide = self.layout.picture.shape
        seen = moved(self.layout, np.diag([size[0] / wide, size[1] / tall, 1.0]), size)
        picture = np.ascontiguousarray(np.rot90(seen.picture, -quarters))
        sample = sample_of(replace(seen, picture=picture), quarters)
        core, printed, rules = (
            (each / np.float32(255)).astype(np.float32)
            for each in (sample.core, sample.printed, sample.rules)
        )
        heights = (HEIGHT_UNIT * np.exp2(sample.height) / scale).astype(np.float32)
        votes = np.zeros(4)
        votes[quarters] = sum(len(line.text) for line in self.layout.lines)
        return LayoutMaps(core, printed, rules, heights, CELL / scale), votes

    def _quarters(self, colours: np.ndarray) -> int:
        """Quarter turns counter-clockwise that make a picture the page."""
        page = cv2.resize(self.layout.picture, _THUMB, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
        turned = [np.ascontiguousarray(np.rot90(grey, quarters)) for quarters in range(4)]
        small = [cv2.resize(each, _THUMB, interpolation=cv2.INTER_AREA) for each in turned]
        return int(np.argmin([cv2.norm(page, each, cv2.NORM_L1) for each in small]))


class MarkReader:
    """Reads each picture as ``ab cd``, surely where the bold mark stands at its left end."""

    def read(
        self, pictures: list[np.ndarray], decoder: Decoder = GREEDY, least_clear: float = 0.0
    ) -> list[LineRead]:
        """See `lines.reader.Reader.read`."""
        return [LineRead(self.characters(picture), 0.5) for picture in pictures]

    def characters(self, picture: np.ndarray) -> list[CharacterRead]:
        """The five characters, as sure as the mark's place says."""
        inked = (picture > 127).sum(axis=0)
        sure = 0.9 if inked[4:24].sum() > inked[-24:-4].sum() else 0.2
        steps = np.linspace(1, picture.shape[1] / 4 - 2, 5).astype(int)
        return [
            CharacterRead(int(step), int(step), [(character, sure), ("x", (1 - sure) / 2)])
            for step, character in zip(steps, "ab cd", strict=True)
        ]


class UnsureReader(MarkReader):
    """A reader to which the lines look like writing to given degrees.

    Args:
        clearness: of each line, from the shortest to the longest; the last one of all longer ones.
    """

    def __init__(self, *clearness: float) -> None:
        self.clearness = clearness

    def read(
        self, pictures: list[np.ndarray], decoder: Decoder = GREEDY, least_clear: float = 0.0
    ) -> list[LineRead]:
        """See `lines.reader.Reader.read`."""
        ranks = np.argsort(np.argsort([picture.shape[1] for picture in pictures]))
        last = len(self.clearness) - 1
        return [
            LineRead(self.characters(picture), 0.5, self.clearness[min(int(rank), last)])
            for picture, rank in zip(pictures, ranks, strict=True)
        ]
