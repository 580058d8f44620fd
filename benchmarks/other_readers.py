"""This project beside Tesseract and RapidOCR: the same held-out pictures, the same measures.

    python -m benchmarks.other_readers RUN --data WORDS_PHOTOGRAPHED COPISTE PAGES NUMBERS \\
        --languages COPISTE=fr

Each folder is one of `text_evaluation.py`; of a `words.json` both the whole photographs and the
words cut out are read. Writers are those that RUN's training held out. Of Debian's `tesseract-ocr`
and PyPI's `rapidocr` those that are installed are measured; the project needs neither. Seconds are
means a picture without the start, GiB the peak resident size, megabytes those of the models. F1 is
that of words, as in `handwriting.evaluation.layout_metrics`. With --save:
metrics/other_readers.json.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks.common import PROJECT
from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.datasets.annotated_pages import PlacedPage, PlacedWord, load_placed_pages
from handwriting.datasets.photographed_text import has_words, load_photographed, read_texts
from handwriting.datasets.text import load_pages
from handwriting.errors import HandwritingError
from handwriting.evaluation.layout_metrics import PageCounts, count_texts, measure_page
from handwriting.evaluation.text_figures import choose
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.imaging.photograph import open_with_size
from handwriting.lines.options import add_languages_option
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.known_lines import unseen_pages
from handwriting.pages.layout import LAYOUT_FOLDER, find_layout
from handwriting.recognition.recognizer import find_weights

READERS = ("greedy", "language", "rapidocr", "tesseract")
_AROUND = 12
"""Pixels of ground around a word that is cut out, which other readers need."""


@dataclass(frozen=True)
class Pictures:
    """Pictures of one kind with their texts.

    Attributes:
        kind: `page` or `line`.
        files: of the pictures.
        texts: of each.
        pages: their places, where these are annotated.
    """

    kind: str
    files: list[Path]
    texts: list[str]
    pages: list[PlacedPage] | None = None


def sets_of(
    folder: Path, reader: Reader, most: int | None, scratch: Path
) -> Iterator[tuple[str, Pictures]]:
    """The sets of pictures of a folder, by name.

    Args:
        folder: of `text_evaluation.py`.
        reader: whose training held out writers and pages; only these are read.
        most: number of pictures of each set; ``None`` for all.
        scratch: folder for the words that are cut out.
    """
    fraction = reader.held_out
    placed = load_placed_pages(folder)
    if placed:
        rows = choose(np.array([page.writer for page in placed]), fraction, most)
        chosen = [placed[row] for row in rows]
        texts = ["\n".join(line.text for line in p.lines if line.counts) for p in chosen]
        yield folder.name, Pictures("page", [page.file for page in chosen], texts, chosen)
        if has_words(folder):
            yield f"{folder.name}, words", _words(folder, fraction, most, scratch)
    elif pages := load_pages(folder):
        files, texts = unseen_pages(*pages, reader.trained_pages)
        yield folder.name, Pictures("page", files[:most], texts[:most])
    else:
        table = read_texts(folder / "text.csv")
        names = np.array([row.get("writer") or row["file"] for row in table])
        lines = [table[row] for row in choose(names, fraction, most)]
        texts = [row["text"].strip() for row in lines]
        yield folder.name, Pictures("line", [folder / row["file"] for row in lines], texts)


def _words(folder: Path, fraction: float, most: int | None, scratch: Path) -> Pictures:
    data = load_photographed(folder, kept=lambda photograph: photograph)
    files, texts = [], []
    for row in choose(data.groups, fraction, most).tolist():
        ground = tuple(np.median(data.contrasts[row], axis=(0, 1)).astype(int).tolist())
        picture = ImageOps.expand(Image.fromarray(data.contrasts[row]), _AROUND, ground)
        files.append(scratch / f"{row}.png")
        picture.save(files[-1])
        texts.append(data.texts[row])
    return Pictures("line", files, texts)


def missing(reader: str) -> str:
    """Why a reader cannot be measured here; empty where it can."""
    if reader == "tesseract" and not shutil.which("tesseract"):
        return "tesseract is not installed (apt-get install tesseract-ocr)."
    if reader == "rapidocr" and importlib.util.find_spec("rapidocr") is None:
        return "rapidocr is not installed (pip install rapidocr onnxruntime)."
    return ""


def read_by(
    reader: str, pictures: Pictures, language: str, weights: Path, scratch: Path
) -> dict[str, Any]:
    """The answer of `benchmarks.reader_process`.

    Args:
        reader: one of READERS.
        pictures: to read.
        language: of their texts, which this project's reader is told.
        weights: of this project's text-line model.
        scratch: folder for files.

    Raises:
        HandwritingError: the reader failed.
    """
    request, answer = scratch / "request.json", scratch / "answer.json"
    files = [str(file.resolve()) for file in pictures.files]
    others = (find_layout("latest", PROJECT / LAYOUT_FOLDER), find_weights("best"))
    known = {
        "weights": str(weights.resolve()),
        "others": [str(file.resolve()) for file in others],
        "language": language,
    }
    request.write_text(json.dumps({"files": files, **known}), encoding="utf-8")
    path = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, str(PROJECT / "benchmarks" / "reader_process.py")]
    done = subprocess.run(
        [*command, reader, pictures.kind, str(request), str(answer)],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise HandwritingError(f"{reader} failed: {said[-1]}")
    return json.loads(answer.read_text(encoding="utf-8"))


def figures(pictures: Pictures, answer: dict[str, Any]) -> dict[str, float]:
    """Error rates, F1 of words, seconds, memory and size of one reader on a set of pictures."""
    read, counts = [], PageCounts()
    for number, picture in enumerate(answer["pictures"]):
        lines = [
            [PlacedWord(text, np.array(polygon, dtype=float)) for text, polygon in words]
            for words in picture["lines"]
        ]
        if pictures.pages is None:
            text = "\n".join(" ".join(word.text for word in line) for line in lines)
            found = count_texts(text, pictures.texts[number])
        else:
            size = open_with_size(pictures.files[number])[1]
            text, found = measure_page(lines, pictures.pages[number].scaled(size))
        read.append(text)
        counts += found
    return {
        **text_metrics(read, pictures.texts),
        **counts.rates(),
        "seconds": float(np.mean([picture["seconds"] for picture in answer["pictures"]])),
        "gib": answer["gib"],
        "megabytes": answer["megabytes"],
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = make_measuring_parser(__doc__, Path("metrics"), most=2)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="text-line model to measure")
    add("--data", nargs="+", type=Path, required=True, metavar="FOLDER", help="pictures to read")
    add("--most", type=int, default=None, help="pictures of each set; all by default")
    add("--readers", nargs="+", choices=READERS, default=READERS, help="readers to measure")
    add_languages_option(parser)
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure each reader on each set and print one JSON object."""
    weights = find_reader(args.run, args.models)
    own = Reader.load(weights)
    left_out = {reader: why for reader in args.readers if (why := missing(reader))}
    for why in left_out.values():
        print(why, file=sys.stderr)
    sets: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for data in args.data:
            for name, pictures in sets_of(data, own, args.most, Path(folder)):
                sets[name] = {}
                for reader in args.readers:
                    if reader not in left_out:
                        language = args.languages.get(data.stem, "en")
                        answer = read_by(reader, pictures, language, weights, Path(folder))
                        sets[name][reader] = figures(pictures, answer)
                        print(f"{name}, {reader}: F1 {sets[name][reader]['f1']:.3f}", flush=True)
    result = {"run": weights.stem, "sets": sets}
    report_measured(args, "other_readers.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
