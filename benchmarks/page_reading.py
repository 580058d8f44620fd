"""Time and memory of reading a photographed page and a document, and time of a word on one core.

    python -m benchmarks.page_reading PHOTOGRAPH --words ../shared/pen/words.npz

The photograph is first scaled to 12 megapixels. The document is a PDF of ten A4 pages at 300 dpi,
each of them the photograph. Time is that of the whole process of
`read_picture.py`, including imports; memory is its peak resident size. Results are medians of the
repetitions. Single words are timed on one thread, from image to text; the median is reported. With
--save: page_reading.json.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.common import FIGURES, alone, medians
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.datasets.text import load_text
from handwriting.evaluation.text_figures import seconds_per_sample
from handwriting.imaging.photograph import open_picture
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.text_reader import TextReader

TWELVE_MEGAPIXELS = 12_000_000
A4_AT_300_DPI = 2480 * 3508
PAGES, DPI = 10, 300


def enlarge(photograph: Path, pixels: int, file: Path) -> None:
    """Write a photograph as a JPEG of this number of pixels."""
    picture = open_picture(photograph, enough=None).convert("RGB")
    factor = (pixels / (picture.width * picture.height)) ** 0.5
    size = (round(picture.width * factor), round(picture.height * factor))
    picture.resize(size, Image.Resampling.LANCZOS).save(file, quality=90)


def bind(photograph: Path, pages: int, file: Path) -> None:
    """Write a PDF of A4's area at 300 dpi, with the photograph on each page."""
    with tempfile.TemporaryDirectory() as folder:
        enlarge(photograph, A4_AT_300_DPI, Path(folder) / "page.jpg")
        page = open_picture(Path(folder) / "page.jpg")
        page.save(file, save_all=True, append_images=[page] * (pages - 1), resolution=DPI)


def count_lines(weights: Path, file: Path) -> int:
    """The number of lines found on a page."""
    return len(TextReader.load(weights).read(file).lines)


def measure_page(weights: Path, photograph: Path, repeats: int) -> dict[str, Any]:
    """Medians of seconds and GiB of reading the enlarged photograph."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.jpg"
        alone(enlarge, photograph, TWELVE_MEGAPIXELS, file)
        command = [sys.executable, "read_picture.py", str(file), "--model", str(weights.resolve())]
        figures = medians(command, repeats)
        lines = alone(count_lines, weights, file)
    return {"lines": lines, **figures}


def measure_document(weights: Path, photograph: Path, pages: int, repeats: int) -> dict[str, Any]:
    """Medians of seconds and GiB of reading a document of several pages."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scan.pdf"
        alone(bind, photograph, pages, file)
        command = [sys.executable, "read_picture.py", str(file), "--model", str(weights.resolve())]
        return {"pages": pages, **medians(command, repeats)}


def word_milliseconds(weights: Path, words: Path, most: int) -> float:
    """Median milliseconds of a single word on one thread."""
    data = load_text(words)
    chosen = np.random.default_rng(0).permutation(len(data))[:most]
    return 1000 * seconds_per_sample(Reader.load(weights), [data.pictures[k] for k in chosen])


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, FIGURES, repeats=1, most=20, pages=2)
    add = parser.add_argument
    add("photograph", type=Path, metavar="PHOTOGRAPH", help="photograph of a page")
    add("--words", type=Path, required=True, metavar="PATH", help="pen archive of words")
    add("--run", default="latest", metavar="RUN", help="text-line model to measure")
    add("--repeats", type=int, default=3, help="readings of the page and the document")
    add("--pages", type=int, default=PAGES, help="pages of the document")
    add("--most", type=int, default=200, help="timed words")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    weights = find_reader(args.run, args.models)
    result = {
        "run": weights.stem,
        "cores": os.cpu_count(),
        "megabytes": round(weights.stat().st_size / 1e6, 2),
        "page": measure_page(weights, args.photograph, args.repeats),
        "document": measure_document(weights, args.photograph, args.pages, args.repeats),
        "word_milliseconds": round(word_milliseconds(weights, args.words, args.most), 2),
    }
    report_measured(args, "page_reading.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
