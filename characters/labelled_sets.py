"""Labelled pictures from elsewhere: an `.npz` of arrays, or a folder of picture files."""

import csv
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from characters.batches import Extra
from characters.errors import CharactersError
from characters.glyphs import read_glyph
from characters.labels import CLASSES, FIRST_EQUAL, NUM_CLASSES
from characters.prepared import LabelledImages


@dataclass
class LabelledSet:
    """Pictures from elsewhere.

    Attributes:
        images: the pictures, 28x28, and their labels.
        places: float (N, 4), left, top, right, bottom of the ink in the source, or ``None`` for
            pictures that came as 28x28; zeros where there is no ink.
        heights: float (N,) heights of the sources in pixels, or ``None``.
        files: where the pictures came from, for those of a folder.
        writers: str (N,), who wrote each, where `labels.csv` says so.
    """

    images: LabelledImages
    places: np.ndarray | None = None
    heights: np.ndarray | None = None
    files: Sequence[Path] = ()
    writers: np.ndarray | None = None


def load_labelled(path: Path) -> LabelledSet:
    """Read ``path``: an `.npz` with ``x`` and ``y``, or a folder with a `labels.csv`.

    ``x`` is uint8 (N, 28, 28), upright, white ink on black; ``y`` is an integer (N,) in 0..61.
    `labels.csv` has the columns ``file`` and ``character``, and may have ``writer``; its pictures
    may be of any size and colour and go through `characters.glyphs`.

    Raises:
        CharactersError: something is missing, damaged or out of range.
    """
    if path.is_dir():
        return _load_folder(path)
    if not path.is_file():
        raise CharactersError(f"--data {path} does not exist. Give an .npz file or a folder.")
    return LabelledSet(_load_npz(path))


def _load_npz(path: Path) -> LabelledImages:
    try:
        with np.load(path, allow_pickle=False) as content:
            images, labels = content["x"], content["y"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CharactersError(
            f"{path} is not an .npz with the arrays x and y ({error}). "
            "See 'python model_evaluation.py --help'."
        ) from error
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise CharactersError(
            f"{path}: x is {images.dtype} {images.shape}, it must be uint8 (N, 28, 28)."
        )
    if labels.shape != images.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise CharactersError(
            f"{path}: y is {labels.dtype} {labels.shape}, it must be integers ({len(images)},)."
        )
    if len(labels) == 0:
        raise CharactersError(f"{path} holds no image.")
    if labels.min() < 0 or labels.max() >= NUM_CLASSES:
        row = int(np.flatnonzero((labels < 0) | (labels >= NUM_CLASSES))[0])
        raise CharactersError(f"{path}: y[{row}] is {labels[row]}, it must be in 0..61.")
    return LabelledImages(torch.from_numpy(images), torch.from_numpy(labels.astype(np.uint8)))


def _load_folder(folder: Path) -> LabelledSet:
    rows = read_labels(folder / "labels.csv")
    files = [folder / row["file"] for row in rows]
    labels = [CLASSES.index(row["character"]) for row in rows]
    with ThreadPoolExecutor(max_workers=2) as pool:
        read = pool.map(read_glyph, files)
        glyphs = list(tqdm(read, total=len(files), unit="img", desc="reading"))
    images = np.stack([glyph.picture for glyph in glyphs])
    return LabelledSet(
        LabelledImages(torch.from_numpy(images), torch.tensor(labels, dtype=torch.uint8)),
        np.array([glyph.place or (0, 0, 0, 0) for glyph in glyphs], dtype=float),
        np.array([glyph.height for glyph in glyphs], dtype=float),
        files,
        np.array([row["writer"] for row in rows]) if "writer" in rows[0] else None,
    )


def read_labels(table: Path) -> list[dict[str, str]]:
    """The rows of a `labels.csv`, a dictionary each.

    Raises:
        CharactersError: missing, not such a table, or with another character than 0-9, A-Z, a-z.
    """
    if not table.is_file():
        raise CharactersError(
            f"{table} does not exist. A folder of pictures needs it, with the columns "
            "file and character."
        )
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CharactersError(f"{table} is not a CSV file in UTF-8 ({error}).") from error
    if not rows or not {"file", "character"} <= set(rows[0]):
        raise CharactersError(f"{table} needs the columns file and character, and a row at least.")
    for line, row in enumerate(rows, start=2):
        if row["character"] not in CLASSES:
            raise CharactersError(
                f"{table}, line {line}: {row['character']!r} is none of 0-9, A-Z, a-z."
            )
    return rows


def load_extra(folders: list[str], share: float) -> Extra | None:
    """Pictures to mix in, labelled as equally frequent characters; ``None`` without folders.

    Args:
        folders: as for :func:`load_labelled`.
        share: of these pictures in each batch, in 0..1.
    """
    if not folders:
        return None
    parts = [load_labelled(Path(folder)).images for folder in folders]
    images = torch.cat([part.images for part in parts])
    labels = torch.cat([part.labels.long() for part in parts])
    return Extra(images, labels + FIRST_EQUAL, share)
