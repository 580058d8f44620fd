"""A page for the tests, a plain hand on plain, ruled or squared paper, and its text lines."""

import cv2
import numpy as np

from handwriting.imaging.text_lines import TextLayout, TextLine
from handwriting.synthesis.plain_hand import write

TEXT = (
    "#The trees stand in",
    "  #full leaf and the",
    "     #river is warm",
    "     #again, come",
    "#on the last day",
)
"""The mark is drawn as a filled box: it tells where a line begins."""

TOP, PITCH, LEFT = 140, 110, 120
SIZE = (1000, 800)
"""Width and height."""

X_HEIGHT = 20
"""Height of the core zone in pixels."""


def draw_page(paper: str = "plain", text: tuple[str, ...] = TEXT) -> np.ndarray:
    """uint8 (height, width, 3): handwriting in dark blue, with rulings in light blue."""
    width, height = SIZE
    page = np.full((height, width, 3), 225, dtype=np.uint8)
    for y in range(50, height, 55 if paper != "plain" else height):
        cv2.line(page, (0, y), (width, y), (150, 170, 200), 2)
    if paper == "squared":
        for x in range(40, width, 55):
            cv2.line(page, (x, 0), (x, height), (150, 170, 200), 2)
    for k, line in enumerate(text):
        x, y = _start(k, line)
        cv2.rectangle(page, (x, y - 36), (x + 24, y), (30, 30, 90), cv2.FILLED)
        for stroke in _strokes(line):
            points = np.round(16 * (stroke + np.array([x + 50, y]))).astype(np.int32)
            cv2.polylines(page, [points], False, (30, 30, 90), 3, cv2.LINE_AA, 4)
    return page


def layout_of_page(paper: str = "plain", text: tuple[str, ...] = TEXT) -> TextLayout:
    """The page with its lines, as the layout network is to find them."""
    page = draw_page(paper, text)
    blank = np.zeros(page.shape[:2], np.uint8)
    lines = tuple(_line(k, line) for k, line in enumerate(text))
    return TextLayout(page, lines, blank, np.full_like(blank, 255))


def _strokes(line: str) -> list[np.ndarray]:
    """Pen strokes of a line without its mark, float (points, 2), from its start on the baseline."""
    return [X_HEIGHT * 2 * stroke for stroke in write(line.lstrip()[1:], np.random.default_rng(0))]


def _start(number: int, line: str) -> tuple[int, int]:
    return LEFT + 22 * (len(line) - len(line.lstrip())), TOP + number * PITCH


def _line(number: int, text: str) -> TextLine:
    x, y = _start(number, text)
    wide = max(stroke[:, 0].max() for stroke in _strokes(text))
    along = np.linspace(x, x + 50 + wide, 12)
    points = np.stack((along, np.full(12, y - X_HEIGHT / 2)), axis=1)
    return TextLine(points, np.full(12, float(X_HEIGHT)), text=text.strip())
