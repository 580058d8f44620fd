"""Text-line segmentation of a page that is about level; lines may be curved or slanted slightly.

Ink smoothed along the lines has a ridge on each line (as with steerable filters, Shi et al. 2009).
Collinear pieces of ridges are joined, and connected components are assigned to the nearest line.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.scaling import scaled

_UNIT = 12
"""Height of a letter, in pixels, in the downscaled image for the search of ridges."""

_SMOOTH_ALONG, _SMOOTH_ACROSS = 1.8, 0.32
_ALONE, _LEAST_RIDGE = 0.5, 0.16
_LONGEST_GAP = 6.0
_OFF = 0.45
_STEEPEST = 0.2
_SAME_LINE, _SAME_LINE_SHORT = 0.6, 0.9
_REACH, _BEYOND = 1.5, 2.5
_WHOLE = 0.75
_BAR = 0.3
_LOW, _GROWN, _WITHIN = 2, 0.3, 0.65
_STRIP, _APART = 1.5, 0.6
_HIGHEST, _TALLEST = 7.0, 5.0
_MOST_PIECES = 300
_LEAST_HIGH, _LEAST_WIDE = 0.4, 0.6


@dataclass(frozen=True)
class Line:
    """A text line.

    Attributes:
        ink: uint8 (height, width), the ink of this line alone, straightened.
        origin: x of the ink's first column on the page, in pixels.
        tops: float (width,), y on the page of each column's first pixel.
    """

    ink: np.ndarray
    origin: int
    tops: np.ndarray

    def to_page(self, points: np.ndarray) -> np.ndarray:
        """Points of ``ink`` in pixels of the page; float (N, 2) to (N, 2)."""
        columns = np.clip(np.round(points[:, 0]).astype(int), 0, len(self.tops) - 1)
        return np.stack((points[:, 0] + self.origin, points[:, 1] + self.tops[columns]), axis=1)


def find_lines(ink: np.ndarray) -> list[Line]:
    """The text lines from top to bottom.

    Args:
        ink: uint8 (height, width), 255 for ink, without ruled lines, of `pages.ink.page_ink`.
    """
    solid = (ink > 110).astype(np.uint8)
    _, labels, facts, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    kept = is_writing(labels, facts)
    size = letter_height(facts[kept])
    if size is None:
        return []
    written = kept[labels]
    scale = min(1.0, _UNIT / size)
    small = scaled(written.astype(np.float32), scale)
    curves = find_curves(small, size * scale)
    if not curves:
        return []
    rows, columns = np.nonzero(written)
    owner = owners(rows * scale, columns * scale, labels[rows, columns], curves, size * scale)
    curves, owner = without_fragments(rows * scale, columns * scale, owner, curves, size * scale)
    owner[_beside_the_page(columns, owner, ink.shape[1], size)] = -1
    lines = [
        _cut(ink, rows[own], columns[own], curve, scale, size)
        for own, curve in zip(_owned(owner, len(curves)), curves, strict=True)
        if len(own)
    ]
    lines = [line for line in lines if _is_high_enough(line.ink, size)]
    return sorted(lines, key=lambda line: float(line.tops.mean()))


def _is_high_enough(ink: np.ndarray, size: float) -> bool:
    """Whether a line is more than a dash, a dot, or the rest of a ruled line."""
    counts = (ink > 110).sum(axis=1)
    high = np.count_nonzero(counts > 0.05 * counts.max())
    wide = ink.shape[1]
    return high > _LEAST_HIGH * size and (wide > _LEAST_WIDE * size or high > size)


def writing_of(ink: np.ndarray) -> tuple[np.ndarray, float | None]:
    """Mask of the writing, and height of a letter.

    Args:
        ink: as for :func:`find_lines`, in any orientation.

    Returns:
        bool (height, width); and the height in pixels, ``None`` without writing.
    """
    _, labels, facts, _ = cv2.connectedComponentsWithStats((ink > 110).astype(np.uint8))
    kept = is_writing(labels, facts)
    return kept[labels], letter_height(facts[kept])


def is_writing(labels: np.ndarray, facts: np.ndarray) -> np.ndarray:
    """bool (count,): which connected components may be writing.

    Excluded are the background, dust, parts far higher than letters, long bars as thin as a stroke,
    blots much wider than strokes (holes, spirals), and parts that reach in from the image's edge.

    Args:
        labels: int (height, width), component of each pixel, of OpenCV.
        facts: int (count, 5), statistics of the components, of OpenCV.
    """
    height, width = labels.shape
    left, top, wide, high, area = facts.T
    usable = (area >= 6) & (high < height / 4) & (wide < 0.9 * width)
    usable[0] = False
    size = letter_height(facts[usable])
    if size is None:
        return usable
    radius = _radii(labels, len(facts))
    # Weighted by length, so that the holes of a spiral binding count little.
    stroke = _weighted_median(2 * radius[usable], area[usable] / radius[usable])
    is_dust = area < (0.1 * size) ** 2
    is_border = (high > _HIGHEST * size) | ((high > 3 * size) & (wide < 0.15 * high))
    is_bar = (wide > 3 * size) & (wide > 3 * high) & (_thickness(labels, area) < _BAR * size)
    is_blot = (2 * radius > 2.5 * stroke) & (2 * radius > 0.4 * size)
    at_side = (left == 0) | (left + wide == width)
    at_end = (top == 0) | (top + high == height)
    is_outside = at_side & ((wide < 0.3 * size) | (high > 2.5 * size))
    is_outside |= at_end & (high < 0.3 * size)
    return usable & ~(is_dust | is_border | is_bar | is_blot | is_outside)


def _thickness(labels: np.ndarray, area: np.ndarray) -> np.ndarray:
    """float (count,): thickness, in pixels, of a bar with the same variance as each component."""
    rows, columns = np.nonzero(labels)
    part = labels[rows, columns]

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(part, values, minlength=len(area)) / np.maximum(area, 1)

    x, y = columns - mean(columns)[part], rows - mean(rows)[part]
    xx, yy, xy = mean(x * x), mean(y * y), mean(x * y)
    return np.sqrt(12 * np.maximum(yy - xy**2 / np.maximum(xx, 1e-9), 0))


def _radii(labels: np.ndarray, count: int) -> np.ndarray:
    """float (count,): radius of the largest disc in each component, in pixels."""
    distance = cv2.distanceTransform((labels > 0).astype(np.uint8), cv2.DIST_L2, 3)
    radii = np.zeros(count, dtype=np.float32)
    inside = labels > 0
    np.maximum.at(radii, labels[inside], distance[inside])
    return radii


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = weights[order].cumsum()
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def letter_height(facts: np.ndarray) -> float | None:
    """Typical height of a letter in pixels: the median of components, weighted by their width.

    Args:
        facts: int (count, 5), statistics of the components, of OpenCV.

    Returns:
        ``None`` without letters.
    """
    wide, high = facts[:, 2].astype(float), facts[:, 3].astype(float)
    upright = (high >= 5) & (wide < 12 * high) & (high < 8 * wide)
    if not upright.any():
        return None
    # Objects beside the paper are larger than any letter.
    upright &= high <= _TALLEST * np.percentile(high[upright], 75)
    high, wide = high[upright], wide[upright]
    return _weighted_median(high, np.minimum(wide, 2 * high) * np.sqrt(high))


def find_curves(small: np.ndarray, size: float) -> list[np.ndarray]:
    """The centre line of each text line: float (width,), y of each column, NaN outside.

    Args:
        small: float32 (height, width), 1 for ink.
        size: height of a letter, in pixels of ``small``.
    """
    along, across = _SMOOTH_ALONG * size, _SMOOTH_ACROSS * size
    smooth = cv2.GaussianBlur(small, (0, 0), along, sigmaY=across)
    window = 2 * round(_ALONE * size) + 1
    highest = cv2.dilate(smooth, np.ones((window, 1)))
    least = _LEAST_RIDGE * float(np.percentile(smooth[smooth > 0.01], 95)) if smooth.any() else 1
    ridge = ((smooth >= highest) & (smooth > least)).astype(np.uint8)
    joined = cv2.dilate(ridge, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    rows, columns = np.nonzero(ridge)
    label = labels[rows, columns]
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], np.arange(1, count + 1))
    seen = np.unique(label * np.int64(small.shape[1]) + columns)
    lengths = np.bincount(seen // small.shape[1], minlength=count)[1:]
    longest = np.argsort(-lengths, kind="stable")[:_MOST_PIECES]
    pieces = [
        _mean_rows(rows[order[start:end]], columns[order[start:end]], small.shape[1])
        for start, end in zip(starts[longest], starts[longest + 1], strict=True)
    ]
    usual = _usual_slope(pieces)
    joined_up = _joined([_Piece.of(curve, usual, size) for curve in pieces], usual, size)
    return [piece.curve for piece in _without_doubles(joined_up, usual, size)]


def _mean_rows(rows: np.ndarray, columns: np.ndarray, width: int) -> np.ndarray:
    """Mean y of each column that has any, NaN elsewhere."""
    counts = np.bincount(columns, minlength=width)
    sums = np.bincount(columns, rows, minlength=width)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _length(curve: np.ndarray) -> int:
    return int(np.count_nonzero(~np.isnan(curve)))


def _usual_slope(curves: list[np.ndarray]) -> float:
    """The median slope of the longer half."""
    slopes = [_slope(np.flatnonzero(~np.isnan(c)), c, 0.0, 0.0) for c in curves if _length(c) > 2]
    return float(np.median(slopes[: (len(slopes) + 1) // 2])) if slopes else 0.0


def _slope(columns: np.ndarray, curve: np.ndarray, usual: float, prior: float) -> float:
    """Slope of a least-squares line, regularised towards ``usual`` with the weight ``prior``."""
    x = columns - columns.mean()
    slope = ((x * curve[columns]).sum() + prior * usual) / ((x * x).sum() + prior)
    return float(np.clip(slope, -_STEEPEST, _STEEPEST))


@dataclass(frozen=True)
class _Piece:
    """A piece of a centre line: its curve, the columns with a y, and its slope."""

    curve: np.ndarray
    columns: np.ndarray
    slope: float

    @classmethod
    def of(cls, curve: np.ndarray, usual: float, size: float) -> "_Piece":
        columns = np.flatnonzero(~np.isnan(curve))
        # The prior weighs as much as six letters with the page's median slope.
        return cls(curve, columns, _slope(columns, curve, usual, (6 * size) ** 3 / 12))

    @property
    def start(self) -> int:
        return int(self.columns[0])

    @property
    def end(self) -> int:
        return int(self.columns[-1])

    def at(self, columns: np.ndarray) -> np.ndarray:
        """float (N,): y of the curve, extrapolated linearly at its ends."""
        inside = np.clip(columns, self.start, self.end)
        y = np.interp(inside, self.columns, self.curve[self.columns])
        return y + self.slope * (columns - inside)

    def bridged(self, other: "_Piece", usual: float, size: float) -> "_Piece":
        """Both pieces as one, interpolated linearly in between."""
        both = np.where(np.isnan(self.curve), other.curve, self.curve)
        present = np.flatnonzero(~np.isnan(both))
        between = np.arange(present[0], present[-1] + 1)
        both[between] = np.interp(between, present, both[present])
        return _Piece.of(both, usual, size)


def _joined(pieces: list[_Piece], usual: float, size: float) -> list[_Piece]:
    """Collinear pieces merged, the nearest pairs first."""
    pieces = list(pieces)
    while (best := _nearest_pair(pieces, size)) is not None:
        merged = pieces[best[0]].bridged(pieces[best[1]], usual, size)
        pieces = [piece for k, piece in enumerate(pieces) if k not in best] + [merged]
    return pieces


def _nearest_pair(pieces: list[_Piece], size: float) -> tuple[int, int] | None:
    """Indices of the left and the right piece of the best pair; ``None`` if none fits."""
    starts = np.array([piece.start for piece in pieces])
    ends = np.array([piece.end for piece in pieces])
    slopes = np.array([piece.slope for piece in pieces])
    first_y = np.array([piece.curve[piece.start] for piece in pieces])
    last_y = np.array([piece.curve[piece.end] for piece in pieces])
    gap = starts[None, :] - ends[:, None]
    # Both are extrapolated to the middle of the gap.
    left = last_y[:, None] + slopes[:, None] * gap / 2
    right = first_y[None, :] - slopes[None, :] * gap / 2
    off = np.abs(left - right) / size
    fits = (gap > -1.5 * size) & (gap < _LONGEST_GAP * size) & (off < _OFF)
    np.fill_diagonal(fits, False)
    if not fits.any():
        return None
    cost = np.where(fits, np.abs(gap) / size * 0.1 + off, np.inf)
    first, second = np.unravel_index(int(cost.argmin()), cost.shape)
    return int(first), int(second)


def _without_doubles(pieces: list[_Piece], usual: float, size: float) -> list[_Piece]:
    """Pieces on or beside a longer one merged with it, such as dots and quotation marks."""
    kept: list[_Piece] = []
    for piece in sorted(pieces, key=lambda piece: -len(piece.columns)):
        offs = [_offset(piece, other, size) for other in kept]
        nearest = int(np.argmin(offs)) if offs else 0
        most = _SAME_LINE_SHORT if len(piece.columns) < 2 * size else _SAME_LINE
        if offs and offs[nearest] < most:
            kept[nearest] = kept[nearest].bridged(piece, usual, size)
        else:
            kept.append(piece)
    return kept


def _offset(piece: _Piece, longer: _Piece, size: float) -> float:
    """Vertical distance of a piece from an extrapolated longer one, in heights of a letter."""
    reach = _LONGEST_GAP * size
    if piece.end < longer.start - reach or piece.start > longer.end + reach:
        return np.inf
    nearest = np.clip(piece.columns, longer.start, longer.end)
    drawn_on = longer.curve[nearest] + longer.slope * (piece.columns - nearest)
    middle = longer.curve[longer.columns].mean()
    straight = middle + longer.slope * (piece.columns - longer.columns.mean())
    y = piece.curve[piece.columns]
    return float(min(np.abs(y - drawn_on).mean(), np.abs(y - straight).mean()) / size)


def owners(
    rows: np.ndarray,
    columns: np.ndarray,
    labels: np.ndarray,
    curves: list[np.ndarray],
    size: float,
) -> np.ndarray:
    """int (N,): index of the curve of each pixel of ink, -1 for none.

    A component belongs to the curve nearest to most of its pixels. A component on several curves is
    divided halfway between them.

    Args:
        rows: float (N,), y of each pixel, in the scale of the curves.
        columns: float (N,), x likewise.
        labels: int (N,), component of each pixel.
        curves: of :func:`find_curves`.
        size: height of a letter, in the same scale.
    """
    width = len(curves[0])
    x = np.minimum(columns.astype(int), width - 1)
    nearest = np.full(len(rows), -1)
    distance = np.full(len(rows), _REACH * size)
    for k, curve in enumerate(curves):
        longer = _extended(curve, _BEYOND * size)
        ends = np.nanmin(longer) - _REACH * size - 1, np.nanmax(longer) + _REACH * size + 1
        near = slice(*np.searchsorted(rows, ends))
        off = np.abs(longer[x[near]] - rows[near])
        closer = off < distance[near]
        nearest[near][closer], distance[near][closer] = k, off[closer]
    # Only pairs that occur are counted, because there may be a million components.
    pairs, counts = np.unique(
        labels[nearest >= 0] * np.int64(len(curves)) + nearest[nearest >= 0], return_counts=True
    )
    part, curve = np.divmod(pairs, len(curves))
    is_whole = counts >= _WHOLE * np.bincount(labels)[part]
    whole = np.full(int(labels.max()) + 1, -1)
    whole[part[is_whole]] = curve[is_whole]
    return np.where(whole[labels] >= 0, whole[labels], nearest)


def _owned(owner: np.ndarray, curves: int) -> list[np.ndarray]:
    """The indices of each curve's pixels, int (N,)."""
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.searchsorted(owner[order], np.arange(curves + 1)))[1:-1]


