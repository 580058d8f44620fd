"""Evaluate a text-line model on words, lines or pages.

    python text_evaluation.py RUN --data PENS/words.npz --held-out
    python text_evaluation.py RUN --data FOLDER --json
    python text_evaluation.py RUN --data FOLDER --decoder language
    python text_evaluation.py RUN --data FOLDER --language fr
    python text_evaluation.py RUN --data FOLDER --pattern '[0-9]+([.,][0-9]+)?'

RUN is a run in models/lines/ or a weights file. --data is a pen archive, or a folder with

- a `text.csv` (columns `file` and `text`); images with texts of several lines are pages;
- a `words.json` (words with their places in photographs), or ALTO or PAGE XML files: samples are
  the words, or the lines, cut out where they are annotated.

Texts are compared as they are written in the characters of --language: with English, accents do not
count. The last printed line is a JSON object with `cer` (character error rate without spaces),
`cer_alphanumeric` (letters and digits alone, ignoring case and accents), `wer` (word error rate),
`exact` (exact match), `samples`, and `seconds_per_sample` (one at a time; lines on one thread).
Where places are annotated, it also has `pages`, the figures of whole pages read as
`read_picture.py` reads them, and `lines_given`, those with the annotated lines cut out: the first
less the second is the fault of the layout. Both have, besides the error rates of the pages' texts
in reading order, `precision`, `recall` and `f1` of words found and read (ignoring case and
accents), `f1_cased` (exactly equal), and `words`; `pages` has `lines_found` (share of the lines
that one predicted line covers), `lines`, `lines_left_aside` (crossed out, printed, or without a
letter or digit), and `seconds_per_page` (mean): see `handwriting.evaluation.layout_metrics`. With
--json the object is the only output.
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
from tqdm import tqdm

from handwriting.cli import make_parser, nowhere, positive_int, run_script
from handwriting.datasets.annotated_pages import (
    PlacedPage,
    PlacedWord,
    load_placed_pages,
)
from handwriting.datasets.photographed_text import has_words
from handwriting.datasets.text import TextSet, left_out, load_pages, load_text
from handwriting.errors import HandwritingError
from handwriting.evaluation.layout_metrics import PageCounts, count_texts, measure_page
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.languages import LANGUAGES
from handwriting.lines.options import add_decoder_options, choose_decoder
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.known_lines import given_lines, unseen_pages
from handwriting.pages.layout import Layout, add_layout_option, find_layout
from handwriting.pages.page_text import LineOfPage, text_of_page
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import PageReader, read_page

TIMED = 200
"""Maximum number of timed samples."""


def choose(writers: np.ndarray, fraction: float, most: int | None) -> np.ndarray:
    """int64: the indices of the samples to evaluate on.

    Args:
        writers: str (N,), of all samples.
        fraction: part of the writers that the training held out, to select these; 0 for all.
        most: maximum number of samples, drawn at random; ``None`` for all.

    Raises:
        HandwritingError: no writer was held out.
    """
    rows = np.arange(len(writers))
    if fraction:
        rows = np.flatnonzero(left_out(writers, fraction))
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
    texts = [reader.language.spelled(data.texts[row]) for row in rows]
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
    models: PageReader, files: list[Path], texts: list[str], decoder: Decoder = GREEDY
) -> dict[str, Any]:
    """Error rates on photographs of pages, whose lines are joined by line breaks."""
    read, times = [], []
    texts = list(map(models.reader.language.spelled, texts))
    for file in files:
        start = time.perf_counter()
        read.append(text_of_page(read_page(models, open_photograph(file), decoder).lines))
        times.append(time.perf_counter() - start)
    return text_metrics(read, texts) | {"seconds_per_sample": float(np.median(times))}


def evaluate_placed(
    models: PageReader, pages: list[PlacedPage], decoder: Decoder = GREEDY
) -> dict[str, Any]:
    """Figures of whole pages as ``pages``, and with their lines given as ``lines_given``; and those
    of the lines as samples."""
    whole, given = _Figures(), _Figures()
    read_lines: list[str] = []
    times, pictures = [], []
    for page in tqdm(pages, unit="page", desc="reading"):
        page = page.respelled(models.reader.language.spelled)
        start = time.perf_counter()
        photograph = open_photograph(page.file)
        found = read_page(models, photograph, decoder).lines
        times.append(time.perf_counter() - start)
        true = page.scaled(photograph.size)
        texts = [line.text for line in true if line.counts]
        whole.add(texts, *measure_page(placed_words(found), true))
        cuts = given_lines(photograph, page)
        read = [line.text for line in models.reader.read(cuts, decoder)]
        counts = [count_texts(*pair) for pair in zip(read, texts, strict=True)]
        given.add(texts, "\n".join(read), sum(counts, PageCounts()))
        read_lines += read
        pictures += cuts[: max(0, TIMED - len(pictures))]
    return {
        **text_metrics(read_lines, [text for page in given.texts for text in page]),
        "seconds_per_sample": seconds_per_sample(models.reader, pictures, decoder),
        "pages": whole.rates() | {"seconds_per_page": float(np.mean(times))},
        "lines_given": given.rates(),
    }


class _Figures:
    """Pages with their true lines, their predicted texts, and the counts of all together."""

    def __init__(self) -> None:
        self.texts: list[list[str]] = []
        self.read: list[str] = []
        self.counts = PageCounts()

    def add(self, texts: list[str], read: str, counts: PageCounts) -> None:
        self.texts.append(texts)
        self.read.append(read)
        self.counts += counts

    def rates(self) -> dict[str, Any]:
        return text_metrics(self.read, list(map("\n".join, self.texts))) | self.counts.rates()


def placed_words(lines: list[LineOfPage]) -> list[list[PlacedWord]]:
    """The words of predicted lines with their places in pixels of the image."""
    return [[PlacedWord(word.text, word.polygon) for word in line.words] for line in lines]


def evaluate_data(
    models: PageReader, path: Path, fraction: float, most: int | None, decoder: Decoder
) -> dict[str, Any]:
    """All figures of --data.

    Args:
        models: the text-line model, and the layout network for pages.
        path: pen archive or folder.
        fraction: part of the writers that the training held out, to select these; 0 for all.
        most: maximum number of samples, and of annotated pages; ``None`` for all.
        decoder: of all lines.

    Raises:
        HandwritingError: the data are damaged, or no writer was held out.
    """
    placed = load_placed_pages(path) if path.is_dir() else []
    if placed:
        chosen = choose(np.array([page.writer for page in placed]), fraction, most)
        # The samples of a list of words are the words.
        words = _samples(models.reader, path, fraction, most, decoder) if has_words(path) else {}
        return evaluate_placed(models, [placed[k] for k in chosen], decoder) | words
    pages = load_pages(path) if path.is_dir() else None
    if not pages:
        return _samples(models.reader, path, fraction, most, decoder)
    if fraction:
        pages = unseen_pages(*pages, models.reader.trained_pages)
    if not pages[0]:
        raise HandwritingError("--held-out: RUN was trained on all pages of --data.")
    return evaluate_pages(models, *(column[:most] for column in pages), decoder)


def _samples(
    reader: Reader, path: Path, fraction: float, most: int | None, decoder: Decoder
) -> dict[str, Any]:
    data = load_text(path)
    return evaluate(reader, data, choose(data.writers, fraction, most), decoder)


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
    add_layout_option(parser)
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
        reader = Reader.load(path).for_language(LANGUAGES[args.language])
        fraction = 0.0
        if args.held_out:
            fraction = reader.held_out
            if not fraction:
                raise HandwritingError("--held-out: the training of RUN held out no writers.")
        models = PageReader(reader, Layout.load(find_layout(args.layout_model)))
        found = evaluate_data(models, args.data, fraction, args.most, decoder)
        named = {"run": path.stem, "data": args.data.name, "language": args.language}
        result = named | found
        print(f"{path.stem} on {result['samples']} samples of {args.data}:")
        for name in ("cer", "cer_alphanumeric", "wer", "exact"):
            print(f"  {name:17} {result[name]:.4f}")
        for style, found in result.get("styles", {}).items():
            print(f"  cer, {style:12} {found['cer']:.4f}  ({found['samples']} samples)")
        for kind in ("pages", "lines_given"):
            for name in ("cer", "f1", "lines_found"):
                if name in result.get(kind, {}):
                    print(f"  {kind}: {name:11} {result[kind][name]:.4f}")
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
