"""Cutting the text lines out of a picture, given where they lie.

Each line is straightened along its polyline. Ink belongs to the line whose core zone it reaches;
ink that reaches several is divided halfway between them. Ruled lines are left in, because the
text-line model is used to them; frames and boxes are not (`pages.layout_maps`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.contrast import is_darker, normalised, paper_of, signed_difference
from handwriting.imaging.text_lines import TextLine
from handwriting.pages.layout_maps import LayoutMaps

CORE = 24
"""Height of the core zone in a strip, in pixels."""

# Lengths below are heights of the core zone, measured from its middle, unless they are counts,
# probabilities or parts of a whole.
_ABOVE, _BELOW = 1.9, 1.6
_BEYOND, _NEAR_END = 1.0, 0.5
_SPACING, _STIFFNESS = 1.0, 30.0
_MOST_POINTS, _WIDEST = 400, 16_000
_SMALLEST, _THINNEST = 2.0, 0.3
_OWNER_CORE, _LARGEST_SHRINK = 6, 1.5
_PAPER, _KERNEL = 6, 101
_INK = 110
_INK_BAND = 0.7
_LEVEL = 4.0
_DUST, _REACHES = 0.005, 0.02
_RISEN, _SUNK, _MARK_HIGH, _MARK_WIDE = 1.7, 1.3, 1.0, 1.6
_RULE, _RULED, _EDGE, _CROSSED, _BESIDE = 0.5, 0.7, 1.5, 0.4, 0.75


@dataclass(frozen=True)
class Strip:
    """A text line cut out of a picture and straightened.

    Attributes:
        contrast: uint8 (height, width), 0 paper, 255 the median ink, without the ink of other
            lines; the core zone is CORE pixels high.
        box: left, top, right, bottom of the line's ink, for `imaging.line.cut_line`.
        middles: float (width, 2), x and y in the picture of each column's pixel in the middle of
            the core zone.
        downs: float (width, 2), step in the picture from one row of a column to the next.
        middle: the row of ``middles``.
        darkness: median difference of its ink from the paper, in 0..255.
    """

    contrast: np.ndarray
    box: tuple[int, int, int, int]
    middles: np.ndarray
    downs: np.ndarray
    middle: int
    darkness: float = 255.0

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points of ``contrast`` in pixels of the picture; float (N, 2) to (N, 2)."""
        columns = np.arange(len(self.middles))
        x, y, right, down = (
            np.interp(points[:, 0], columns, values) for values in (*self.middles.T, *self.downs.T)
        )
        rows = points[:, 1] - self.middle
        return np.stack((x + rows * right, y + rows * down), axis=1)


def strips_of(
    colours: np.ndarray, lines: Sequence[TextLine], maps: LayoutMaps | None = None
) -> list[Strip | None]:
    """Cut lines out of a picture.

    Args:
        colours: uint8 (height, width, 3), dark writing on light paper or light on dark.
        lines: all lines of the picture, print too, because ink is divided among them.
        maps: of the picture, for its frames and boxes; without them these are left in.

    Returns:
        A strip for each line; ``None`` for a line without ink.
    """
    if not lines:
        return []
    page = _Page.of(colours, lines, maps)
    return [_strip(page, line, number) for number, line in enumerate(lines, start=1)]


