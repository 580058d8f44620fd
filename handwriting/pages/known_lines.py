"""Lines of photographed pages whose text is known, to train the line reader on."""

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
    """The lines of those pages where as many are found as the text has.

    Where the numbers differ nobody says which line belongs to which text; such pages give nothing.

    Args:
        files: photographs of upright pages.
        texts: what each says, line by line.

    Returns:
        the lines, in groups by their page's name.

    Raises:
        HandwritingError: a file is no picture.
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
    """The pages, and their texts, that a training saw nothing of.

    Args:
        files: photographs of pages.
        texts: what each says.
        trained: names of the files that it saw lines of (`lines.reader.Reader.trained_pages`).
    """
    unseen = [k for k, file in enumerate(files) if file.name not in trained]
    return [files[k] for k in unseen], [texts[k] for k in unseen]
