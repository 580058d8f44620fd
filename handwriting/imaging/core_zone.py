"""The core zone of a line of writing, from its ink: where the letters without ascenders lie."""

import cv2
import numpy as np

from handwriting.imaging.text_lines import HANDWRITING, TextLine

CAPITAL_CORE = 0.7
"""Height of the core zone of a row of capitals or digits, in heights of a capital."""

_ROWS = 96
_SMALL = frozenset("acegijmnopqrsuvwxyzàâáäæçèéêëìíîïñòóôöœùúûü")
_LEAST_SMALL = 0.3
_FULL, _ENOUGH = 0.4, 0.75
_WINDOW, _STEP, _REACH = 7.0, 2.0, 0.45


def core_zone(alpha: np.ndarray, text: str = "") -> tuple[float, float]:
    """Top and bottom of the core zone of an upright line: the top of an ``x`` and the baseline.

    The rows' ink is taken for three levels, of which the one in the middle is the highest; the
    edges between them are the answer, within 0.15 of its height for a line of several words and
    0.3 for a short word. A row of capitals or digits has its core zone by definition: CAPITAL_CORE
    of their height above the baseline.

    Args:
        alpha: uint8 or float (rows, columns), 0 paper, more is ink; one line, about horizontal.
        text: what it says, where that is known; it tells capitals from small letters.

    Returns:
        Rows of the upper and lower edge, top < bottom; the whole image where there is no ink.
    """
    profile = _profile(alpha)
    written = np.flatnonzero(profile > 0.02 * profile.max(initial=0))
    if not len(written):
        return 0.0, float(len(alpha))
    first, last = int(written[0]), int(written[-1]) + 1
    rows = max(4, min(_ROWS, last - first))
    levels = cv2.resize(profile[first:last, None], (1, rows), interpolation=cv2.INTER_AREA)[:, 0]
    scale = (last - first) / rows
    if text and not has_small_letters(text):
        top, bottom = _full_rows(levels)
        top = bottom - CAPITAL_CORE * (bottom - top)
    else:
        top, bottom = _highest_step(np.minimum(levels, _ENOUGH * float(np.quantile(levels, 0.9))))
    return first + top * scale, first + bottom * scale


def _full_rows(levels: np.ndarray) -> tuple[float, float]:
    """First and last row (exclusive) with a fair part of the usual ink, where all letters are of
    one height."""
    full = np.flatnonzero(levels > _FULL * np.median(levels))
    return float(full[0]), float(full[-1] + 1)


def has_small_letters(text: str) -> bool:
    """Whether enough letters of a text end at the top of the core zone to show where that is."""
    letters = [letter for letter in text if not letter.isspace()]
    return sum(letter in _SMALL for letter in letters) > _LEAST_SMALL * len(letters)


def line_in(alpha: np.ndarray, text: str = "", kind: str = HANDWRITING) -> TextLine:
    """A line of writing with its core zone, which may rise, fall or bend a little.

    Parts of the line a few heights wide are shifted so that their rows match those of the whole.

    Args:
        alpha: uint8 or float (rows, columns), 0 paper, more is ink; one line, about horizontal.
        text: what it says, where that is known.
        kind: of the line.
    """
    columns = np.flatnonzero(alpha.max(axis=0, initial=0) > 0.2 * alpha.max(initial=0))
    left, right = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, alpha.shape[1])
    top, bottom = core_zone(alpha, text)
    height = bottom - top
    count = max(2, round((right - left) / (_STEP * height)) + 1)
    at = np.linspace(left, right, count)
    shifts = np.zeros(count)
    for _ in range(2):
        shifts = shifts + _shifts(_straightened(alpha, at, shifts), at, height)
    if shifts.any():
        top, bottom = core_zone(_straightened(alpha, at, shifts), text)
    middles = (top + bottom) / 2 + shifts
    return TextLine(np.stack((at, middles), axis=1), np.full(count, bottom - top), kind, text)


def _profile(alpha: np.ndarray) -> np.ndarray:
    """float32 (rows,): ink of each row and strokes that it crosses, in like measure.

    Bars of a t and underlinings have much ink and few crossings; the arcs on the baseline have
    few crossings and much ink.
    """
    ink = np.pad(alpha.astype(np.float32), ((0, 0), (1, 1)))
    ink /= max(float(ink.max(initial=0)), 1e-6)
    crossings = np.abs(np.diff(ink, axis=1)).sum(axis=1) / 2
    amount = ink.sum(axis=1)
    return crossings + amount * float(crossings.sum() / max(float(amount.sum()), 1e-6))


def _highest_step(levels: np.ndarray) -> tuple[int, int]:
    """First and last row (exclusive) of the middle one of three levels with the least squared
    error, where it is the highest."""
    rows = len(levels)
    total = np.append(0, np.cumsum(levels, dtype=np.float64))
    start, stop = np.triu_indices(rows + 1, k=max(2, rows // 8))
    # Squared error is a constant less the explained part: sum of sums squared over counts.
    sums = (total[start], total[stop] - total[start], total[-1] - total[stop])
    counts = (start, stop - start, rows - stop)
    means = [part / np.maximum(count, 1) for part, count in zip(sums, counts, strict=True)]
    explained = sum(part * mean for part, mean in zip(sums, means, strict=True))
    is_highest = (means[1] > means[0]) & (means[1] > means[2])
    best = int(np.where(is_highest, explained, -1.0).argmax())
    return int(start[best]), int(stop[best])


def _straightened(alpha: np.ndarray, at: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Each column moved up by the shift at its place."""
    if not shifts.any():
        return alpha.astype(np.float32)
    y, x = np.indices(alpha.shape, dtype=np.float32)
    y += np.interp(x[0], at, shifts).astype(np.float32)
    return cv2.remap(alpha.astype(np.float32), x, y, cv2.INTER_LINEAR)


def _shifts(ink: np.ndarray, at: np.ndarray, height: float) -> np.ndarray:
    """float (P,): rows by which the writing around each place lies lower than the whole line."""
    whole = _profile(ink)
    reach = max(1, round(_REACH * height))
    moves = np.arange(-reach, reach + 1)
    moved = np.stack([np.roll(whole, move) for move in moves])
    found, sureness = np.zeros(len(at)), np.zeros(len(at))
    for number, middle in enumerate(at):
        left = max(0, round(middle - _WINDOW * height / 2))
        part = ink[:, left : left + round(_WINDOW * height)]
        if part.max(initial=0) <= 0:
            continue
        # Far moves need a reason: few letters match anywhere.
        likeness = moved @ _profile(part) * (1 - 0.2 * (moves / reach) ** 2)
        found[number] = moves[int(likeness.argmax())]
        sureness[number] = float(part.sum())
    return _smooth(found, sureness)


def _smooth(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted running mean over five places."""
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0])

    def mean_of(each: np.ndarray) -> np.ndarray:
        return np.convolve(np.pad(each, 2), kernel, "valid")

    return mean_of(values * weights) / np.maximum(mean_of(weights), 1e-9)
