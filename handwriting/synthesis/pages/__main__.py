"""A sheet of composed pages with their truth drawn.

    python -m handwriting.synthesis.pages pages.png --pens ../shared/pen --fonts ../shared/fonts

Core zones of handwriting are green, those of print blue, rules red.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from handwriting.cli import make_parser, positive_int, run_script, seed
from handwriting.files import replacing
from handwriting.formats.ground_truth import annotated_pages
from handwriting.imaging.text_lines import HANDWRITING, TextLayout
from handwriting.synthesis.pages.composer import SCENES, PageComposer
from handwriting.synthesis.pages.real_ink import real_ink
from handwriting.synthesis.pages.sources import PageSources

_TILE, _BETWEEN = 480, 8


def drawn(layout: TextLayout) -> np.ndarray:
    """The picture with its truth, uint8 (rows, columns, 3)."""
    picture = layout.picture.copy()
    picture[layout.rules > 127] = (255, 60, 60)
    zones = picture.copy()
    for line in layout.lines:
        colour = (0, 190, 60) if line.kind == HANDWRITING else (40, 90, 255)
        cv2.fillPoly(zones, [np.round(line.outline()).astype(np.int32)], colour, cv2.LINE_AA)
        cv2.circle(zones, np.round(line.points[0]).astype(int).tolist(), 4, (255, 0, 255), -1)
    return cv2.addWeighted(picture, 0.6, zones, 0.4, 0)


def sheet_of(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Pictures in a grid, each made to fit its place."""
    rows = -(-len(pictures) // columns)
    place = _TILE + _BETWEEN
    sheet = np.full((rows * place, columns * place, 3), 90, dtype=np.uint8)
    for number, picture in enumerate(pictures):
        factor = _TILE / max(picture.shape[:2])
        size = [max(1, round(length * factor)) for length in picture.shape[1::-1]]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        top, left = (place * index for index in divmod(number, columns))
        sheet[top : top + size[1], left : left + size[0]] = small
    return sheet


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("out", type=Path, metavar="PNG", help="image file to write")
    add("--pens", type=Path, default=None, metavar="FOLDER", help="folder of pen archives")
    add("--fonts", type=Path, default=None, metavar="FOLDER", help="folder of handwriting fonts")
    add("--scans", type=Path, default=None, metavar="FOLDER", help="scans with ALTO or PAGE files")
    add("--scene", choices=list(SCENES), default=None, help="one kind of page alone")
    add("--pages", type=positive_int, default=12, help="number of pages")
    add("--columns", type=positive_int, default=4, help="pages side by side")
    add("--plain", action="store_true", help="without the truth")
    add("--seed", type=seed, default=0, help="random seed")
    return parser


def main(args: argparse.Namespace) -> None:
    """Draw the sheet."""
    ink = [] if args.scans is None else real_ink(annotated_pages(args.scans))
    composer = PageComposer(PageSources.load(args.pens, args.fonts, ink))
    pictures = []
    for number in range(args.pages):
        rng = np.random.default_rng((args.seed, number))
        layout = composer.compose_scene(args.scene, rng) if args.scene else composer.compose(rng)
        pictures.append(layout.picture if args.plain else drawn(layout))
    with replacing(args.out) as (part,):
        Image.fromarray(sheet_of(pictures, args.columns)).save(part, format="png")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
