"""The prepared data on disk, written by stages 1 and 2, read by stages 2, 3 and 4.

``train.pt`` and ``test.pt`` hold ``images`` (uint8, N x 28 x 28, upright, white ink on black) and
``labels`` (uint8, as in `handwriting.labels`); ``split.pt`` holds ``train`` and ``validation``
(int64 rows of ``train.pt``); ``manifest.json`` names the source. Each file carries the fingerprint
of the images and labels, so files of two archives are never mixed. ``train.pt`` and ``test.pt``
also carry their part's name.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from handwriting.errors import HandwritingError
from handwriting.files import load_torch, replacing, save_json, save_torch
from handwriting.labels import CLASSES, NUM_CLASSES, NUM_LABELS

PROCESSED = Path("data/EMNIST/processed")
RUN_STAGE_1 = "Run 'python data_preprocessing.py' first (stage 1)."
RUN_STAGE_2 = "Run 'python data_split.py' first (stage 2)."


@dataclass
class LabelledImages:
    """Images with labels.

    Attributes:
        images: uint8 (N, 28, 28), upright, white ink on black.
        labels: uint8 (N,), 0..61 exact, 62..87 a letter in either case.
        fingerprint: of the prepared archive.
    """

    images: torch.Tensor
    labels: torch.Tensor
    fingerprint: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "LabelledImages":
        """The same data on a device."""
        return LabelledImages(self.images.to(device), self.labels.to(device), self.fingerprint)

    def subset(self, rows: torch.Tensor) -> "LabelledImages":
        """Copies of rows, by number (int64) or by a mask (bool (N,))."""
        return LabelledImages(self.images[rows], self.labels[rows], self.fingerprint)


def fingerprint(*parts: LabelledImages) -> str:
    """SHA-256 of the parts' images and labels, hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        for tensor in (part.images, part.labels):
            digest.update(str(tuple(tensor.shape)).encode())
            digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def save_prepared(
    folder: Path, train: LabelledImages, test: LabelledImages, manifest: dict[str, Any]
) -> None:
    """Write ``train.pt``, ``test.pt`` and ``manifest.json``: all of them or none."""
    targets = [folder / name for name in ("train.pt", "test.pt", "manifest.json")]
    with replacing(*targets) as (train_file, test_file, manifest_file):
        for name, data, path in (("train", train, train_file), ("test", test, test_file)):
            save_torch({**vars(data), "part": name}, path)
        save_json(manifest, manifest_file)


def is_prepared(folder: Path) -> bool:
    """Whether stage 1 wrote this folder."""
    return (folder / "manifest.json").is_file()


def load_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of stage 1.

    Raises:
        HandwritingError: stage 1 has not run, or the file is damaged.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise HandwritingError(f"{path} does not exist. {RUN_STAGE_1}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for name in ("fingerprint", "synthetic", "labels"):
            manifest[name]
        sum((manifest["train_images"], *manifest["byclass_class_counts"].values()))
        _check_counts(manifest["byclass_class_counts"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise HandwritingError(f"{path} is damaged ({error}). {RUN_STAGE_1}") from error
    return manifest


def _check_counts(counts: dict[str, int]) -> None:
    if list(counts) != list(CLASSES):
        raise ValueError(f"it counts {len(counts)} characters, not the {NUM_CLASSES} in order")
    if not all(isinstance(count, int) and count >= 0 for count in counts.values()):
        raise ValueError("the count of a character is not a whole number")


def load_images(folder: Path, part: str) -> LabelledImages:
    """The ``train`` or ``test`` images of stage 1.

    They are read whole, not mapped: overwriting a mapped file would end a training by SIGBUS.

    Raises:
        HandwritingError: the file is missing, damaged or without images, or it belongs to another
            archive than the manifest or to the other part.
    """
    path = folder / f"{part}.pt"
    expected = load_manifest(folder)["fingerprint"]
    content = load_torch(path, RUN_STAGE_1)
    images, labels = content.get("images"), content.get("labels")
    sound = (
        isinstance(images, torch.Tensor)
        and isinstance(labels, torch.Tensor)
        and images.dtype == labels.dtype == torch.uint8
        and images.shape[1:] == (28, 28)
        and len(images) == len(labels)
        and (len(labels) == 0 or int(labels.max()) < NUM_LABELS)
    )
    if not sound:
        raise HandwritingError(f"{path} does not hold images with labels. {RUN_STAGE_1}")
    if content.get("fingerprint") != expected:
        raise HandwritingError(
            f"{path} is stale: it was made from another archive than {folder / 'manifest.json'}. "
            f"{RUN_STAGE_1}"
        )
    if content.get("part") != part:
        raise HandwritingError(
            f"{path} does not say that it holds the {part} images: it was renamed, or an earlier "
            f"version wrote it. {RUN_STAGE_1}"
        )
    if not len(labels):
        raise HandwritingError(f"{path} holds no image. {RUN_STAGE_1}")
    return LabelledImages(images, labels, expected)


def save_split(folder: Path, split: dict[str, torch.Tensor], seed: int) -> None:
    """Write ``split.pt``: rows of ``train.pt`` for training and validation, and the seed."""
    content = {**split, "seed": seed, "fingerprint": load_manifest(folder)["fingerprint"]}
    with replacing(folder / "split.pt") as (path,):
        save_torch(content, path)


def load_split(folder: Path) -> dict[str, torch.Tensor]:
    """int64 rows ``train`` and ``validation`` of ``train.pt``.

    Raises:
        HandwritingError: stage 2 has not run since stage 1 last changed the data.
    """
    path = folder / "split.pt"
    manifest = load_manifest(folder)
    content = load_torch(path, RUN_STAGE_2)
    if content.get("fingerprint") != manifest["fingerprint"]:
        raise HandwritingError(
            f"{path} is stale: it splits another archive than {folder / 'manifest.json'}. "
            f"{RUN_STAGE_2}"
        )
    parts = {name: content.get(name) for name in ("train", "validation")}
    if not all(_are_rows(rows, manifest["train_images"]) for rows in parts.values()):
        raise HandwritingError(f"{path} does not hold a split. {RUN_STAGE_2}")
    return parts


def _are_rows(rows: object, images: int) -> bool:
    return (
        isinstance(rows, torch.Tensor)
        and rows.dtype == torch.int64
        and rows.dim() == 1
        and bool(((rows >= 0) & (rows < images)).all())
    )
