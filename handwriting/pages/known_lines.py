"""Training lines for the text-line model, from photographed pages with known text."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from handwriting.datasets.photographed_text import PhotographedText
from handwriting.imaging.contrast import normalised
from handwriting.pages.lines import find_lines
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import ink_of_page


def lines_of_pages(files: Sequence[Path], texts: Sequence[str]) -> PhotographedText:
    """The lines of pages on which the number of found lines equals that of the text.

    Other pages are skipped, because lines and texts cannot be matched.

    Args:
        files: photographs of upright pages.
        texts: text of each page, with line breaks.

    Returns:
        The lines, grouped by the file name of their page.

    Raises:
        HandwritingError: a file is not an image.
    """
    contrasts, known, groups = [], [], []
    pages = list(zip(files, texts, strict=True))
    for file, text in tqdm(pages, unit="page", desc="reading"):
        _, ink = ink_of_page(open_photograph(file).colours)
        found = find_lines(ink)
        written = [line.strip() for line in text.splitlines() if line.strip()]
        if len(found) == len(written):
            contrasts += [normalised(line.ink) for line in found]
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
