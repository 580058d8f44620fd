"""Training lines for the text-line model, from photographed pages with known text."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from handwriting.datasets.photographed_text import PhotographedText
from handwriting.pages.cutting import strips_of
from handwriting.pages.layout import Layout
from handwriting.pages.layout_lines import lines_of
from handwriting.pages.photographs import open_photograph
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
