"""How a sheet becomes a picture: scanned, or photographed on a table; its truth moves along."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from handwriting.imaging.text_lines import TextLayout, TextLine
from handwriting.synthesis.light import lighting
from handwriting.synthesis.pages.surfaces import any_surface

_COARSE = 8
_SAMPLES = 48
_LEAST_INSIDE = 1.0


@dataclass(frozen=True)
class Curl:
    """A smooth displacement of a sheet's places: two slow waves, in fractions of its size.

    Attributes:
        size: columns and rows of the sheet.
        amplitudes: float (2, 2), of each wave in x and y.
        speeds: float (2, 2), of each wave along x and y.
        phases: float (2,).
    """

    size: np.ndarray
    amplitudes: np.ndarray
    speeds: np.ndarray
    phases: np.ndarray

    @classmethod
    def any(cls, shape: tuple[int, int], strength: float, rng: np.random.Generator) -> "Curl":
        """A random one; ``strength`` is the standard deviation of the waves."""
        speeds = rng.normal(0, 1.0, (2, 2)) * 2 * np.pi
        return cls(
            np.array(shape[::-1], dtype=np.float64),
            rng.normal(0, strength, (2, 2)),
            speeds * 0.8,
            rng.uniform(0, 2 * np.pi, 2),
        )

    def source(self, points: np.ndarray) -> np.ndarray:
        """Where on the flat sheet lies what is seen at these places, float (..., 2)."""
        turns = (points / self.size) @ self.speeds.T + self.phases
        return points + (np.sin(turns) @ self.amplitudes) * float(self.size.max())

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Where places of the flat sheet are seen, float (..., 2)."""
        found = points
        for _ in range(8):
            found = found - (self.source(found) - points)
        return found


def photographed(layout: TextLayout, rng: np.random.Generator) -> TextLayout:
    """A sheet on a table, seen by a camera: from aside, curled, in some light."""
    rows, columns = layout.rules.shape
    shape = _picture_shape(rows, columns, rng)
    matrix = _view((rows, columns), shape, rng)
    curl = Curl.any((rows, columns), abs(rng.normal(0, 0.006)) if rng.random() < 0.6 else 0.0, rng)
    seen = _seen(layout, shape, matrix, curl, rng)
    core = np.median([line.height for line in seen.lines]) if seen.lines else 20.0
    picture = exposed(seen.picture, float(core), rng)
    return replace(seen, picture=picture)


def scanned(layout: TextLayout, rng: np.random.Generator) -> TextLayout:
    """A sheet under a scanner: a little turned, nearly even light, a file of some quality."""
    picture = layout.picture
    if rng.random() < 0.3:
        core = np.median([line.height for line in layout.lines]) if layout.lines else 20.0
        picture = cv2.GaussianBlur(picture, (0, 0), min(0.12 * float(core), rng.uniform(0.3, 1.2)))
    if rng.random() < 0.25:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        if rng.random() < 0.3:
            _, grey = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    layout = replace(layout, picture=_filed(picture, rng))
    if rng.random() < 0.6:
        layout = _turned(layout, rng)
    return inside(layout)


