"""Words and lines with their text: pen archives, and folders of images with a table."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handwriting.datasets.pen import PenArchive, is_pen_archive, load_pen
from handwriting.datasets.photographed_text import (
    groups_of,
    has_words,
    load_photographed,
    read_texts,
)
from handwriting.errors import HandwritingError
from handwriting.imaging.contrast import colours_of
from handwriting.imaging.line import contrast_of_line, line_from_contrast, line_from_strokes
from handwriting.imaging.photograph import open_picture
from handwriting.imaging.stroke_lines import one_line


@dataclass(frozen=True)
class TextSet:
    """Images of words or lines with their texts.

    Attributes:
        pictures: uint8 (40, width) each, white ink on black.
        texts: printable ASCII without spaces at the ends.
        writers: str (N,); the photograph if the writer is unknown.
        styles: str (N,), such as PRINTED or CURSIVE, or ``None``.
    """

    pictures: Sequence[np.ndarray]
    texts: list[str]
    writers: np.ndarray
    styles: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)


class _PenPictures(Sequence[np.ndarray]):
    """Samples of a pen archive, rendered on demand."""

    def __init__(self, archive: PenArchive, samples: np.ndarray) -> None:
        self.archive, self.samples = archive, samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, number: int) -> np.ndarray:
        return line_from_strokes(line_strokes(self.archive, int(self.samples[number])))


class _TablePictures(Sequence[np.ndarray]):
    """Images of a `text.csv`, opened on demand."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> np.ndarray:
        return line_from_contrast(contrast_of_line(colours_of(open_picture(self.files[number]))))


def load_text(path: Path, held_out: float = 0.0) -> TextSet:
    """Read a pen archive, or a folder as described in `datasets.photographed_text`.

    Images of a `text.csv` are opened when they are asked for, and raise then.

    Args:
        path: of the archive or folder.
        held_out: if positive, of a `words.json` only photographs that :func:`left_out` holds out.

    Raises:
        HandwritingError: something is missing or damaged, or a text is not printable ASCII.
    """
    if path.is_dir():
        return _load_folder(path, held_out)
    if not path.is_file():
        raise HandwritingError(f"{path} does not exist. Give a pen archive (.npz) or a folder.")
    if not is_pen_archive(path):
        raise HandwritingError(f"{path} is not a pen archive. Give one (.npz), or a folder.")
    archive = load_pen(path)
    samples = written(archive)
    texts = [text.strip() for text in archive.text[samples].tolist()]
    styles = None if archive.style is None else archive.style[samples]
    return TextSet(_PenPictures(archive, samples), texts, archive.writer[samples], styles)


def line_strokes(archive: PenArchive, sample: int) -> list[np.ndarray]:
    """The strokes of a sample laid out on one line, float (points, 2) each."""
    return one_line([stroke for stroke in archive.strokes(sample) if len(stroke)])


def left_out(writers: np.ndarray, fraction: float) -> np.ndarray:
    """bool (N,): whether a sample is by a held-out writer.

    The writer's name alone decides, so a writer in several files is held out of all.

    Args:
        writers: str (N,).
        fraction: approximate fraction of the writers, in 0..1.
    """
    names, which = np.unique(writers, return_inverse=True)
    chosen = [is_held_out(name, fraction) for name in names.tolist()]
    return np.array(chosen, dtype=bool)[which]


def is_held_out(writer: str, fraction: float) -> bool:
    """:func:`left_out` for one writer."""
    return zlib.crc32(writer.encode()) % 1000 < 1000 * fraction


def written(archive: PenArchive) -> np.ndarray:
    """int64: the samples with at least one stroke and a text.

    Raises:
        HandwritingError: there is no such sample.
    """
    has_text = np.array([bool(text.strip()) for text in archive.text.tolist()])
    samples = np.flatnonzero((np.diff(archive.sample_start) > 0) & has_text)
    if not len(samples):
        raise HandwritingError("the pen archive holds no sample with strokes and a text.")
    return samples


def load_pages(folder: Path) -> tuple[list[Path], list[str]] | None:
    """The images and texts of a folder of pages; ``None`` if each text is one line.

    Raises:
        HandwritingError: see :func:`read_texts`.
    """
    if has_words(folder):
        return None
    rows = read_texts(folder / "text.csv")
    if not any("\n" in row["text"].strip() for row in rows):
        return None
    return [folder / row["file"] for row in rows], [row["text"] for row in rows]


def _load_folder(folder: Path, held_out: float) -> TextSet:
    if has_words(folder):
        data = load_photographed(
            folder, chosen=lambda name: not held_out or is_held_out(name, held_out)
        )
        return TextSet(list(map(line_from_contrast, data.contrasts)), data.texts, data.groups)
    rows = read_texts(folder / "text.csv")
    texts = [row["text"].strip() for row in rows]
    return TextSet(_TablePictures([folder / row["file"] for row in rows]), texts, groups_of(rows))
