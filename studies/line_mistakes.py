"""The line reader's worst mistakes on words and lines of writers left out, the surest first.

    python -m studies.line_mistakes RUN --data ../shared/pen/words.npz --save

Prints a line for each: what stands there, what was read, and how sure the reader was of it. With
--save: a picture of them, <set>_mistakes.png; it holds pictures of the set, so it goes to
data/studies, which is no part of the project.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from handwriting.cli import make_measuring_parser, run_script
from handwriting.datasets.text import left_out, load_text
from handwriting.errors import HandwritingError
from handwriting.files import replacing
from handwriting.imaging.line import HEIGHT
from handwriting.lines.decoding import LineRead
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader

_WIDTH, _CAPTION, _GAP = 1400, 14, 10


def worst(read: list[LineRead], texts: list[str], most: int) -> list[int]:
    """Numbers of what was read wrongly, the most confident first, at most ``most``."""
    wrong = [k for k, line in enumerate(read) if line.text.split() != texts[k].split()]
    return sorted(wrong, key=lambda k: -read[k].confidence)[:most]


def draw(pictures: list[np.ndarray], captions: list[str]) -> Image.Image:
    """Pictures of lines with a caption below each, row by row."""
    scratch = ImageDraw.Draw(Image.new("L", (1, 1)))
    places, x, y = [], 0, 0
    for picture, caption in zip(pictures, captions, strict=True):
        width = int(max(picture.shape[1], scratch.textlength(caption))) + _GAP
        if x and x + width > _WIDTH:
            x, y = 0, y + HEIGHT + _CAPTION + _GAP
        places.append((x, y))
        x += width
    sheet = Image.new("L", (_WIDTH, y + HEIGHT + _CAPTION + _GAP), 255)
    pen = ImageDraw.Draw(sheet)
    for (x, y), picture, caption in zip(places, pictures, captions, strict=True):
        sheet.paste(Image.fromarray(255 - picture), (x, y))
        pen.text((x, y + HEIGHT), caption, 0)
    return sheet


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, Path("data/studies"), most=12)
    add = parser.add_argument
    add("run", metavar="RUN", help="line reader")
    add("--data", type=Path, required=True, metavar="PATH", help="what it trained on")
    add("--most", type=int, default=120, help="mistakes to show")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with line readers")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the writers left out, print the mistakes, draw them."""
    reader = Reader.load(find_reader(args.run, args.models))
    data = load_text(args.data)
    rows = np.flatnonzero(left_out(data.writers, reader.held_out))
    pictures = [data.pictures[row] for row in rows]
    texts = [data.texts[row] for row in rows]
    read = reader.read(pictures)
    chosen = worst(read, texts, args.most)
    if not chosen:
        raise HandwritingError(f"no mistake on the {len(rows)} samples that were left out.")
    captions = [f"{texts[k]} > {read[k].text} ({read[k].confidence:.2f})" for k in chosen]
    print("\n".join(captions))
    if args.save:
        path = args.out / f"{args.data.stem}_mistakes.png"
        with replacing(path) as (part,):
            draw([pictures[k] for k in chosen], captions).save(part, format="png")
        print(f"wrote {path}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
