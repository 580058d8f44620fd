"""Simulated colour photographs of strokes, in many media on many grounds.

    python -m handwriting.synthesis.writing --out samples.png --pens ../shared/pen/words.npz

draws a sheet of samples. Without --pens, it has words in the project's plain hand.
"""

import argparse
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from handwriting.cli import make_parser, run_script, seed
from handwriting.datasets.pen import load_pen
from handwriting.datasets.stroke_augmentation import LINE_VARIATION
from handwriting.datasets.text import line_strokes, written
from handwriting.files import replacing
from handwriting.imaging.scaling import scaled
from handwriting.synthesis.grounds import GROUNDS, Ground
from handwriting.synthesis.light import photographed
from handwriting.synthesis.media import Medium
from handwriting.synthesis.plain_hand import write

_USUAL = ("white", "yellowed", "ruled", "squared", "cell")
_SELDOM = ("kraft", "whiteboard", "blackboard")

_WORDS = (
    *("paper", "7,250", "chalk", "river", "1984", "yellow", "3.14", "garden", "0628", "window"),
    *(
        "squared",
        "Come",
        "42",
        "thunder",
        "Tom",
        "90,5",
        "morning",
        "Rain",
        "quick brown fox",
        "57",
    ),
)
"""Words of `plain_hand`'s characters."""

_SHEET, _ROW, _BETWEEN = (1200, 720), 90, 6


def photograph_of(
    strokes: list[np.ndarray],
    rng: np.random.Generator,
    ground: str | None = None,
    beside: list[np.ndarray] | None = None,
    medium: Medium | None = None,
) -> np.ndarray:
    """Simulate a photograph of a word or a line, 26 to 60 pixels high.

    Args:
        strokes: float (points, 2) of x, y each, y downwards, none empty.
        rng: random generator.
        ground: one of GROUNDS; by default a random one, in seven of ten cases paper or a form
            field.
        beside: strokes of another line, partly visible above or below.
        medium: writing medium; by default any that is used on the ground.

    Returns:
        uint8 (rows, columns, 3).
    """
    kind = GROUNDS[ground or _any_ground(rng)]
    height = float(rng.uniform(26, 60))
    paths, extent = _placed(strokes, height)
    around = height * rng.uniform(0.02, 0.45, 4)
    rows, columns = (extent[::-1] + around[:2] + around[2:]).astype(int) + 2
    paths = [path + around[1::-1] for path in paths]
    if beside:
        other, size = _placed(beside, height)
        down = rng.choice(
            [around[0] + extent[1] + 0.1 * height, around[0] - size[1] - 0.1 * height]
        )
        paths += [path + np.array([around[1], down]) for path in other]
    shape = (int(rows), int(columns))
    medium = medium or kind.media[rng.integers(len(kind.media))]
    return _photographed(medium(paths, shape, height, rng), kind, height, rng)


def photograph_of_picture(written: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Simulate a photograph of a line given as an image, 26 to 60 pixels high, on any ground.

    Args:
        written: uint8 (rows, columns), 0 ground, 255 ink.
        rng: random generator.

    Returns:
        uint8 (rows, columns, 3).
    """
    kind = GROUNDS[_any_ground(rng)]
    height = float(rng.uniform(26, 60))
    scale = height / len(written)
    small = scaled(written, scale)
    around = (height * rng.uniform(0.02, 0.45, 4)).astype(int) + 1
    cover = np.pad(small, (around[:2], around[2:])).astype(np.float32) / 255
    return _photographed(cover * np.float32(rng.uniform(0.5, 1)), kind, height, rng)


def _any_ground(rng: np.random.Generator) -> str:
    return str(rng.choice(_USUAL if rng.random() < 0.7 else _SELDOM))


def _photographed(
    cover: np.ndarray, kind: Ground, height: float, rng: np.random.Generator
) -> np.ndarray:
    """Put ink on the ground, in some light; the ink coverage is float (rows, columns)."""
    cover = cover[:, :, None]
    ink = np.array(kind.inks[rng.integers(len(kind.inks))], dtype=np.float32)
    scene = kind.paint(cover.shape[:2], height, rng) * (1 - cover) + ink * cover
    return photographed(scene, rng)


def _placed(strokes: list[np.ndarray], height: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Strokes scaled to a height, from 0, and their extent; a dash is not enlarged."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    flat = float(extent[0]) / 4 if len(strokes) == 1 else 0.0
    scale = height / max(float(extent[1]), flat, 1e-6)
    if float(extent.max()) < 1e-6:
        scale = 1.0
    return [(stroke - low) * scale for stroke in strokes], extent * scale


def _words_of(pens: Path | None, rng: np.random.Generator) -> Iterator[list[np.ndarray]]:
    """Iterate endlessly over the strokes of random words."""
    if pens is None:
        for word in cycle(_WORDS):
            yield write(word, rng)
    else:
        archive = load_pen(pens)
        for sample in cycle(rng.permutation(written(archive)).tolist()):
            yield line_strokes(archive, sample)


def sheet_of(words: Iterator[list[np.ndarray]], rng: np.random.Generator) -> Image.Image:
    """Simulated photographs of words side by side, one row per ground."""
    sheet = Image.new("RGB", _SHEET, "white")
    x, y = 0, 0
    grounds = list(GROUNDS)
    while y < sheet.height:
        strokes, _ = LINE_VARIATION(next(words), rng)
        picture = photograph_of(strokes, rng, grounds[(y // _ROW) % len(grounds)])
        if x and x + picture.shape[1] > sheet.width:
            x, y = 0, y + _ROW
            continue
        sheet.paste(Image.fromarray(picture), (x, y))
        x += picture.shape[1] + _BETWEEN
    return sheet


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--pens", type=Path, default=None, metavar="FILE", help="pen archive of words or lines")
    add("--out", type=Path, required=True, metavar="PNG", help="image file to write")
    add("--seed", type=seed, default=0, help="random seed")
    return parser


def main(args: argparse.Namespace) -> None:
    """Draw the sheet."""
    rng = np.random.default_rng(args.seed)
    sheet = sheet_of(_words_of(args.pens, rng), rng)
    with replacing(args.out) as (part,):
        sheet.save(part, format="png")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