def without_fragments(
    rows: np.ndarray, columns: np.ndarray, owner: np.ndarray, curves: list[np.ndarray], size: float
) -> tuple[list[np.ndarray], np.ndarray]:
    """Curves and owners, with fragments merged into the larger line that contains their height.

    Fragments are quotation marks, tops of tall letters, or the second half of a line.

    Args:
        rows: float (N,), y of each pixel of ink, in the scale of the curves.
        columns: float (N,), x likewise.
        owner: of :func:`owners`.
        curves: of :func:`find_curves`.
        size: height of a letter, in the same scale.
    """
    curves, owner = list(curves), owner.copy()
    usual = _usual_slope(sorted(curves, key=_length, reverse=True))
    pieces = [_Piece.of(curve, usual, size) for curve in curves]
    owned = _owned(owner, len(curves))
    counts = np.array([len(own) for own in owned])
    bands = np.zeros((len(curves), 2))
    for k in np.flatnonzero(counts):
        off = rows[owned[k]] - pieces[k].at(columns[owned[k]])
        bands[k] = np.percentile(off, (_LOW, 100 - _LOW)) + np.array([-_GROWN, _GROWN]) * size
    drawn = np.stack([piece.at(np.arange(len(curves[0]) + 1)) for piece in pieces])
    for k in sorted(np.flatnonzero(counts), key=counts.__getitem__):
        own = owned[k]
        larger = (counts > counts[k]) & _may_hold(rows[own], columns[own], drawn, bands)
        within = {
            other: _share_within(rows[own], columns[own], pieces[other], bands[other], size)
            for other in np.flatnonzero(larger)
        }
        best = max(within, key=within.__getitem__, default=None)
        if best is not None and within[best] > _WITHIN:
            owner[own] = best
            owned[best] = np.concatenate((owned[best], own))
            curves[best] = np.where(np.isnan(curves[best]), curves[k], curves[best])
    return curves, owner


