"""Labelled images from elsewhere: an `.npz` of arrays, or a folder of picture files."""

import csv
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from handwriting.datasets.batches import ExtraData
from handwriting.datasets.prepared import LabelledImages
from handwriting.errors import HandwritingError
from handwriting.imaging.character import open_character
from handwriting.labels import CLASSES, NUM_CLASSES, class_index


@dataclass
class ExternalSet(LabelledImages):
    """Labelled images from elsewhere; of a folder also where they came from.

    Attributes:
        bboxes: float (N, 4), left, top, right, bottom of the ink in the source, or ``None`` for
            images that came as 28x28; zeros where there is no ink.
        heights: float (N,) heights of the sources in pixels, or ``None``.
        files: the picture files.
        writers: str (N,), who wrote each, where `labels.csv` says so.
    """

    bboxes: np.ndarray | None = None
    heights: np.ndarray | None = None
    files: Sequence[Path] = ()
    writers: np.ndarray | None = None


def load_external(path: Path) -> ExternalSet:
    """Read ``path``: an `.npz` with ``x`` and ``y``, or a folder with a `labels.csv`.

    ``x`` is uint8 (N, 28, 28), upright, white ink on black; ``y`` is an integer (N,) in 0..61.
    `labels.csv` has the columns ``file`` and ``character``, and may have ``writer``; its pictures
    may be of any size and colour and go through `handwriting.imaging`.

    Raises:
        HandwritingError: something is missing, damaged or out of range.
    """
    if path.is_dir():
        return _load_folder(path)
    if not path.is_file():
        raise HandwritingError(f"--data {path} does not exist. Give an .npz file or a folder.")
    return _load_npz(path)


def _load_npz(path: Path) -> ExternalSet:
    try:
        with np.load(path, allow_pickle=False) as content:
            images, labels = content["x"], content["y"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise HandwritingError(
            f"{path} is not an .npz with the arrays x and y ({error}). "
            "See 'python model_evaluation.py --help'."
        ) from error
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise HandwritingError(
            f"{path}: x is {images.dtype} {images.shape}, it must be uint8 (N, 28, 28)."
        )
    if labels.shape != images.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise HandwritingError(
            f"{path}: y is {labels.dtype} {labels.shape}, it must be integers ({len(images)},)."
        )
    if len(labels) == 0:
        raise HandwritingError(f"{path} holds no image.")
    if labels.min() < 0 or labels.max() >= NUM_CLASSES:
        row = int(np.flatnonzero((labels < 0) | (labels >= NUM_CLASSES))[0])
        raise HandwritingError(f"{path}: y[{row}] is {labels[row]}, it must be in 0..61.")
    return ExternalSet(torch.from_numpy(images), torch.from_numpy(labels.astype(np.uint8)))


def _load_folder(folder: Path) -> ExternalSet:
    rows = read_labels(folder / "labels.csv")
    files = [folder / row["file"] for row in rows]
    labels = [class_index(row["character"]) for row in rows]
    with ThreadPoolExecutor(max_workers=2) as pool:
        read = pool.map(open_character, files)
        characters = list(tqdm(read, total=len(files), unit="img", desc="reading"))
    return ExternalSet(
        torch.from_numpy(np.stack([character.image for character in characters])),
        torch.tensor(labels, dtype=torch.uint8),
        bboxes=np.array([character.bbox or (0, 0, 0, 0) for character in characters], dtype=float),
        heights=np.array([character.height for character in characters], dtype=float),
        files=files,
        writers=np.array([row["writer"] for row in rows]) if "writer" in rows[0] else None,
    )


def read_labels(table: Path) -> list[dict[str, str]]:
    """The rows of a `labels.csv`, a dictionary each.

    Raises:
        HandwritingError: missing, not such a table, with another character than 0-9, A-Z, a-z, or
            with a file outside the table's folder.
    """
    if not table.is_file():
        raise HandwritingError(
            f"{table} does not exist. A folder of pictures needs it, with the columns "
            "file and character."
        )
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise HandwritingError(f"{table} is not a CSV file in UTF-8 ({error}).") from error
    if not rows or not {"file", "character"} <= set(rows[0]):
        raise HandwritingError(f"{table} needs the columns file and character, and a row at least.")
    for line, row in enumerate(rows, start=2):
        if row["character"] not in CLASSES:
            raise HandwritingError(
                f"{table}, line {line}: {row['character']!r} is none of 0-9, A-Z, a-z."
            )
        if not row["file"]:
            raise HandwritingError(f"{table}, line {line} names no file.")
        if not _stays_inside(row["file"]):
            raise HandwritingError(
                f"{table}, line {line}: {row['file']!r} lies outside {table.parent}. "
                "Put the picture into the folder and name it from there."
            )
    return rows


def _stays_inside(file: str) -> bool:
    """Whether a name, taken from a folder, leads to something in that folder."""
    path = Path(os.path.normpath(file.replace("\\", "/")))
    return not path.is_absolute() and path.parts[:1] != ("..",)


def load_extra(paths: Sequence[str], fraction: float) -> ExtraData | None:
    """Images to mix into the training; ``None`` without paths.

    Args:
        paths: as for :func:`load_external`.
        fraction: of these images in each batch, in 0..1.
    """
    if not paths:
        return None
    return ExtraData(joined([load_external(Path(path)) for path in paths]), fraction)


def joined(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Several sets as one."""
    return LabelledImages(
        torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts])
    )
