"""Synthetic example photographs in the project's plain hand; no person wrote any of it.

    python -m handwriting.synthesis.examples

writes them to images/examples/, where the web app finds them.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handwriting.cli import make_parser, run_script
from handwriting.files import replacing
from handwriting.synthesis.grounds import GROUNDS
from handwriting.synthesis.light import photographed
from handwriting.synthesis.media import BALLPOINT, CHALK, FELT_PEN, MARKER, Medium
from handwriting.synthesis.plain_hand import write

FOLDER = Path(__file__).parents[2] / "images" / "examples"

_TABLE = "kraft"
_PRINT = (45, 48, 56)

Paths = list[np.ndarray]
"""Pen strokes, float (points, 2) of x, y each, in pixels."""

Layout = Callable[["Example", np.random.Generator], tuple[Paths, tuple[int, int]]]
"""Strokes of an example, and rows and columns of its sheet."""


@dataclass(frozen=True)
class Example:
    """Description of an example photograph.

    Attributes:
        lines: the text.
        capital: height of a capital in pixels.
        ground: one of GROUNDS.
        medium: writing medium.
        ink: its colour, RGB 0..255.
        is_sheet: whether it shows a sheet on a table.
        seed: of the random generator.
        layout: where the lines stand; by default one below the other.
        printed: words printed on the sheet, each with x and y of its left middle in capitals.
        is_from_side: whether the sheet is photographed from the side.
    """

    lines: tuple[str, ...]
    capital: float
    ground: str
    medium: Medium
    ink: tuple[int, int, int]
    is_sheet: bool
    seed: int
    layout: Layout | None = None
    printed: tuple[tuple[str, float, float], ...] = ()
    is_from_side: bool = False


def _below_each_other(example: Example, rng: np.random.Generator) -> tuple[Paths, tuple[int, int]]:
    capital = example.capital
    paths = [
        stroke * capital + capital * np.array([1.5, 2.4 + 2.0 * number])
        for number, line in enumerate(example.lines)
        for stroke in write(line, rng)
    ]
    right = max(float(path[:, 0].max()) for path in paths)
    return paths, (round(capital * (1.7 + 2.0 * len(example.lines))), round(right + 1.5 * capital))


def _on_form(example: Example, rng: np.random.Generator) -> tuple[Paths, tuple[int, int]]:
    """Each line on a printed rule; the rules belong to the ground."""
    capital = example.capital
    paths = [
        stroke * capital + capital * np.array([_FORM_LEFT + 0.4, _FORM_TOP + _FORM_STEP * number])
        for number, line in enumerate(example.lines)
        for stroke in write(line, rng)
    ]
    rows = _FORM_TOP + _FORM_STEP * len(example.lines) - 0.6
    return paths, (round(capital * rows), round(capital * _FORM_WIDTH))


def _in_boxes(example: Example, rng: np.random.Generator) -> tuple[Paths, tuple[int, int]]:
    """A diagram: a box for each line, with arrows from each to the next."""
    capital, paths = example.capital, []
    for number, line in enumerate(example.lines):
        strokes = [stroke * capital for stroke in write(line, rng)]
        width = max(float(stroke[:, 0].max()) for stroke in strokes)
        middle = capital * np.array([6.0 + 1.5 * (number % 2), 2.6 + 4.4 * number])
        paths += [stroke + middle - (width / 2, -0.4 * capital) for stroke in strokes]
        half = np.array([width / 2 + 0.9 * capital, 1.25 * capital])
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
        paths.append(_by_hand(middle + corners * half, 0.05 * capital, rng))
        if number:
            tip = middle - (0, half[1] + 0.15 * capital)
            tail = tip - (0, 1.45 * capital)
            head = tip + np.array([[-0.35, -0.4], [0, 0], [0.35, -0.4]]) * capital
            paths += [_by_hand(each, 0.03 * capital, rng) for each in (np.stack([tail, tip]), head)]
    return paths, (round(capital * (4.4 * len(example.lines) + 0.8)), round(capital * 13.5))


def _by_hand(corners: np.ndarray, tremble: float, rng: np.random.Generator) -> np.ndarray:
    """A polyline with a point for each seventh of a side, slightly off."""
    steps = np.linspace(0, 1, 8)[:-1, None]
    sides = [a + (b - a) * steps for a, b in pairwise(corners)]
    line = np.concatenate([*sides, corners[-1:]])
    return line + rng.normal(0, tremble, line.shape)


_FORM_LEFT, _FORM_TOP, _FORM_STEP, _FORM_WIDTH = 4.5, 4.6, 2.6, 15.0
"""Of the form, in capitals: left end of the rules, first rule, distance of the rules, width."""

EXAMPLES = {
    "A note": Example(
        (
            "Dear Anna,",
            "the trees stand in full leaf",
            "and the river is warm again.",
            "Come on the last day of June",
            "and bring a good book.",
            "Yours, Tom",
        ),
        *(46, "yellowed", BALLPOINT, (25, 40, 130), True, 5),
    ),
    "A form": Example(
        ("Tom Read", "Tree Court 12", "73,950", "28.11.2026"),
        *(40, "white", BALLPOINT, (25, 40, 130), True, 30),
        layout=_on_form,
        printed=(
            ("Registration", 1.5, 1.8),
            *(
                (word, 1.5, _FORM_TOP + _FORM_STEP * number)
                for number, word in enumerate(("Name", "Address", "Number", "Date"))
            ),
        ),
    ),
    "A number": Example(("73,950",), 60, "squared", BALLPOINT, (20, 20, 24), False, 1),
    "A diagram": Example(
        ("write", "read", "correct"),
        *(52, "whiteboard", MARKER, (20, 60, 140), False, 10),
        layout=_in_boxes,
    ),
    "From the side": Example(
        (
            "Read this page from the side,",
            "where the lines run together",
            "and the letters grow small,",
            "yet each word can be read.",
        ),
        *(52, "ruled", BALLPOINT, (20, 20, 24), True, 5),
        is_from_side=True,
    ),
    "A board": Example(
        ("Today", "read chapter 14", "write a letter", "draw one tree"),
        *(58, "blackboard", CHALK, (235, 235, 230), False, 38),
    ),
    "A line": Example(
        ("white chalk on a blackboard",), 56, "blackboard", CHALK, (235, 235, 230), False, 0
    ),
    "A character": Example(("R",), 150, "white", FELT_PEN, (170, 30, 40), False, 0),
}
"""Examples by content."""


def photograph_of_example(name: str) -> np.ndarray:
    """One of EXAMPLES, uint8 (rows, columns, 3); the result is deterministic."""
    example = EXAMPLES[name]
    rng = np.random.default_rng(example.seed)
    scene = _written(example, rng)
    if example.is_sheet:
        scene = _on_table(scene, example, rng)
    return photographed(scene, rng)


def file_of_example(name: str) -> Path:
    """The JPEG of one of EXAMPLES."""
    return FOLDER / f"{name.lower().replace(' ', '_')}.jpg"


def _written(example: Example, rng: np.random.Generator) -> np.ndarray:
    """The lines on their ground, float32 (rows, columns, 3)."""
    capital = example.capital
    paths, shape = (example.layout or _below_each_other)(example, rng)
    cover = example.medium(paths, shape, capital, rng)[:, :, None]
    ink = np.array(example.ink, dtype=np.float32)
    ground = GROUNDS[example.ground].paint(shape, capital, rng)
    if example.printed:
        ground = _printed(ground, example)
    return ground * (1 - cover) + ink * cover


def _printed(ground: np.ndarray, example: Example) -> np.ndarray:
    """The ground with words, and with a rule beside each but the first, which is the title."""
    # The web app, which shows the files alone, need not wait for it.
    import matplotlib

    face = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif.ttf"
    capital = example.capital
    sheet = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(sheet)
    for number, (word, x, y) in enumerate(example.printed):
        font = ImageFont.truetype(face, round(capital * (0.5 if number else 0.95)))
        pen.text((capital * x, capital * y), word, _PRINT, font, anchor="lm")
        if number:
            rule = capital * (_FORM_TOP + _FORM_STEP * (number - 1) + 0.25)
            ends = (capital * _FORM_LEFT, rule, capital * (_FORM_WIDTH - 1.5), rule)
            pen.line(ends, _PRINT, 2)
    return np.asarray(sheet, dtype=np.float32)


def _on_table(sheet: np.ndarray, example: Example, rng: np.random.Generator) -> np.ndarray:
    """The sheet slightly rotated on a table, with its shadow."""
    height, width = sheet.shape[:2]
    capital = example.capital
    edge = round(2.5 * capital)
    shape = (height + 2 * edge, width + 2 * edge)
    own = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    placed = own + edge + rng.normal(0, 0.4 * capital, (4, 2)).astype(np.float32)
    if example.is_from_side:
        # The right end is further away.
        placed[1:3, 0] -= 0.12 * width
        placed[1:3, 1] += np.array([0.16, -0.2], dtype=np.float32) * height
    matrix = cv2.getPerspectiveTransform(own, placed)
    lying = cv2.warpPerspective(sheet, matrix, shape[::-1], flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.ones_like(sheet), matrix, shape[::-1])
    shadow = np.roll(cv2.GaussianBlur(inside, (0, 0), 0.2 * capital), round(0.1 * capital), (0, 1))
    table = GROUNDS[_TABLE].paint(shape, capital, rng) * (1 - 0.6 * shadow)
    return table * (1 - inside) + lying * inside


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--out", type=Path, default=FOLDER, metavar="FOLDER", help="where the images are written"
    )
    return parser


def main(args: argparse.Namespace) -> None:
    """Write each of EXAMPLES as a JPEG."""
    args.out.mkdir(parents=True, exist_ok=True)
    for name in EXAMPLES:
        picture = Image.fromarray(photograph_of_example(name))
        with replacing(args.out / file_of_example(name).name) as (part,):
            picture.save(part, "JPEG", quality=82)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