def exposed(picture: np.ndarray, core: float, rng: np.random.Generator) -> np.ndarray:
    """A scene in some light, through a lens and a sensor, as a file.

    Args:
        picture: uint8 (rows, columns, 3).
        core: height of the core zone of its writing, in pixels; blur leaves it readable.
        rng: random generator.
    """
    rows, columns = picture.shape[:2]
    light = lighting((rows // _COARSE + 1, columns // _COARSE + 1), rng)
    cast = 1 + rng.normal(0, 0.06, 3) if rng.random() < 0.4 else np.ones(3)
    light = np.clip(light, 0.15, 1.25)[:, :, None] * cast.astype(np.float32)
    light = cv2.resize(light, (columns, rows))
    picture = cv2.multiply(picture, light, dtype=cv2.CV_8U)
    if rng.random() < 0.6:
        sigma = max(0.3, rng.uniform(0.02, 0.12) * core)
        picture = cv2.GaussianBlur(picture, (0, 0), min(sigma, 4.0))
    if rng.random() < 0.2:
        # A picture of few pixels that was made larger.
        small = rng.uniform(max(0.35, min(0.9, 6 / core)), 1)
        size = (max(8, int(columns * small)), max(8, int(rows * small)))
        picture = cv2.resize(
            cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (columns, rows)
        )
    if rng.random() < 0.7:
        noise = np.empty((rows, columns), dtype=np.int16)
        seed = int(rng.integers(2**31))
        cv2.setRNGSeed(seed)
        cv2.randn(noise, 0, rng.uniform(1, 9))
        picture = cv2.add(picture, cv2.merge([noise] * 3), dtype=cv2.CV_8U)
    return _filed(picture, rng)


def _filed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As a JPEG file, half of the time."""
    if rng.random() < 0.5:
        return picture
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 92))]
    return cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)


def _picture_shape(rows: int, columns: int, rng: np.random.Generator) -> tuple[int, int]:
    """The sheet's shape, or that of a usual photograph."""
    longest = max(rows, columns)
    if rng.random() < 0.5:
        return rows, columns
    aspect = float(rng.choice([3 / 4, 9 / 16, 2 / 3, 1.0]))
    if (columns > rows) != (rng.random() < 0.2):
        return round(longest * aspect), longest
    return longest, round(longest * aspect)


def _view(sheet: tuple[int, int], shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Homography from the sheet to the picture."""
    high, wide = sheet
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], dtype=np.float64)
    fit = min(shape[0] / high, shape[1] / wide)
    # Closer than the whole sheet one time in three.
    scale = fit * (rng.uniform(0.7, 1.0) if rng.random() < 0.65 else rng.uniform(1.0, 1.35))
    angle = np.deg2rad(np.clip(rng.normal(0, 5), -15, 15)) if rng.random() < 0.8 else 0.0
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = (corners - (wide / 2, high / 2)) * scale @ turn
    aside = rng.uniform(0, 0.07) if rng.random() < 0.7 else 0.0
    moved += rng.normal(0, aside, (4, 2)) * min(high, wide) * scale
    moved += np.array([shape[1] / 2, shape[0] / 2]) + rng.normal(0, 0.05, 2) * shape[::-1]
    return cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))


def _sources(shape: tuple[int, int], matrix: np.ndarray, curl: Curl) -> np.ndarray:
    """float32 (rows, columns, 2): the place on the sheet that each pixel shows.

    Exact on a coarse grid, and linear in between.
    """
    rows, columns = (length // _COARSE + 3 for length in shape)
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) - 1.0
    places = (grid + 0.5) * _COARSE - 0.5
    flat = cv2.perspectiveTransform(places.reshape(1, -1, 2), np.linalg.inv(matrix))[0]
    found = curl.source(flat).reshape(rows, columns, 2).astype(np.float32)
    fine = cv2.resize(found, (columns * _COARSE, rows * _COARSE))
    return fine[_COARSE : _COARSE + shape[0], _COARSE : _COARSE + shape[1]]


def _seen(
    layout: TextLayout,
    shape: tuple[int, int],
    matrix: np.ndarray,
    curl: Curl,
    rng: np.random.Generator,
) -> TextLayout:
    """The sheet on a table, and its truth."""
    sources = _sources(shape, matrix, curl)
    x, y = cv2.split(sources)
    picture = cv2.remap(layout.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rules = cv2.remap(layout.rules, x, y, cv2.INTER_LINEAR)
    rows, columns = layout.rules.shape
    sheet = cv2.inRange(sources, (-0.5, -0.5), (columns - 0.5, rows - 0.5))
    if cv2.countNonZero(sheet) < sheet.size:
        picture = _on_table(picture, sheet, rng)
    lines = tuple(_moved(line, matrix, curl) for line in layout.lines)
    rules = cv2.threshold(rules, 70, 255, cv2.THRESH_BINARY)[1]
    known = np.full(shape, 255, dtype=np.uint8)
    return inside(TextLayout(picture, lines, rules, known))


def _on_table(picture: np.ndarray, sheet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture whose pixels beyond the sheet show a table, on which the sheet casts a shadow."""
    table = any_surface(sheet.shape, rng)
    edge = cv2.GaussianBlur(sheet, (0, 0), 0.8).astype(np.float32) / 255
    small = cv2.resize(sheet, None, fx=1 / 4, fy=1 / 4, interpolation=cv2.INTER_AREA)
    shade = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.5, 6)).astype(np.float32)
    move = np.float32([[1, 0, rng.normal(0, 2)], [0, 1, rng.normal(0, 2)]])
    shade = cv2.warpAffine(shade, move, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    shade = 1 - cv2.resize(shade, sheet.shape[::-1]) * np.float32(rng.uniform(0, 0.6) / 255)
    table = cv2.multiply(table, cv2.merge([shade] * 3), dtype=cv2.CV_8U)
    return cv2.blendLinear(picture, table, edge, 1 - edge)


def _moved(line: TextLine, matrix: np.ndarray, curl: Curl) -> TextLine:
    """A line under curl and homography."""
    up = line.ups * line.heights[:, None] / 2
    places = np.concatenate((line.points, line.points + up, line.points - up))
    seen = cv2.perspectiveTransform(curl.seen(places)[None], matrix)[0]
    middle, top, bottom = np.split(seen, 3)
    return replace(line, points=middle, heights=np.linalg.norm(top - bottom, axis=1))


def _turned(layout: TextLayout, rng: np.random.Generator) -> TextLayout:
    """The sheet turned a little, with the scanner's lid or more paper around it."""
    rows, columns = layout.rules.shape
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), float(rng.normal(0, 1.2)), 1.0)
    mode = cv2.BORDER_REPLICATE if rng.random() < 0.7 else cv2.BORDER_CONSTANT
    value = (255, 255, 255) if rng.random() < 0.6 else (20, 20, 20)
    size = (columns, rows)
    picture = cv2.warpAffine(layout.picture, matrix, size, borderMode=mode, borderValue=value)
    rules = cv2.warpAffine(layout.rules, matrix, size)
    rules = cv2.threshold(rules, 70, 255, cv2.THRESH_BINARY)[1]
    full = np.vstack((matrix, (0, 0, 1)))
    lines = tuple(line.moved(full) for line in layout.lines)
    return TextLayout(picture, lines, rules, layout.known)


