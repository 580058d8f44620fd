"""Lines of pages whose text is known: with places from their files, or as the layout network finds
them."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from handwriting.datasets.annotated_pages import (
    PlacedLine,
    PlacedPage,
    cut_given,
    load_placed_pages,
)
from handwriting.datasets.page_layouts import text_lines_of
from handwriting.datasets.photographed_text import PhotographedText, has_words
from handwriting.datasets.text import TextSet, left_out, load_pages, load_text
from handwriting.imaging.line import contrast_of_line, cut_line, line_from_contrast
from handwriting.pages.cutting import Strip, strips_of
from handwriting.pages.layout import Layout, layout_of_project
from handwriting.pages.layout_lines import lines_of
from handwriting.pages.photographs import Photograph, open_photograph
from handwriting.pages.upright import fitting_maps


def lines_of_pages(files: Sequence[Path], texts: Sequence[str], layout: Layout) -> PhotographedText:
    """The lines of pages on which the number of found lines equals that of the text.

    Other pages are skipped, because lines and texts cannot be matched.

    Args:
        files: photographs of upright pages.
        texts: text of each page, with line breaks.
        layout: network that finds the lines.

    Returns:
        The lines, grouped by the file name of their page.

    Raises:
        HandwritingError: a file is not an image.
    """
    contrasts, known, groups = [], [], []
    pages = list(zip(files, texts, strict=True))
    for file, text in tqdm(pages, unit="page", desc="reading"):
        colours = open_photograph(file).colours
        maps, _ = fitting_maps(layout, colours)
        strips = strips_of(colours, lines_of(maps), maps)
        found = [strip for strip in strips if strip is not None]
        written = [line.strip() for line in text.splitlines() if line.strip()]
        if len(found) == len(written):
            contrasts += [strip.contrast for strip in found]
            known += written
            groups += [file.name] * len(found)
    return PhotographedText(contrasts, known, np.array(groups))


def unseen_pages(
    files: Sequence[Path], texts: Sequence[str], trained: Collection[str]
) -> tuple[list[Path], list[str]]:
    """The pages that are not in the training data, and their texts.

    Args:
        files: photographs of pages.
        texts: text of each page.
        trained: file names of the pages in the training data (`lines.reader.Reader.trained_pages`).
    """
    unseen = [k for k, file in enumerate(files) if file.name not in trained]
    return [files[k] for k in unseen], [texts[k] for k in unseen]


def load_lines(path: Path, held_out: float) -> TextSet:
    """The samples of a path as `datasets.text.load_text` reads them; of ALTO or PAGE files the
    lines of held-out writers.

    Args:
        path: pen archive or folder.
        held_out: fraction of the writers, as for `datasets.text.left_out`.

    Raises:
        HandwritingError: something is missing or damaged.
    """
    pages = load_placed_pages(path) if path.is_dir() and not has_words(path) else []
    if not pages:
        return load_text(path, held_out)
    is_left_out = left_out(np.array([page.writer for page in pages]), held_out)
    pages = [pages[k] for k in np.flatnonzero(is_left_out)]
    pictures, texts, writers = [], [], []
    for page in tqdm(pages, unit="page", desc="reading"):
        own = [line.text for line in page.lines if line.counts]
        pictures += given_lines(open_photograph(page.file), page)
        texts += own
        writers += [page.writer] * len(own)
    return TextSet(pictures, texts, np.array(writers, dtype=str))


def load_unseen_lines(path: Path, held_out: float, trained: Collection[str], most: int) -> TextSet:
    """Samples that a training held out, of what :func:`load_lines` reads; of pages with a text
    alone the lines of those that are not in the training data.

    Args:
        path: pen archive or folder.
        held_out: fraction of the writers, as for `datasets.text.left_out`.
        trained: see :func:`unseen_pages`.
        most: number of samples, drawn at random.

    Raises:
        HandwritingError: something is missing or damaged.
    """
    has_table = path.is_dir() and (path / "text.csv").is_file()
    pages = load_pages(path) if has_table else None
    if pages:
        found = lines_of_pages(*unseen_pages(*pages, trained), layout_of_project())
        data = TextSet(list(map(line_from_contrast, found.contrasts)), found.texts, found.groups)
        rows = np.arange(len(data))
    else:
        data = load_lines(path, held_out)
        rows = np.flatnonzero(left_out(data.writers, held_out))
    rows = np.random.default_rng(0).permutation(rows)[:most]
    pictures, texts = ([each[row] for row in rows] for each in (data.pictures, data.texts))
    return TextSet(pictures, texts, data.writers[rows])


def given_lines(photograph: Photograph, page: PlacedPage) -> list[np.ndarray]:
    """Model inputs, uint8 (40, width), of the lines of a page that are measured."""
    colours = photograph.colours
    lines = page.scaled(colours.shape[1::-1])
    strips = _strips(colours, page) or [None] * len(lines)
    pairs = zip(lines, strips, strict=True)
    return [_given_line(colours, line, strip) for line, strip in pairs if line.counts]


def _strips(colours: np.ndarray, page: PlacedPage) -> list[Strip | None]:
    """The annotated lines, cut out as found ones are; none where only words have places."""
    if page.annotated is None:
        return []
    lines = text_lines_of(colours, page.annotated)
    cut = iter(strips_of(colours, [line for line in lines if line is not None]))
    return [None if line is None else next(cut) for line in lines]


def _given_line(colours: np.ndarray, line: PlacedLine, strip: Strip | None) -> np.ndarray:
    if strip is not None:
        return cut_line(strip.contrast, strip.box)
    return line_from_contrast(contrast_of_line(cut_given(colours, line)))
