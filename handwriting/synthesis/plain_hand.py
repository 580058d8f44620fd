"""A plain hand: pen paths of some characters, and texts written with them.

The paths were made for this project, so images of them may be published.
"""

import numpy as np

_PATHS = {
    "a": "42,44 24,51 6,36 6,12 20,0 36,10 43,46 43,46 42,10 52,0",
    "b": "8,100 7,50 7,4 7,4 9,34 24,50 40,36 38,10 22,-1 7,8",
    "c": "38,42 24,50 7,36 6,13 20,0 39,9",
    "d": "42,42 26,51 7,36 6,12 20,0 38,12 44,100 44,100 42,10 52,0",
    "e": "6,27 38,29 36,45 21,51 7,36 6,13 20,0 40,8",
    "f": "38,92 28,101 17,88 15,0 / 2,50 34,52",
    "g": "42,44 24,51 6,36 7,14 20,2 36,12 43,48 43,48 41,-20 28,-36 6,-28",
    "h": "8,100 7,0 7,0 10,34 26,50 38,38 39,0",
    "i": "8,50 8,10 16,0 / 9,70 10,73",
    "j": "16,50 14,-22 4,-35 -6,-28 / 18,70 19,73",
    "k": "8,100 7,0 / 38,48 8,20 8,20 22,26 42,0",
    "l": "8,100 7,12 17,0",
    "m": "6,50 6,0 6,0 9,36 21,50 30,38 30,0 30,0 33,36 46,50 55,38 56,0",
    "n": "6,50 6,0 6,0 9,36 25,50 37,38 38,0",
    "o": "26,50 8,40 5,15 20,0 38,10 42,36 28,50 20,48",
    "p": "7,50 6,-36 / 7,36 22,51 40,38 38,12 22,0 7,10",
    "q": "42,44 24,51 6,36 6,12 20,0 36,10 43,48 43,48 42,-36 52,-28",
    "r": "6,50 7,0 7,0 9,32 20,48 34,46",
    "s": "36,44 22,51 9,42 14,31 30,22 35,9 20,-1 4,7",
    "t": "16,82 15,12 24,0 36,6 / 2,54 34,56",
    "u": "6,50 6,14 18,0 34,12 40,50 40,50 40,10 50,0",
    "v": "4,50 20,0 20,0 38,50",
    "w": "4,50 16,0 16,0 29,42 29,42 41,0 41,0 56,50",
    "x": "5,50 38,0 / 38,50 4,0",
    "y": "5,50 8,20 22,14 38,30 / 40,50 36,-15 22,-36 4,-28",
    "z": "6,48 38,49 38,49 5,1 5,1 40,2",
    "A": "2,0 30,100 30,100 58,0 / 14,36 48,37",
    "C": "56,82 36,100 10,78 8,24 30,0 58,16",
    "D": "9,98 8,0 / 3,97 40,92 56,50 40,6 3,1",
    "J": "40,98 38,20 22,0 4,14",
    "R": "9,98 8,0 / 4,96 40,94 44,62 10,50 10,50 48,0",
    "T": "2,97 60,98 / 31,97 30,0",
    "Y": "4,98 28,50 28,50 54,98 / 28,50 27,0",
    "0": "28,98 8,80 6,30 22,0 42,20 46,70 32,98 24,96",
    "1": "6,78 22,100 22,100 21,0",
    "2": "6,78 22,99 42,84 36,52 5,2 5,2 48,3",
    "3": "8,90 26,99 42,82 22,54 22,54 44,34 34,4 6,8",
    "4": "34,100 4,34 4,34 50,36 / 37,62 35,0",
    "5": "44,98 12,97 12,97 9,56 9,56 32,60 44,34 30,2 5,8",
    "6": "38,98 16,70 6,28 20,0 42,16 38,44 20,48 8,30",
    "7": "4,97 46,98 46,98 16,0",
    "8": "38,86 22,99 10,82 24,58 42,30 26,0 6,20 22,50 40,74 38,86",
    "9": "40,76 22,98 6,76 20,54 38,66 42,84 42,84 36,0",
    ",": "5,6 0,-14",
    ".": "2,3 5,0",
}
"""Strokes of points x,y in hundredths of a capital's height, y above the baseline. A repeated point
is a corner."""

CHARACTERS = frozenset(_PATHS)
"""What this hand can write, beside spaces."""

_STEPS = 8
_GAP, _SPACE = 0.14, 0.42
_SLANT, _LARGER, _SHIFTED, _TREMBLING = 0.14, 0.04, 0.02, 0.012


def write(text: str, rng: np.random.Generator) -> list[np.ndarray]:
    """A text on one line, with random variation of each character.

    Args:
        text: of lower-case letters, digits, spaces and the other characters of this hand.
        rng: random generator.

    Returns:
        float (points, 2) of x, y each, y downwards from the baseline; a capital is 1 high.
    """
    x, strokes = 0.0, []
    for character in text:
        if character == " ":
            x += _SPACE
            continue
        drawn = _character(character, rng)
        strokes += [stroke + np.array([x, 0.0]) for stroke in drawn]
        x += max(float(stroke[:, 0].max()) for stroke in drawn) + _GAP
    upright = np.array([[1.0, 0.0], [-_SLANT, 1.0]])
    return [stroke @ upright for stroke in strokes]


def _character(character: str, rng: np.random.Generator) -> list[np.ndarray]:
    scale = np.exp(rng.normal(0, _LARGER, 2)) * (1, -1)
    shift = np.array([0.0, rng.normal(0, _SHIFTED)])
    strokes = []
    for path in _PATHS[character].split("/"):
        points = np.array([point.split(",") for point in path.split()], dtype=float) / 100
        corners = np.append(False, (points[1:] == points[:-1]).all(axis=1))
        points += rng.normal(0, _TREMBLING, points.shape)
        points[corners] = points[np.flatnonzero(corners) - 1]
        strokes.append(_smooth(points) * scale + shift)
    return strokes


def _smooth(points: np.ndarray) -> np.ndarray:
    """A curve through the points (Catmull and Rom 1974)."""
    before = np.vstack((points[:1], points[:-2]))[:, None]
    start, end = points[:-1, None], points[1:, None]
    after = np.vstack((points[2:], points[-1:]))[:, None]
    t = np.linspace(0, 1, _STEPS)[None, :, None]
    curve = 2 * start + (end - before) * t
    curve = curve + (2 * before - 5 * start + 4 * end - after) * t**2
    curve = curve + (3 * start - before - 3 * end + after) * t**3
    return curve.reshape(-1, 2) / 2
