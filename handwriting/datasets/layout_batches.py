"""Training samples of the layout network: parts of pages as a camera sees them, with their maps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from torch.utils.data import DataLoader

from handwriting.imaging.text_lines import CELL, HEIGHT_UNIT, PRINT, UNKNOWN, TextLayout

SIDE = 640
"""Pixels of a training sample's sides."""

_HEIGHTS = (5.0, 9.0, 16.0, 45.0)
_TURNED, _STEEP, _INVERTED, _WHOLE = 0.25, 0.15, 0.12, 0.3


class LayoutSource(Protocol):
    """Pictures of pages with their text lines."""

    def draw(self, rng: np.random.Generator) -> TextLayout:
        """One of them."""


@dataclass(frozen=True)
class DrawnPages:
    """A source of pages kept in memory; ``picture`` may be grey, uint8 (height, width)."""

    layouts: Sequence[TextLayout]

    def draw(self, rng: np.random.Generator) -> TextLayout:
        """One of the pages."""
        return self.layouts[int(rng.integers(len(self.layouts)))]


@dataclass(frozen=True)
class LayoutSample:
    """A picture and what the network should say of it; the maps are uint8 (side / 4, side / 4).

    Attributes:
        picture: uint8 (side, side), grey.
        core: 255 in the core zone of handwriting.
        printed: 255 in that of print.
        rules: 255 on rules.
        height: float32, :data:`HEIGHT_UNIT`'s logarithm; 0 outside of lines.
        known: 255 where core zones are taught.
        rules_known: 255 where rules are taught.
        quarters: quarter turns counter-clockwise that make the picture upright, 0..3.
    """

    picture: np.ndarray
    core: np.ndarray
    printed: np.ndarray
    rules: np.ndarray
    height: np.ndarray
    known: np.ndarray
    rules_known: np.ndarray
    quarters: int


class LayoutBatches:
    """Iterate over an epoch's batches, which depend on seed and epoch alone.

    Args:
        sources: of the samples, with their shares.
        samples: in an epoch, over all ranks.
        batch: samples in a batch.
        seed: of the samples.
        rank: this process's rank.
        ranks: number of ranks.
        workers: processes that draw samples.
    """

    def __init__(
        self,
        sources: Sequence[tuple[LayoutSource, float]],
        samples: int,
        batch: int,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
        workers: int = 1,
    ) -> None:
        self.sources = [source for source, _ in sources]
        shares = np.array([share for _, share in sources], dtype=float)
        self.shares = shares / shares.sum()
        self.samples, self.batch, self.seed = samples, batch, seed
        self.rank, self.ranks, self.workers = rank, ranks, workers
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Select the samples of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Samples in an epoch, over all ranks."""
        return self.samples

    def __iter__(self) -> Iterator[list[LayoutSample]]:
        numbers = range(self.rank, self.samples, self.ranks)
        firsts = range(0, len(numbers), self.batch)
        batches = [list(numbers[first : first + self.batch]) for first in firsts]
        yield from DataLoader(
            batches,
            batch_size=None,
            num_workers=self.workers,
            collate_fn=self._draw,
            worker_init_fn=_draw_on_one_core,
        )

    def _draw(self, numbers: list[int]) -> list[LayoutSample]:
        return [self.draw(number) for number in numbers]

    def draw(self, number: int) -> LayoutSample:
        """The sample of this number in this epoch."""
        rng = np.random.default_rng((self.seed, self.epoch, number))
        source = self.sources[int(rng.choice(len(self.sources), p=self.shares))]
        return drawn_sample(source.draw(rng), rng)


def _draw_on_one_core(worker: int) -> None:
    """OpenCV's threads do not survive the fork of this process."""
    cv2.setNumThreads(0)


def drawn_sample(layout: TextLayout, rng: np.random.Generator, side: int = SIDE) -> LayoutSample:
    """A part of a page as a camera could see it, with its maps."""
    matrix = _random_view(layout, rng, side)
    seen = moved(as_grey(layout), matrix, (side, side), float(rng.uniform(0, 255)))
    quarters = int(rng.integers(1, 4)) if rng.random() < _TURNED else 0
    picture = np.ascontiguousarray(np.rot90(_lit(seen.picture, rng), -quarters))
    return sample_of(replace(seen, picture=picture), quarters)


