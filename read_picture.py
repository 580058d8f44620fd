"""Read the text in pictures of any kind: a page, some lines, a word, a number, a character.

    python read_picture.py PAGE.jpg
    python read_picture.py PAGE_OF_CODE.jpg --decoder programs
    python read_picture.py LETTRE.jpg --language fr --decoder language
    python read_picture.py *.png --lines --json
    python read_picture.py PAGE.jpg --format alto --out FOLDER
    python read_picture.py *.png --lines --pattern '[A-Z]{2}[0-9]{4}'

Prints the lines of each image with their indentation, under its name if there are several images.
With --json it prints one JSON object per image: `file`, `width`, `height`, `text`, `lines`,
`fields` (frames, rows of boxes and tables with the texts of their cells) and `unread` (places that
look like writing and were not read, and why). Lines and their `words` have `text`, `confidence` (0
to 1), `box` (left, top, right, bottom) and `polygon`, in pixels of the upright image. A line also
has `characters`: for each position the top-5 characters with their probabilities.
"""

import argparse
import json
import sys
from pathlib import Path

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

from handwriting.cli import make_parser, run_script
from handwriting.errors import HandwritingError
from handwriting.files import replacing
from handwriting.formats.documents import DOCUMENT_FORMATS, document_of
from handwriting.lines.decoding import Decoder
from handwriting.lines.options import add_decoder_options, choose_decoder
from handwriting.lines.reader import LINES_FOLDER
from handwriting.pages.layout import add_layout_option
from handwriting.pages.photographs import open_photograph
from handwriting.pages.records import Page
from handwriting.pages.text_reader import TextReader

FORMATS = ("text", "json", *DOCUMENT_FORMATS)
ENDINGS = {"text": ".txt", "json": ".json", "hocr": ".html"}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this script."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="images to read")
    add("--model", default="latest", metavar="RUN", help="run in models/lines/, or a weights file")
    add("--lines", action="store_true", help="each image shows one line")
    add(
        "--format",
        choices=FORMATS,
        default="text",
        help="what to print; json: an object per image; alto, page, hocr: a document per image",
    )
    add("--json", action="store_const", dest="format", const="json", help="as --format json")
    add("--out", type=Path, default=None, help="folder for a file per image, instead of printing")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    add_layout_option(parser)
    add_decoder_options(parser)
    return parser


def formatted(page: Page, file: Path, form: str) -> str:
    """What was read of a file, in one of FORMATS."""
    if form == "json":
        return json.dumps(page.record(str(file)))
    if form == "text":
        return page.text if page.lines else f"{file}: no writing was found."
    return document_of(page.annotated(file.name), form)


def save_text(content: str, path: Path) -> None:
    """Write a file and say so; none that is there is overwritten.

    Raises:
        HandwritingError: there is such a file.
    """
    if path.exists():
        raise HandwritingError(f"{path} exists already. Move it, or give another folder for --out.")
    with replacing(path) as (part,):
        part.write_text(content + "\n", encoding="utf-8")
    print(f"wrote {path}")


def read_file(reader: TextReader, file: Path, decoder: Decoder, args: argparse.Namespace) -> None:
    """Read one image, and print or write what was read.

    Raises:
        HandwritingError: it cannot be read, or what would be written exists.
    """
    photograph = open_photograph(file, args.lines)
    if photograph.is_large:
        width, height = photograph.size
        print(f"{file} has {width}x{height} pixels and is downscaled first.", file=sys.stderr)
    layout = "line" if args.lines else "auto"
    page = reader.read_photograph(photograph, layout, decoder, args.language)
    content = formatted(page, file, args.format)
    if args.out is not None:
        save_text(content, args.out / f"{file.stem}{ENDINGS.get(args.format, '.xml')}")
        return
    if args.format == "text" and len(args.files) > 1:
        print(f"{file}:")
    print(content)


def main(args: argparse.Namespace) -> None:
    """Read image by image; an unreadable one does not stop the others.

    Raises:
        HandwritingError: there are no weights, or an image cannot be read.
    """
    decoder = choose_decoder(args)
    reader = TextReader.load(args.model, args.models, args.layout_model)
    wrong = []
    for file in args.files:
        try:
            read_file(reader, file, decoder, args)
        except HandwritingError as error:
            wrong.append(str(error))
    if wrong:
        raise HandwritingError("\n".join(wrong))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
