"""Synthetic pages for the tests: print on plain, ruled or squared paper, photographed at an
angle."""

import cv2
import numpy as np

from handwriting.pages.sheet import uncut

TEXT = (
    "#def read(page):",
    "  #for line in page:",
    "     #print(line)",
    "     #move()",
    "#read(it)",
)
"""The mark at the left of each line, bold, is where a line begins."""

TOP, PITCH, LEFT = 140, 110, 120
SIZE = (1000, 800)
"""Width and height."""


def draw_page(paper: str = "plain", text: tuple[str, ...] = TEXT) -> np.ndarray:
    """uint8 (height, width, 3): lines of print in dark blue, with rulings in light blue."""
    width, height = SIZE
    page = np.full((height, width, 3), 225, dtype=np.uint8)
    for y in range(50, height, 55 if paper != "plain" else height):
        cv2.line(page, (0, y), (width, y), (150, 170, 200), 2)
    if paper == "squared":
        for x in range(40, width, 55):
            cv2.line(page, (x, 0), (x, height), (150, 170, 200), 2)
    for k, line in enumerate(text):
        x, y = LEFT + 22 * (len(line) - len(line.lstrip())), TOP + k * PITCH
        start, *rest = line.lstrip()
        cv2.putText(page, start, (x, y), 0, 1.4, (30, 30, 90), 7, cv2.LINE_AA)
        cv2.putText(page, "".join(rest), (x + 40, y), 0, 1.4, (30, 30, 90), 3, cv2.LINE_AA)
    return page


def in_shadow(page: np.ndarray) -> np.ndarray:
    """Light that falls to half from the left to the right."""
    light = np.linspace(1, 0.5, page.shape[1])[None, :, None]
    return (page * light).astype(np.uint8)


def rotated(page: np.ndarray, degrees: float) -> np.ndarray:
    """The page turned against the clock on paper of its colour."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.8)
    ground = (225, 225, 225)
    return cv2.warpAffine(page, matrix, (width, height), borderValue=ground)


def on_table(page: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The page on a dark table, its corners (4, 2), clockwise from the upper left, at these."""
    height, width = page.shape[:2]
    own = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(own, corners.astype(np.float32))
    return cv2.warpPerspective(page, matrix, (width + 300, height + 300), borderValue=(70, 50, 40))


def from_aside(page: np.ndarray, degrees: float, axis: int) -> np.ndarray:
    """The page turned about the level (0) or upright (1) axis through its middle before a camera,
    nothing cut off."""
    height, width = page.shape[:2]
    far = 1.2 * max(height, width)
    camera = np.array([[far, 0, width / 2], [0, far, height / 2], [0, 0, 1]])
    turn, _ = cv2.Rodrigues(np.radians(degrees) * np.eye(3)[axis])
    # A place on the page is (x, y, 0) before it is turned and moved away by 1.
    seen = np.stack((turn[:, 0], turn[:, 1], [0, 0, 1]), axis=1)
    moved, extent = uncut(camera @ seen @ np.linalg.inv(camera), (width, height))
    size = np.ceil(extent).astype(int).tolist()
    return cv2.warpPerspective(page, moved, size, borderValue=(225, 225, 225))
