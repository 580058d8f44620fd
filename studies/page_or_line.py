"""Does the reader find out by itself that a picture shows one line?

    python -m studies.page_or_line ../shared/numbers

Pictures of one line each, a folder with a `text.csv` of `file`, `text`; those that the training of
the reader left out. They are read as pages, as `pages.reading.read_picture` decides, and as single
lines, with the language model. With --save: page_or_line.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.datasets.photographed_text import read_texts
from handwriting.datasets.text import left_out
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.language import LANGUAGE_FILE, LanguageModel
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import read_page, read_picture, read_single_line, text_of_page
from studies.common import FIGURES

WAYS = {"page": read_page, "found_out": read_picture, "line": read_single_line}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, most=3)
    add = parser.add_argument
    add("data", type=Path, metavar="FOLDER", help="pictures of one line each")
    add("--run", default="latest", help="the line reader")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    add("--language", type=Path, default=LANGUAGE_FILE, help="file of the language model")
    add("--most", type=int, default=200, help="pictures that are read")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the pictures each way and print one JSON object.

    Raises:
        HandwritingError: the training left none of them out, or a file is not sound.
    """
    reader = Reader.load(find_reader(args.run, args.models))
    rows = read_texts(args.data / "text.csv")
    groups = np.array([row.get("writer") or row["file"] for row in rows])
    unseen = np.flatnonzero(left_out(groups, reader.held_out))
    if not len(unseen):
        raise HandwritingError(f"the training of {args.run} left no picture of {args.data} out.")
    chosen = [rows[k] for k in np.random.default_rng(0).permutation(unseen)[: args.most]]
    photographs = [open_photograph(args.data / row["file"]) for row in chosen]
    decoder = BeamDecoder(LanguageModel.load(args.language))
    texts = [row["text"].strip() for row in chosen]
    result = {
        name: text_metrics(
            [text_of_page(way(reader, photograph, decoder)) for photograph in photographs], texts
        )
        for name, way in WAYS.items()
    }
    print(json.dumps(result, indent=2))
    save_measured(args, "page_or_line.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
