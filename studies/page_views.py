"""What does it cost to photograph a page askew, from aside or on its side?

    python -m studies.page_views ../shared/pages --save

The pages whose lines the training of the line reader did not see are read as they are; turned by
90, 180 and 270 degrees; askew by 15 degrees either way; and as a camera sees them that looks from
20 degrees above, below, left or right. What a photograph then shows beside the page has the usual
colour of its edge, so that no sheet's edge helps. With --save: page_views.json.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.datasets.text import load_pages
from handwriting.errors import HandwritingError
from handwriting.imaging.contrast import colours_of
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.known_lines import unseen_pages
from handwriting.pages.sheet import uncut
from studies.common import FIGURES
from text_evaluation import evaluate_pages

ASKEW, ASIDE = 15, 20
"""Degrees."""

_DISTANCE = 1.2
"""Of the camera, in longer sides of the page."""


def askew(picture: np.ndarray, degrees: float) -> np.ndarray:
    """A picture, uint8 (height, width, 3), turned against the clock, nothing cut off."""
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    return _seen(picture, turn)


def from_aside(picture: np.ndarray, degrees: float, axis: int) -> np.ndarray:
    """A picture, uint8 (height, width, 3), turned about the level (0) or upright (1) axis through
    its middle before a camera, nothing cut off."""
    height, width = picture.shape[:2]
    far = _DISTANCE * max(height, width)
    camera = np.array([[far, 0, width / 2], [0, far, height / 2], [0, 0, 1]])
    turn, _ = cv2.Rodrigues(np.radians(degrees) * np.eye(3)[axis])
    # A place on the page is (x, y, 0) before it is turned and moved away by 1.
    seen = np.stack((turn[:, 0], turn[:, 1], [0, 0, 1]), axis=1)
    return _seen(picture, camera @ seen @ np.linalg.inv(camera))


def _seen(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    moved, extent = uncut(matrix, picture.shape[1::-1])
    edge = np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1]))
    ground = np.median(edge, axis=0).tolist()
    return cv2.warpPerspective(
        picture, moved, np.ceil(extent).astype(int).tolist(), borderValue=ground
    )


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda picture: picture,
    **{f"turned by {90 * k}": partial(np.rot90, k=k) for k in (1, 2, 3)},
    f"askew by {ASKEW}": partial(askew, degrees=ASKEW),
    f"askew by -{ASKEW}": partial(askew, degrees=-ASKEW),
    f"from {ASIDE} above": partial(from_aside, degrees=ASIDE, axis=0),
    f"from {ASIDE} below": partial(from_aside, degrees=-ASIDE, axis=0),
    f"from {ASIDE} left": partial(from_aside, degrees=-ASIDE, axis=1),
    f"from {ASIDE} right": partial(from_aside, degrees=ASIDE, axis=1),
}
"""By name, in degrees."""


def measure(reader: Reader, files: list[Path], texts: list[str], view: str) -> dict[str, Any]:
    """Error rates of pages seen in one way."""
    with tempfile.TemporaryDirectory() as folder:
        seen = []
        for file in files:
            with Image.open(file) as picture:
                colours = VIEWS[view](colours_of(picture))
            seen.append(Path(folder) / f"{file.stem}.png")
            Image.fromarray(np.ascontiguousarray(colours)).save(seen[-1], compress_level=1)
        found = evaluate_pages(reader, seen, texts)
    return {name: found[name] for name in ("cer", "cer_alphanumeric")}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, most=1)
    add = parser.add_argument
    add("pages", type=Path, help="folder of photographed pages with their text.csv")
    add("--run", default="latest", metavar="RUN", help="line reader to measure")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with line readers")
    add("--most", type=int, default=None, help="pages that are read, all unseen ones without it")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read all views and print one JSON object."""
    reader = Reader.load(find_reader(args.run, args.models))
    pages = load_pages(args.pages)
    if pages is None:
        raise HandwritingError(f"{args.pages} holds no pages: texts of several lines.")
    files, texts = (column[: args.most] for column in unseen_pages(*pages, reader.trained_pages))
    result = {"pages": len(files), **{v: measure(reader, files, texts, v) for v in VIEWS}}
    print(json.dumps(result))
    save_measured(args, "page_views.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