def _may_hold(
    rows: np.ndarray, columns: np.ndarray, drawn: np.ndarray, bands: np.ndarray
) -> np.ndarray:
    """bool (curves,): whether a curve's band may contain enough of some ink.

    It is a cheap upper bound, computed before :func:`_share_within`.

    Args:
        rows: y of each pixel of the ink.
        columns: x likewise.
        drawn: float (curves, width), y of each extrapolated curve.
        bands: float (curves, 2), extent of each band above and below.
    """
    across = drawn[:, int(columns.min()) : int(columns.max()) + 2]
    ordered = np.sort(rows)
    above = np.searchsorted(ordered, across.min(axis=1) + bands[:, 0] - 1)
    below = np.searchsorted(ordered, across.max(axis=1) + bands[:, 1] + 1)
    return below - above > _WITHIN * len(rows)


def _share_within(
    rows: np.ndarray, columns: np.ndarray, piece: _Piece, band: np.ndarray, size: float
) -> float:
    """Part of some ink, in 0..1, inside a line's band and near to it."""
    off = rows - piece.at(columns)
    reach = _LONGEST_GAP * size
    is_near = (columns > piece.start - reach) & (columns < piece.end + reach)
    low, high = band
    return float(np.mean(is_near & (off >= low) & (off <= high)))