@dataclass(frozen=True)
class _Course:
    """Where the columns and rows of a strip lie in the picture.

    Attributes:
        middles, downs: as for `Strip`.
        rows: int (height,), of each row its distance below the middle of the core zone.
        extended: columns at both ends that lie beyond the line.
    """

    middles: np.ndarray
    downs: np.ndarray
    rows: np.ndarray
    extended: int

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 (height, width) each: x and y of each pixel in the picture."""
        rows = self.rows[:, None].astype(np.float32)
        middles, downs = self.middles.astype(np.float32), self.downs.astype(np.float32)
        return middles[:, 0] + rows * downs[:, 0], middles[:, 1] + rows * downs[:, 1]


def _course(line: TextLine) -> _Course:
    """The course of a line, smoothed, and extended straight on at both ends."""
    points, heights = _smoothed(line)
    along = _directions(points)
    heights = np.pad(heights, 1, mode="edge")
    longer = _BEYOND * heights[:, None] * np.pad(along, ((1, 1), (0, 0)), mode="edge")
    points = np.concatenate((points[:1] - longer[:1], points, points[-1:] + longer[-1:]))
    along = np.pad(along, ((1, 1), (0, 0)), mode="edge")
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    at = np.append(0, np.cumsum(CORE * lengths / ((heights[1:] + heights[:-1]) / 2)))
    count = min(int(at[-1]) + 1, _WIDEST)
    columns = np.linspace(0, at[-1], count)
    x, y, right, down, scale = (
        np.interp(columns, at, values)
        for values in (*points.T, -along[:, 1], along[:, 0], heights / CORE)
    )
    rows = np.arange(-round(_ABOVE * CORE), round(_BELOW * CORE) + 1)
    downs = np.stack((right, down), axis=1) * scale[:, None]
    extended = round(_BEYOND * CORE * count / at[-1])
    return _Course(np.stack((x, y), axis=1), downs, rows, extended)


def _directions(points: np.ndarray) -> np.ndarray:
    """float (N, 2): unit vectors along a polyline; to the right where it does not move."""
    along = np.gradient(points, axis=0)
    length = np.linalg.norm(along, axis=1, keepdims=True)
    return np.where(length > 1e-6, along / np.maximum(length, 1e-6), (1.0, 0.0))


def _smoothed(line: TextLine) -> tuple[np.ndarray, np.ndarray]:
    """Points, float (N, 2), about a height apart, and heights, float (N,), less jittery.

    It is a Whittaker smoother: second differences are penalised, so straight lines stay.
    """
    usual = max(line.height, _SMALLEST)
    far = np.append(0, np.cumsum(np.linalg.norm(np.diff(line.points, axis=0), axis=1)))
    count = min(int(np.ceil(far[-1] / (_SPACING * usual))) + 2, _MOST_POINTS)
    at = np.linspace(0, far[-1], count)
    values = np.stack(
        [np.interp(at, far, column) for column in (*line.points.T, line.heights)], axis=1
    )
    bend = np.diff(np.eye(count), 2, axis=0)
    smooth = np.linalg.solve(np.eye(count) + _STIFFNESS * bend.T @ bend, values)
    return smooth[:, :2], np.maximum(smooth[:, 2], _THINNEST * usual)


@dataclass(frozen=True)
class _Page:
    """What the strips of one picture share.

    Attributes:
        differences: int16 (height, width) each, `imaging.contrast.signed_difference` of the picture
            and of ever smaller copies, each half as large as the one before.
        owners: int16 (rows, columns), number of the line whose core zone is nearest, negative
            outside of that core zone.
        step: pixels of the picture per place of ``owners``.
        maps: of the layout network.
    """

    differences: list[np.ndarray]
    owners: np.ndarray
    step: float
    maps: LayoutMaps | None

    @classmethod
    def of(cls, colours: np.ndarray, lines: Sequence[TextLine], maps: LayoutMaps | None) -> "_Page":
        usual = float(np.median([line.height for line in lines]))
        window = max(3, round(min(*colours.shape[:2], _PAPER * usual)))
        differences = [signed_difference(colours, paper_of(colours, window, _KERNEL))]
        highest = max(line.height for line in lines)
        while highest / 2 ** (len(differences) - 1) > _LARGEST_SHRINK * CORE:
            differences.append(_halved(differences[-1]))
        step = max(1.0, usual / _OWNER_CORE)
        return cls(differences, _owners(lines, colours.shape[:2], step), step, maps)

    def strip(self, course: _Course, places: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """int16 (height, width): differences of a strip; 0 outside of the picture."""
        height = CORE * float(np.median(np.linalg.norm(course.downs, axis=1)))
        halvings = int(np.ceil(np.log2(height / (_LARGEST_SHRINK * CORE))))
        chosen = self.differences[int(np.clip(halvings, 0, len(self.differences) - 1))]
        scales = np.divide(chosen.shape[::-1], self.differences[0].shape[::-1])
        return _sampled(chosen, places, 1 / scales, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)

    def owned(self, places: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """int16 (height, width): ``owners`` of a strip."""
        steps = np.full(2, self.step)
        return _sampled(self.owners, places, steps, cv2.INTER_NEAREST, cv2.BORDER_REPLICATE)

    def ruled(self, places: tuple[np.ndarray, np.ndarray]) -> np.ndarray | None:
        """bool (height, width): where a strip has drawn lines."""
        if self.maps is None:
            return None
        steps = np.full(2, self.maps.step)
        rules = _sampled(self.maps.rules, places, steps, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
        return rules > _RULE


def _halved(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape
    size = max(1, (width + 1) // 2), max(1, (height + 1) // 2)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _sampled(
    picture: np.ndarray,
    places: tuple[np.ndarray, np.ndarray],
    steps: np.ndarray,
    how: int,
    border: int,
) -> np.ndarray:
    """A picture at places given in pixels of another one that is ``steps`` times as large."""
    x, y = ((place + 0.5) / np.float32(k) - 0.5 for place, k in zip(places, steps, strict=True))
    return cv2.remap(picture, x, y, how, borderMode=border)


def _owners(lines: Sequence[TextLine], shape: tuple[int, ...], step: float) -> np.ndarray:
    """int16 (rows, columns): see `_Page`; 0 without any line."""
    rows, columns = (int(np.ceil(length / step)) for length in shape)
    cores = np.zeros((rows, columns), dtype=np.int16)
    for number, line in enumerate(lines, start=1):
        outline, middle = (
            np.round(points / step - 0.5).astype(np.int32)
            for points in (line.outline(), line.points)
        )
        cv2.fillPoly(cores, [outline], number)
        cv2.polylines(cores, [middle], False, number)
    if not cores.any():
        return cores
    _, labels = cv2.distanceTransformWithLabels(
        (cores == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    numbers = np.zeros(int(labels.max()) + 1, dtype=np.int16)
    numbers[labels[cores > 0]] = cores[cores > 0]
    return np.where(cores > 0, cores, -numbers[labels])


def _strip(page: _Page, line: TextLine, number: int) -> Strip | None:
    course = _course(line)
    places = course.places
    difference = page.strip(course, places)
    # Cloth and shadows beside the line must not decide what is ink.
    band = difference[np.abs(course.rows) <= _INK_BAND * CORE]
    inked = difference if is_darker(band) else -difference
    inked = np.clip(inked, 0, 255).astype(np.uint8)
    contrast = normalised(inked)
    solid = contrast > _INK
    ruled = page.ruled(places)
    frames = np.zeros_like(solid) if ruled is None else _frames(solid, ruled, course.rows)
    solid &= ~frames
    own = _Ownership(page.owned(places), number, course, ruled)
    kept, foreign = own.divided(solid & ~_long_runs(solid, _LEVEL))
    if not kept.any():
        return None
    free = own.is_nearest & ~_grown(foreign | frames, 5)
    contrast[~free & ~_grown(kept, 3)] = 0
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    darkness = float(np.median(inked[kept]))
    return Strip(contrast, box, course.middles, course.downs, -int(course.rows[0]), darkness)


def _grown(mask: np.ndarray, size: int) -> np.ndarray:
    return cv2.dilate(mask.view(np.uint8), np.ones((size, size), np.uint8)) > 0


def _long_runs(solid: np.ndarray, length: float) -> np.ndarray:
    """bool: ink of about horizontal runs of ``length`` heights of the core zone and more."""
    thick = cv2.dilate(solid.view(np.uint8), np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, round(length * CORE)), np.uint8))
    return (runs > 0) & solid


def _frames(solid: np.ndarray, ruled: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """bool (height, width): frames, boxes and vertical lines, without the strokes across them.

    Ruled lines beside the core zone stay: the text-line model reads over them.
    """
    drawn = solid & ruled
    level = _long_runs(drawn, _EDGE)
    level[np.abs(rows) <= _BESIDE * CORE] = False
    upright = _long_runs(np.ascontiguousarray(drawn.T), _EDGE).T
    rest = (solid & ~(level | upright)).astype(np.uint8)
    gap = round(_CROSSED * CORE)
    across = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8)) > 0
    along = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8)) > 0
    return (level & ~across) | (upright & ~along)


@dataclass(frozen=True)
class _Ownership:
    """Whose ink is whose in a strip.

    Attributes:
        owners: int16 (height, width), as for `_Page`.
        number: of the strip's own line.
        course: of the strip.
        ruled: bool (height, width), where there are drawn lines, if that is known.
    """

    owners: np.ndarray
    number: int
    course: _Course
    ruled: np.ndarray | None

    @property
    def is_nearest(self) -> np.ndarray:
        """bool (height, width): places whose nearest core zone is that of the line."""
        return np.abs(self.owners) == self.number

    def divided(self, solid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """bool (height, width) each: the line's own ink, and that of other lines.

        Dust and what is drawn are neither.

        Args:
            solid: bool (height, width), ink without ruled lines.
        """
        count, labels, facts, _ = cv2.connectedComponentsWithStats(solid.view(np.uint8))
        mine = self.is_nearest
        area = facts[:, cv2.CC_STAT_AREA]

        def parts(mask: np.ndarray) -> np.ndarray:
            return np.bincount(labels[mask], minlength=count)

        elsewhere = parts((self.owners > 0) & ~mine) > 0
        # What leaves the strip above or below towards another line may be a tail of that one.
        edges = ~mine
        edges[1:-1] = False
        elsewhere |= parts(edges) > 0
        of_mine = parts(mine)
        written = area >= _DUST * CORE**2
        if self.ruled is not None:
            written &= parts(self.ruled) < _RULED * area
        written[0] = False
        reaching = written & (parts(self._core_zone() & mine) > _REACHES * area)
        marks = written & ~reaching & ~elsewhere & (of_mine > area / 2) & self._may_be_mark(facts)
        kept = ((reaching & ~elsewhere) | marks)[labels] | ((reaching & elsewhere)[labels] & mine)
        foreign = elsewhere | (of_mine <= area / 2)
        foreign[0] = False
        return kept, foreign[labels] & ~kept

    def _core_zone(self) -> np.ndarray:
        """bool (height, width): the core zone, a little longer than the line."""
        zone = np.zeros(self.owners.shape, dtype=bool)
        start, end = self._extent()
        zone[np.abs(self.course.rows) <= CORE / 2, start:end] = True
        return zone

    def _extent(self) -> tuple[int, int]:
        start = round(self.course.extended * (1 - _NEAR_END / _BEYOND))
        return start, self.owners.shape[1] - start

    def _may_be_mark(self, facts: np.ndarray) -> np.ndarray:
        """bool (count,): which components are as small and as near as dots, accents and commas."""
        left, top, wide, high = facts[:, :4].T
        middle = top + high / 2 + self.course.rows[0]
        start, end = self._extent()
        small = (wide <= _MARK_WIDE * CORE) & (high <= _MARK_HIGH * CORE)
        near = (middle > -_RISEN * CORE) & (middle < _SUNK * CORE)
        return small & near & (left + wide > start) & (left < end)
