"""Evaluate a text-line model on words, lines or pages.

    python text_evaluation.py RUN --data PENS/words.npz --held-out
    python text_evaluation.py RUN --data FOLDER --json
    python text_evaluation.py RUN --data FOLDER --decoder language
    python text_evaluation.py RUN --data FOLDER --pattern '[0-9]+([.,][0-9]+)?'

RUN is a run in models/lines/ or a weights file. --data is a pen archive, or a folder with a
`text.csv` (columns `file` and `text`); images with texts of several lines are pages. The last
printed line is a JSON object with `cer` (character error rate without spaces), `cer_alphanumeric`
(letters and digits alone, ignoring case), `wer` (word error rate), `exact` (exact match),
`samples`, and `seconds_per_sample` (one at a time; lines on one thread). With --json it is the only
output.
"""

import argparse
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import numpy as np
import torch

from handwriting.cli import make_parser, nowhere, positive_int, run_script
from handwriting.datasets.text import TextSet, left_out, load_pages, load_text
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.options import add_decoder_options, choose_decoder
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.known_lines import unseen_pages
from handwriting.pages.page_text import text_of_page
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import read_page

TIMED = 200
"""Maximum number of timed samples."""


def choose(data: TextSet, fraction: float, most: int | None) -> np.ndarray:
    """int64: the indices of the samples to evaluate on.

    Args:
        data: all samples.
        fraction: part of the writers that the training held out, to select these; 0 for all.
        most: maximum number of samples, drawn at random; ``None`` for all.

    Raises:
        HandwritingError: no writer was held out.
    """
    rows = np.arange(len(data))
    if fraction:
        rows = np.flatnonzero(left_out(data.writers, fraction))
    if not len(rows):
        raise HandwritingError("--held-out: --data has no held-out writer of this run.")
    chosen = np.random.default_rng(0).permutation(rows)[: most or len(rows)]
    return np.sort(chosen)


def seconds_per_sample(
    reader: Reader, pictures: list[np.ndarray], decoder: Decoder = GREEDY
) -> float:
    """Median seconds from an image to its text, one at a time, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for picture in pictures[:TIMED]:
        start = time.perf_counter()
        reader.read([picture], decoder)
        times.append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    return float(np.median(times))


def evaluate(
    reader: Reader, data: TextSet, rows: np.ndarray, decoder: Decoder = GREEDY
) -> dict[str, Any]:
    """Error rates of the samples in ``rows``, and of each writing style where known."""
    pictures = [data.pictures[row] for row in rows]
    texts = [data.texts[row] for row in rows]
    read = [line.text for line in reader.read(pictures, decoder)]
    found: dict[str, Any] = text_metrics(read, texts)
    if data.styles is not None:
        styles = data.styles[rows]
        found["styles"] = {
            str(style): text_metrics(
                [read[k] for k in np.flatnonzero(styles == style)],
                [texts[k] for k in np.flatnonzero(styles == style)],
            )
            for style in np.unique(styles)
            if style
        }
    return found | {"seconds_per_sample": seconds_per_sample(reader, pictures, decoder)}


def evaluate_pages(
    reader: Reader, files: list[Path], texts: list[str], decoder: Decoder = GREEDY
) -> dict[str, Any]:
    """Error rates on photographs of pages, whose lines are joined by line breaks."""
    read, times = [], []
    for file in files:
        start = time.perf_counter()
        read.append(text_of_page(read_page(reader, open_photograph(file), decoder)))
        times.append(time.perf_counter() - start)
    return text_metrics(read, texts) | {"seconds_per_sample": float(np.median(times))}


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="run to evaluate")
    add("--data", type=Path, required=True, metavar="PATH", help="pen archive, or a folder")
    add("--held-out", action="store_true", help="evaluate on held-out writers only")
    add("--most", type=positive_int, metavar="N", help="evaluate on N random samples")
    add("--json", action="store_true", help="print the JSON object and nothing else")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    add_decoder_options(parser)
    return parser


def main(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate, and print the error rates."""
    if args.most is not None and args.most < 1:
        raise HandwritingError("--most must be at least 1.")
    with contextlib.ExitStack() as stack:
        if args.json:
            nothing = stack.enter_context(nowhere())
            stack.enter_context(contextlib.redirect_stdout(nothing))
            stack.enter_context(contextlib.redirect_stderr(nothing))
        decoder = choose_decoder(args)
        path = find_reader(args.run, args.models)
        reader = Reader.load(path)
        fraction = 0.0
        if args.held_out:
            fraction = reader.held_out
            if not fraction:
                raise HandwritingError("--held-out: the training of RUN held out no writers.")
        pages = load_pages(args.data) if args.data.is_dir() else None
        if pages:
            if fraction:
                pages = unseen_pages(*pages, reader.trained_pages)
            if not pages[0]:
                raise HandwritingError("--held-out: RUN was trained on all pages of --data.")
            found = evaluate_pages(reader, *(column[: args.most] for column in pages), decoder)
        else:
            data = load_text(args.data)
            found = evaluate(reader, data, choose(data, fraction, args.most), decoder)
        result = {"run": path.stem, "data": args.data.name, **found}
        print(f"{path.stem} on {result['samples']} samples of {args.data}:")
        for name in ("cer", "cer_alphanumeric", "wer", "exact"):
            print(f"  {name:17} {result[name]:.4f}")
        for style, found in result.get("styles", {}).items():
            print(f"  cer, {style:12} {found['cer']:.4f}  ({found['samples']} samples)")
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
