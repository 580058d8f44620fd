"""External labelled images: a folder of image files, a pen archive, or an `.npz` of images."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from handwriting.datasets.batches import ExtraData
from handwriting.datasets.pen import draw_samples, is_pen_archive, load_pen
from handwriting.datasets.prepared import LabelledImages
from handwriting.datasets.tables import check_file, read_table
from handwriting.errors import HandwritingError
from handwriting.files import load_arrays
from handwriting.imaging.character import CharacterImage, open_character
from handwriting.labels import CLASSES, NUM_CLASSES, class_index


@dataclass
class ExternalSet(LabelledImages):
    """External labelled images with their metadata.

    Attributes:
        bboxes: float (N, 4): left, top, right, bottom of the ink in the source image in pixels;
            zeros without ink; ``None`` for 28x28 sources.
        heights: float (N,), heights of the source images in pixels, or ``None``.
        files: the image files.
        writers: str (N,), the writer of each, or ``None`` if unknown.
        originals: number of original images, which come first; the others are re-rendered with
            augmented strokes. ``None`` if all are originals.
    """

    bboxes: np.ndarray | None = None
    heights: np.ndarray | None = None
    files: Sequence[Path] = ()
    writers: np.ndarray | None = None
    originals: int | None = None

    @property
    def is_variant(self) -> np.ndarray:
        """bool (N,): whether the image is re-rendered with augmented strokes."""
        return np.arange(len(self)) >= (len(self) if self.originals is None else self.originals)

    @property
    def hands(self) -> np.ndarray:
        """str (N,): the writer of each image; for files without one, the number at the end of the
        file name; else empty."""
        if self.writers is not None:
            return self.writers
        if self.files:
            return np.array([file.stem.split("_")[-1] for file in self.files])
        return np.arange(len(self)).astype(str)

    def part(self, rows: np.ndarray) -> "ExternalSet":
        """A subset of the images, by a mask, bool (N,)."""
        chosen = torch.from_numpy(rows)
        return ExternalSet(
            self.images[chosen],
            self.labels[chosen],
            bboxes=None if self.bboxes is None else self.bboxes[rows],
            heights=None if self.heights is None else self.heights[rows],
            files=[file for file, kept in zip(self.files, rows, strict=False) if kept],
            writers=None if self.writers is None else self.writers[rows],
            originals=int((rows & ~self.is_variant).sum()),
        )


def held_out_hands(hands: np.ndarray, fraction: float) -> np.ndarray:
    """bool (N,): images of held-out writers, chosen deterministically.

    Args:
        hands: str (N,), as `ExternalSet.hands`.
        fraction: fraction of the writers, in 0..1.
    """
    names = np.unique(hands)
    chosen = np.random.default_rng(0).permutation(names)[: round(fraction * len(names))]
    return np.isin(hands, chosen)


def load_external(path: Path, variants: int = 0) -> ExternalSet:
    """Read ``path``: a folder with a `labels.csv`, a pen archive, an `.npz` with ``x`` and ``y``.

    `labels.csv` has the columns ``file`` and ``character`` and optionally ``writer``. Its images
    may have any size and colour. They are converted by `handwriting.imaging`, as are the strokes of
    a pen archive (`handwriting.datasets.pen`). ``x`` is uint8 (N, 28, 28), upright, white ink on
    black; ``y`` is an integer (N,) in 0..61.

    Args:
        path: file or folder.
        variants: number of re-rendered copies per sample of a pen archive, with augmented strokes.

    Raises:
        HandwritingError: something is missing, damaged or out of range.
    """
    if path.is_dir():
        return _load_folder(path)
    if not path.is_file():
        raise HandwritingError(f"--data {path} does not exist. Give an .npz file or a folder.")
    return _load_pen_archive(path, variants) if is_pen_archive(path) else _load_npz(path)


def _load_pen_archive(path: Path, variants: int) -> ExternalSet:
    archive = load_pen(path)
    samples = archive.characters()
    if not len(samples):
        raise HandwritingError(
            f"{path} holds no single character 0-9, A-Z, a-z (its first text is "
            f"{str(archive.text[0])!r}). Give an archive of characters."
        )
    if len(samples) < len(archive):
        print(
            f"  note: {path}: {len(archive) - len(samples)} of {len(archive)} samples skipped, "
            "which have no stroke or are no single character 0-9, A-Z, a-z"
        )
    labels = [class_index(text) for text in archive.text[samples].tolist()]
    characters = draw_samples(archive, samples)
    for seed in range(variants):
        characters += draw_samples(archive, samples, seed)
    return ExternalSet(
        *_images_and_labels(characters, labels * (1 + variants)),
        bboxes=_bboxes(characters),
        writers=np.tile(archive.writer[samples], 1 + variants),
        originals=len(samples),
    )


def _load_npz(path: Path) -> ExternalSet:
    remedy = "See 'python model_evaluation.py --help'."
    images, labels = load_arrays(path, "an .npz", ("x", "y"), remedy).values()
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise HandwritingError(
            f"{path}: x is {images.dtype} {images.shape}, it must be uint8 (N, 28, 28)."
        )
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
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
        *_images_and_labels(characters, labels),
        bboxes=_bboxes(characters),
        heights=np.array([character.height for character in characters], dtype=float),
        files=files,
        writers=np.array([row["writer"] for row in rows]) if "writer" in rows[0] else None,
    )


def _images_and_labels(
    characters: Sequence[CharacterImage], labels: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.from_numpy(np.stack([character.image for character in characters]))
    return images, torch.tensor(labels, dtype=torch.uint8)


def _bboxes(characters: Sequence[CharacterImage]) -> np.ndarray:
    return np.array([character.bbox or (0, 0, 0, 0) for character in characters], dtype=float)


def read_labels(table: Path) -> list[dict[str, str]]:
    """The rows of a `labels.csv`, one dictionary each.

    Raises:
        HandwritingError: see :func:`datasets.tables.read_table`; or a character is none of 0-9,
            A-Z, a-z, or a file lies outside the table's folder.
    """
    rows = read_table(table, "character")
    for line, row in rows:
        if row["character"] not in CLASSES:
            raise HandwritingError(
                f"{table}, line {line}: {row['character']!r} is none of 0-9, A-Z, a-z."
            )
        check_file(table, f"line {line}", row["file"])
    return [row for _, row in rows]


def load_extra(
    paths: Sequence[str],
    fraction: float,
    variants: int = 0,
    held_out: float = 0.0,
    weights: Sequence[float] = (),
) -> tuple[ExtraData | None, LabelledImages | None]:
    """Load external images to mix into the training, and images of held-out writers.

    Args:
        paths: as for :func:`load_external`.
        fraction: of external images in each batch, in 0..1.
        variants: as for :func:`load_external`.
        held_out: fraction of each set's writers held out of the training, in 0..1.
        weights: sampling weight of each set, in any unit; by default as in :func:`mixed`.

    Returns:
        The training images, ``None`` without paths, and the held-out images, ``None`` if no writer
        is held out.

    Raises:
        HandwritingError: see :func:`load_external`; or all writers of a set are held out.
    """
    if not paths:
        return None, None
    training, measuring = [], []
    for path in paths:
        data = load_external(Path(path), variants)
        is_held_out = held_out_hands(data.hands, held_out)
        if is_held_out.all():
            raise HandwritingError(
                f"{path}: no writer is left for training. Make --extra-held-out smaller."
            )
        training.append(data.part(~is_held_out))
        measuring.append(data.part(is_held_out & ~data.is_variant))
    extra = mixed(training, fraction, np.array(weights) if weights else None)
    return extra, _joined(measuring) if any(map(len, measuring)) else None


def _joined(parts: Sequence[LabelledImages]) -> LabelledImages:
    return LabelledImages(
        torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts])
    )


def mixed(
    parts: Sequence[ExternalSet], fraction: float, weights: np.ndarray | None = None
) -> ExtraData:
    """Mix several sets.

    All characters of a set are drawn equally often. Sets, and writers within a character, are drawn
    in proportion to the square root of their size. Thus large ones do
    not dominate, and small ones are not repeated too often.

    Args:
        parts: the sets.
        fraction: of external images in each batch, in 0..1.
        weights: float (sets,), sampling weights that replace the square roots, in any unit.
    """
    weights = np.sqrt([len(part) for part in parts]) if weights is None else weights
    shares = weights / weights.sum()
    chances = [share * draw_chances(part) for share, part in zip(shares, parts, strict=True)]
    return ExtraData(_joined(parts), fraction, torch.from_numpy(np.concatenate(chances)))


def draw_chances(data: ExternalSet) -> np.ndarray:
    """float (N,): sampling probability of each image of a set; they sum to 1. See :func:`mixed`."""
    labels = data.labels.numpy().astype(int)
    writers = np.zeros(len(data), int) if data.writers is None else data.writers
    _, writer = np.unique(writers, return_inverse=True)
    _, own, count = np.unique(
        writer * NUM_CLASSES + labels, return_inverse=True, return_counts=True
    )
    chances = 1 / np.sqrt(count[own])
    chances /= np.bincount(labels, weights=chances, minlength=NUM_CLASSES)[labels]
    return chances / chances.sum()