def as_grey(layout: TextLayout) -> TextLayout:
    """The layout with a grey picture, uint8 (height, width)."""
    if layout.picture.ndim == 2:
        return layout
    return replace(layout, picture=cv2.cvtColor(layout.picture, cv2.COLOR_RGB2GRAY))


def sample_of(layout: TextLayout, quarters: int = 0) -> LayoutSample:
    """The maps of a grey picture with sides that are multiples of CELL.

    Args:
        layout: its lines in pixels of the upright picture.
        quarters: quarter turns counter-clockwise that make ``layout.picture`` upright.
    """
    upright = np.rot90(layout.picture, quarters)
    shape = upright.shape
    core, printed = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    known = layout.known.copy()
    height = np.zeros([length // CELL for length in shape], np.float32)
    for line in layout.lines:
        zone = np.round(line.outline() * 16).astype(np.int32)
        if line.kind == UNKNOWN:
            cv2.fillPoly(known, [np.round(line.outline(1.5, 1.5)).astype(np.int32)], 0)
            continue
        cv2.fillPoly(printed if line.kind == PRINT else core, [zone], 255, shift=4)
        wider = np.round(line.outline(0.9, 0.9) * 16 / CELL).astype(np.int32)
        level = float(np.log2(max(line.height, 1) / HEIGHT_UNIT))
        cv2.fillPoly(height, [wider], level, shift=4)
    rules = np.zeros(shape, np.uint8) if layout.rules is None else layout.rules
    # A thin rule would vanish in the mean.
    rules = cv2.dilate(rules, np.ones((CELL - 1, CELL - 1), np.uint8))
    rules_known = np.zeros(shape, np.uint8) if layout.rules is None else known
    maps = [_smaller(each) for each in (core, printed, rules, known, rules_known)]
    core, printed, rules, known, rules_known = (
        np.ascontiguousarray(np.rot90(each, -quarters)) for each in maps
    )
    turned = np.ascontiguousarray(np.rot90(height, -quarters))
    return LayoutSample(layout.picture, core, printed, rules, turned, known, rules_known, quarters)


def _smaller(full: np.ndarray) -> np.ndarray:
    height, width = full.shape
    return cv2.resize(full, (width // CELL, height // CELL), interpolation=cv2.INTER_AREA)


def moved(
    layout: TextLayout, matrix: np.ndarray, size: tuple[int, int], beside: float = 255.0
) -> TextLayout:
    """A layout under a homography.

    Args:
        layout: with a grey picture.
        matrix: float (3, 3).
        size: width and height of the new picture.
        beside: grey level outside of the old one, 0..255.
    """
    shrunk, matrix = _shrunk(layout, matrix)

    def warped(mask: np.ndarray, outside: float, how: int = cv2.INTER_LINEAR) -> np.ndarray:
        border = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": outside}
        return cv2.warpPerspective(mask, matrix, size, flags=how, **border)

    return TextLayout(
        warped(shrunk.picture, beside),
        tuple(line.moved(matrix) for line in shrunk.lines),
        None if shrunk.rules is None else warped(shrunk.rules, 0),
        warped(shrunk.known, 255, cv2.INTER_NEAREST),
    )


def _shrunk(layout: TextLayout, matrix: np.ndarray) -> tuple[TextLayout, np.ndarray]:
    """The layout downscaled by area averaging first where the homography shrinks it much."""
    height, width = layout.picture.shape[:2]
    middle = np.array([[width / 2, height / 2], [width / 2 + 1, height / 2]])
    ends = cv2.perspectiveTransform(middle[None], matrix)[0]
    scale = float(np.linalg.norm(ends[1] - ends[0]))
    if scale > 0.7:
        return layout, matrix
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    factors = np.diag([size[0] / width, size[1] / height, 1.0])

    def resized(mask: np.ndarray) -> np.ndarray:
        return cv2.resize(mask, size, interpolation=cv2.INTER_AREA)

    known = np.where(resized(layout.known) > 250, 255, 0).astype(np.uint8)
    small = TextLayout(
        resized(layout.picture),
        tuple(line.moved(factors) for line in layout.lines),
        None if layout.rules is None else resized(layout.rules),
        known,
    )
    return small, matrix @ np.linalg.inv(factors)


def _random_view(layout: TextLayout, rng: np.random.Generator, side: int) -> np.ndarray:
    """A homography that turns, tilts and scales a part of a page into the sample."""
    height, width = layout.picture.shape[:2]
    heights = [line.height for line in layout.lines if line.kind != UNKNOWN]
    usual = float(np.median(heights)) if heights else max(width, height) / 60
    whole = side / max(width, height)
    scale = _random_height(rng) / usual
    # Rarely a sample shows less than a ninth of the page or much more than it.
    scale = float(np.clip(scale, 0.5 * whole, 3 * side / min(width, height)))
    if rng.random() < _WHOLE:
        scale = whole * rng.uniform(0.85, 1.05)
    degrees = rng.uniform(-15, 15) if rng.random() < _STEEP else rng.normal(0, 2.5)
    angle = np.radians(degrees)
    stretch = np.exp(rng.normal(0, 0.07))
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    zoom = np.diag([scale * stretch, scale / stretch, 1.0])
    fan = np.eye(3)
    fan[2, :2] = rng.normal(0, 0.12, 2) / side
    room = np.maximum(np.array([width, height]) * scale - side, 0.15 * side) / 2
    shift = np.eye(3)
    shift[:2, 2] = side / 2 + rng.uniform(-room, room)
    middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    return shift @ fan @ turn @ zoom @ middle


def _random_height(rng: np.random.Generator) -> float:
    """Height of the core zone in pixels: mostly that of whole pages, sometimes far larger."""
    low, usual, high, highest = np.log(_HEIGHTS)
    if rng.random() < 0.8:
        return float(np.exp(rng.uniform(low, high) if rng.random() < 0.4 else
                            rng.uniform(low, usual + 0.2)))  # fmt: skip
    return float(np.exp(rng.uniform(high, highest)))


def _lit(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light, lens and file: brightness, contrast, shadow, blur, noise, JPEG, sometimes inverted."""
    scene = (picture / np.float32(255)) ** np.float32(np.exp(rng.normal(0, 0.25)))
    scene = scene * np.float32(rng.uniform(0.5, 1)) + np.float32(rng.uniform(0, 0.3))
    if rng.random() < 0.5:
        scene = scene * _shade(scene.shape, rng)
    if rng.random() < 0.4:
        scene = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.3, 1.3))
    if rng.random() < 0.5:
        scene = scene + np.float32(rng.uniform(0, 0.05)) * rng.standard_normal(
            scene.shape, dtype=np.float32
        )
    if rng.random() < _INVERTED:
        scene = 1 - scene
    lit = np.clip(255 * scene, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))]
        lit = cv2.imdecode(cv2.imencode(".jpg", lit, quality)[1], cv2.IMREAD_GRAYSCALE)
    return lit


def _shade(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Brightness of each pixel: falling off to one side, and half of it in a shadow at times."""
    rows, columns = (np.linspace(-0.5, 0.5, length, dtype=np.float32) for length in shape)
    angle = rng.uniform(0, 2 * np.pi)
    across = np.float32(np.cos(angle)) * columns[None] + np.float32(np.sin(angle)) * rows[:, None]
    light = 1 + np.float32(rng.uniform(0, 0.6)) * across
    if rng.random() < 0.5:
        depth, sharp = np.float32(rng.uniform(0.1, 0.6)), np.float32(rng.uniform(5, 60))
        edge = np.float32(rng.uniform(-0.4, 0.4))
        light = light * (1 - depth / (1 + np.exp(-sharp * (across[::-1] - edge))))
    return light