def inside(layout: TextLayout) -> TextLayout:
    """The parts of its lines that lie on the picture."""
    rows, columns = layout.rules.shape
    parts = (_clipped(line, columns, rows) for line in layout.lines)
    return replace(layout, lines=tuple(part for part in parts if part is not None))


def _clipped(line: TextLine, columns: int, rows: int) -> TextLine | None:
    """The longest part of a line on the picture; ``None`` for less than a core height."""

    def lies_inside(points: np.ndarray) -> np.ndarray:
        return ((points >= 0) & (points <= (columns - 1, rows - 1))).all(axis=1)

    if lies_inside(line.points).all():
        return line
    fine = np.linspace(0, len(line.points) - 1, _SAMPLES * (len(line.points) - 1) // 4 + 2)
    places = np.arange(len(line.points))
    points = np.stack([np.interp(fine, places, each) for each in line.points.T], axis=1)
    flags = np.concatenate(([0], lies_inside(points).astype(int), [0]))
    starts, stops = np.flatnonzero(np.diff(flags) == 1), np.flatnonzero(np.diff(flags) == -1)
    if not len(starts):
        return None
    longest = int((stops - starts).argmax())
    first, last = fine[starts[longest]], fine[stops[longest] - 1]
    middle = places[(places > first) & (places < last)]
    kept = np.concatenate(([first], middle, [last]))
    points = np.stack([np.interp(kept, places, each) for each in line.points.T], axis=1)
    heights = np.interp(kept, places, line.heights)
    if np.linalg.norm(points[-1] - points[0]) < _LEAST_INSIDE * np.median(heights):
        return None
    return replace(line, points=points, heights=heights, text="")
