"""Synthetic example photographs in the project's plain hand; no person wrote any of it."""

from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.synthesis.grounds import GROUNDS
from handwriting.synthesis.light import photographed
from handwriting.synthesis.media import BALLPOINT, CHALK, FELT_PEN, Medium
from handwriting.synthesis.plain_hand import write

_TABLE = "kraft"


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
    """

    lines: tuple[str, ...]
    capital: float
    ground: str
    medium: Medium
    ink: tuple[int, int, int]
    is_sheet: bool
    seed: int


EXAMPLES = {
    "A page": Example(
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
    "A line": Example(
        ("white chalk on a blackboard",), 56, "blackboard", CHALK, (235, 235, 230), False, 0
    ),
    "A number": Example(("73,950",), 60, "squared", BALLPOINT, (20, 20, 24), False, 1),
    "A character": Example(("R",), 150, "white", FELT_PEN, (170, 30, 40), False, 0),
}
"""Examples by content."""


def photograph_of_example(name: str) -> np.ndarray:
    """One of EXAMPLES, uint8 (rows, columns, 3); the result is deterministic."""
    example = EXAMPLES[name]
    rng = np.random.default_rng(example.seed)
    scene = _written(example, rng)
    if example.is_sheet:
        scene = _on_table(scene, example.capital, rng)
    return photographed(scene, rng)


def _written(example: Example, rng: np.random.Generator) -> np.ndarray:
    """The lines on their ground, one below the other, float32 (rows, columns, 3)."""
    capital = example.capital
    paths = [
        stroke * capital + capital * np.array([1.5, 2.4 + 2.0 * number])
        for number, line in enumerate(example.lines)
        for stroke in write(line, rng)
    ]
    right = max(float(path[:, 0].max()) for path in paths)
    shape = (round(capital * (1.7 + 2.0 * len(example.lines))), round(right + 1.5 * capital))
    cover = example.medium(paths, shape, capital, rng)[:, :, None]
    ink = np.array(example.ink, dtype=np.float32)
    return GROUNDS[example.ground].paint(shape, capital, rng) * (1 - cover) + ink * cover


def _on_table(sheet: np.ndarray, capital: float, rng: np.random.Generator) -> np.ndarray:
    """The sheet slightly rotated on a table, with its shadow."""
    height, width = sheet.shape[:2]
    edge = round(2.5 * capital)
    shape = (height + 2 * edge, width + 2 * edge)
    own = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    placed = own + edge + rng.normal(0, 0.4 * capital, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(own, placed)
    lying = cv2.warpPerspective(sheet, matrix, shape[::-1], flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.ones_like(sheet), matrix, shape[::-1])
    shadow = np.roll(cv2.GaussianBlur(inside, (0, 0), 0.2 * capital), round(0.1 * capital), (0, 1))
    table = GROUNDS[_TABLE].paint(shape, capital, rng) * (1 - 0.6 * shadow)
    return table * (1 - inside) + lying * inside
