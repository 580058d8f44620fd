"""Read the text in photographs of pages or of single lines.

    python read_picture.py PAGE.jpg
    python read_picture.py PAGE_OF_CODE.jpg --decoder programs
    python read_picture.py *.png --lines --json
    python read_picture.py *.png --lines --pattern '[A-Z]{2}[0-9]{4}'

Prints the lines of each image with their indentation, under its name if there are several images.
With --json it prints one JSON object per image: `file`, `width`, `height`, `text` and `lines`.
Lines and their `words` have `text`, `confidence` (0 to 1), `box` (left, top, right, bottom) and
`polygon`, in pixels of the upright image. A line also has `characters`: for each position the top-5
characters with their probabilities.
"""

import argparse
import json
import sys
from pathlib import Path

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

from handwriting.cli import make_parser, run_script
from handwriting.errors import HandwritingError
from handwriting.lines.options import add_decoder_options, choose_decoder
from handwriting.lines.reader import LINES_FOLDER
from handwriting.pages.photographs import open_photograph
from handwriting.pages.text_reader import TextReader


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this script."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="images to read")
    add("--model", default="latest", metavar="RUN", help="run in models/lines/, or a weights file")
    add("--lines", action="store_true", help="each image shows one line")
    add("--json", action="store_true", help="print one JSON object per image")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    add_decoder_options(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Read and print image by image; an unreadable one does not stop the others.

    Raises:
        HandwritingError: there are no weights, or an image cannot be read.
    """
    decoder = choose_decoder(args)
    reader = TextReader.load(args.model, args.models)
    wrong = []
    for file in args.files:
        try:
            photograph = open_photograph(file, args.lines)
        except HandwritingError as error:
            wrong.append(str(error))
            continue
        if photograph.is_large:
            width, height = photograph.size
            print(f"{file} has {width}x{height} pixels and is downscaled first.", file=sys.stderr)
        page = reader.read_photograph(photograph, "line" if args.lines else "page", decoder)
        if args.json:
            print(json.dumps(page.record(str(file))))
            continue
        if len(args.files) > 1:
            print(f"{file}:")
        print(page.text if page.lines else f"{file}: no writing was found.")
    if wrong:
        raise HandwritingError("\n".join(wrong))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
