"""Words and lines with their text: pen archives, and folders of pictures with a `text.csv`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from handwriting.datasets.pen import PenArchive, is_pen_archive, load_pen
from handwriting.datasets.tables import check_file, read_table
from handwriting.errors import HandwritingError
from handwriting.imaging.line import line_from_photograph, line_from_strokes
from handwriting.imaging.photograph import open_picture


@dataclass(frozen=True)
class TextSet:
    """Pictures of words or lines, and what they say.

    Attributes:
        pictures: uint8 (40, width) each, white ink on black.
        texts: printable ASCII without spaces at the ends.
        writers: str (N,), or ``None``.
        styles: str (N,), as PRINTED or CURSIVE, or ``None``.
    """

    pictures: Sequence[np.ndarray]
    texts: list[str]
    writers: np.ndarray | None = None
    styles: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)


def load_text(path: Path) -> TextSet:
    """Read a pen archive, or a folder with a `text.csv` of the columns ``file`` and ``text``.

    Raises:
        HandwritingError: something is missing, damaged, or no text in printable ASCII.
    """
    if path.is_dir():
        return _load_folder(path)
    if not path.is_file():
        raise HandwritingError(f"{path} does not exist. Give a pen archive (.npz) or a folder.")
    if not is_pen_archive(path):
        raise HandwritingError(f"{path} is no pen archive. Give one (.npz), or a folder.")
    archive = load_pen(path)
    samples = written(archive)
    pictures = [
        line_from_strokes(archive.strokes(sample))
        for sample in tqdm(samples, unit="img", desc="drawing")
    ]
    texts = [text.strip() for text in archive.text[samples].tolist()]
    styles = None if archive.style is None else archive.style[samples]
    return TextSet(pictures, texts, archive.writer[samples], styles)


def written(archive: PenArchive) -> np.ndarray:
    """int64: the samples with a stroke at least and a text.

    Raises:
        HandwritingError: there is none.
    """
    has_text = np.array([bool(text.strip()) for text in archive.text.tolist()])
    samples = np.flatnonzero((np.diff(archive.sample_start) > 0) & has_text)
    if not len(samples):
        raise HandwritingError("the pen archive holds no sample with strokes and a text.")
    return samples


def read_texts(table: Path) -> list[dict[str, str]]:
    """The rows of a `text.csv`, a dictionary each.

    Raises:
        HandwritingError: missing, not such a table, a text that is not printable ASCII, or a file
            outside the table's folder.
    """
    rows = read_table(table, "text")
    for line, row in enumerate(rows, start=2):
        if not row["file"] or not row["text"]:
            raise HandwritingError(f"{table}, line {line}: a file and a text are needed.")
        check_file(table, line, row["file"])
        lines = row["text"].splitlines()
        if not all(part.isascii() and part.isprintable() for part in lines):
            raise HandwritingError(f"{table}, line {line}: {row['text']!r} is no printable ASCII.")
    return rows


def load_pages(folder: Path) -> tuple[list[Path], list[str]] | None:
    """The pictures of a folder and their texts where these have several lines, so that the pictures
    are pages; ``None`` where each is one line.

    Raises:
        HandwritingError: as of :func:`read_texts`.
    """
    rows = read_texts(folder / "text.csv")
    if not any("\n" in row["text"].strip() for row in rows):
        return None
    return [folder / row["file"] for row in rows], [row["text"] for row in rows]


def _load_folder(folder: Path) -> TextSet:
    rows = read_texts(folder / "text.csv")
    pictures = [
        line_from_photograph(open_picture(folder / row["file"]))
        for row in tqdm(rows, unit="img", desc="reading")
    ]
    return TextSet(pictures, [row["text"].strip() for row in rows])