def _beside_the_page(columns: np.ndarray, owner: np.ndarray, width: int, size: float) -> np.ndarray:
    """bool (N,): ink at the image's side, separated by a gap from the rest of its line."""
    found = np.zeros(len(columns), dtype=bool)
    strip = round(_STRIP * size)
    for own in _owned(owner, int(owner.max()) + 1):
        for mirrored in (columns[own], width - 1 - columns[own]):
            used = np.flatnonzero(np.bincount(mirrored))
            gaps = np.flatnonzero((np.diff(used) > _APART * size) & (used[:-1] < strip))
            if len(gaps):
                found[own[mirrored <= used[gaps[-1]]]] = True
    return found


def _extended(curve: np.ndarray, reach: float) -> np.ndarray:
    """The curve, extended horizontally by ``reach`` columns at both ends."""
    start, end = np.flatnonzero(~np.isnan(curve))[[0, -1]]
    longer = curve.copy()
    longer[max(0, start - round(reach)) : start] = curve[start]
    longer[end + 1 : end + 1 + round(reach)] = curve[end]
    return longer


def _cut(
    ink: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    curve: np.ndarray,
    scale: float,
    size: float,
) -> Line:
    """The ink of some pixels with their grey edges, straightened by shifting columns."""
    left, right = max(0, int(columns.min()) - 2), min(ink.shape[1], int(columns.max()) + 3)
    x = np.arange(left, right)
    middle = _smooth_curve(curve, scale, size)(x)
    below = rows - middle[columns - left]
    top, bottom = int(np.floor(below.min())) - 2, int(np.ceil(below.max())) + 3
    own = np.zeros((int(rows.max() - rows.min()) + 7, right - left), dtype=np.uint8)
    first = int(rows.min()) - 3
    own[rows - first, columns - left] = 255
    own = cv2.dilate(own, np.ones((3, 3), np.uint8))
    part = np.zeros_like(own)
    inside = slice(max(first, 0), min(first + len(own), len(ink)))
    part[inside.start - first : inside.stop - first] = ink[inside, left:right]
    part = np.where(own > 0, part, 0).astype(np.uint8)
    tops = middle + top
    map_y = np.arange(bottom - top)[:, None] + (tops - first)[None]
    map_x = np.broadcast_to(np.arange(right - left, dtype=np.float32), map_y.shape)
    level = cv2.remap(part, np.ascontiguousarray(map_x), map_y.astype(np.float32), 1)
    return Line(level, left, tops)


def _smooth_curve(curve: np.ndarray, scale: float, size: float) -> np.polynomial.Polynomial:
    """A polynomial fit of a curve in the page's pixels, quadratic for long lines."""
    present = np.flatnonzero(~np.isnan(curve))
    x, y = (present + 0.5) / scale, (curve[present] + 0.5) / scale
    length = len(present) / scale / size
    degree = 0 if length < 2 else 1 if length < 12 else 2
    return np.polynomial.Polynomial.fit(x, y, degree)
