"""Error rates of the text-line model on words, lines and pages, whose names and meanings are those
of `text_evaluation.py`."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from handwriting.datasets.annotated_pages import (
    PlacedPage,
    PlacedWord,
    load_placed_pages,
)
from handwriting.datasets.photographed_text import has_words
from handwriting.datasets.text import TextSet, left_out, load_pages, load_text
from handwriting.errors import HandwritingError
from handwriting.evaluation.layout_metrics import PageCounts, count_texts, measure_page
from handwriting.evaluation.text_metrics import by_writer, text_metrics
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.reader import Reader
from handwriting.pages.known_lines import given_lines, unseen_pages
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
    reader: Reader, pictures: Sequence[np.ndarray], decoder: Decoder = GREEDY
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


def _times(reader: Reader, pictures: Sequence[np.ndarray], decoder: Decoder) -> dict[str, float]:
    return {"seconds_per_sample": seconds_per_sample(reader, pictures, decoder)} if pictures else {}


def evaluate(
    reader: Reader,
    data: TextSet,
    rows: np.ndarray,
    decoder: Decoder = GREEDY,
    timed: int = TIMED,
) -> dict[str, Any]:
    """Error rates of the samples in ``rows``, of their writers, and of each writing style where
    known."""
    pictures = [data.pictures[row] for row in rows]
    texts = [reader.language.spelled(data.texts[row]) for row in rows]
    read = [line.text for line in reader.read(pictures, decoder)]
    found = _rates(read, texts, data.writers[rows].tolist())
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
    return found | _times(reader, pictures[:timed], decoder)


def _rates(read: list[str], texts: list[str], writers: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = text_metrics(read, texts)
    if of_writers := by_writer(read, texts, writers):
        found["writers"] = of_writers
    return found


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
    models: PageReader, pages: list[PlacedPage], decoder: Decoder = GREEDY, timed: int = TIMED
) -> dict[str, Any]:
    """Figures of whole pages as ``pages``, and with their lines given as ``lines_given``; and those
    of the lines as samples."""
    whole, given = _Figures(), _Figures()
    read_lines: list[str] = []
    writers: list[str] = []
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
        whole.counts += PageCounts(left_aside=page.annotated.unplaced if page.annotated else 0)
        cuts = given_lines(photograph, page)
        read = [line.text for line in models.reader.read(cuts, decoder)]
        counts = [count_texts(*pair) for pair in zip(read, texts, strict=True)]
        given.add(texts, "\n".join(read), sum(counts, PageCounts()))
        read_lines += read
        writers += [page.writer] * len(read)
        pictures += cuts[: max(0, timed - len(pictures))]
    return {
        **_rates(read_lines, [text for page in given.texts for text in page], writers),
        **_times(models.reader, pictures, decoder),
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


@dataclass(frozen=True)
class EvaluationData:
    """What --data holds: annotated pages, pages with their texts, or samples.

    Attributes:
        placed: pages whose lines or words have places.
        pages: images of pages, and their texts.
        samples: words or lines; those of a list of words beside ``placed``.
        rows: int64, the samples to evaluate on.
    """

    placed: list[PlacedPage] = field(default_factory=list)
    pages: tuple[list[Path], list[str]] | None = None
    samples: TextSet | None = None
    rows: np.ndarray | None = None


def load_data(
    path: Path, fraction: float, most: int | None, trained_pages: Collection[str]
) -> EvaluationData:
    """What to evaluate on.

    Args:
        path: pen archive or folder.
        fraction: part of the writers that the training held out, to select these; 0 for all.
        most: maximum number of samples, and of annotated pages; ``None`` for all.
        trained_pages: file names of the pages with a text that the training had.

    Raises:
        HandwritingError: the data are damaged, or no writer was held out.
    """
    placed = load_placed_pages(path) if path.is_dir() else []
    if placed:
        chosen = choose(np.array([page.writer for page in placed]), fraction, most)
        placed = [placed[k] for k in chosen]
        if not has_words(path):
            return EvaluationData(placed)
    pages = load_pages(path) if path.is_dir() else None
    if not pages:
        # The samples of a list of words are the words.
        data = load_text(path, fraction)
        return EvaluationData(placed, None, data, choose(data.writers, fraction, most))
    if fraction:
        pages = unseen_pages(*pages, trained_pages)
    if not pages[0]:
        raise HandwritingError("--held-out: RUN was trained on all pages of --data.")
    return EvaluationData(pages=(pages[0][:most], pages[1][:most]))


def evaluate_data(
    models: PageReader, data: EvaluationData, decoder: Decoder, timed: int = TIMED
) -> dict[str, Any]:
    """All figures of --data.

    Args:
        models: the text-line model, and the layout network for pages.
        data: of :func:`load_data`.
        decoder: of all lines.
        timed: number of samples that are read once more, one at a time.
    """
    if data.pages:
        return evaluate_pages(models, *data.pages, decoder)
    found: dict[str, Any] = {}
    if data.placed:
        found = evaluate_placed(models, data.placed, decoder, 0 if data.samples else timed)
    if data.samples is not None and data.rows is not None:
        found |= evaluate(models.reader, data.samples, data.rows, decoder, timed)
    return found
