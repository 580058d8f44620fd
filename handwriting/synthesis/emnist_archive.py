"""A small generated archive with EMNIST's file names, format, label conventions and overlaps.

Characters of matplotlib's fonts are rotated, sheared, thickened and converted to 28x28 by EMNIST's
procedure. The archive serves to try the pipeline and to test it. It says nothing about handwriting,
and all results from it are labelled as synthetic.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from tqdm import tqdm

from handwriting.emnist.archive import SYNTHETIC_MARK
from handwriting.emnist.label_sets import SPLITS, UNUSED, own_labels
from handwriting.files import replacing
from handwriting.imaging.character import emnist_image
from handwriting.labels import CLASSES

FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmss10", "cmtt10", "cmb10"),
)
OFFICIAL_IMAGES = 814_255
PER_CLASS = {"balanced": 2_800, "letters": 5_600, "digits": 28_000, "mnist": 7_000}
"""Images per class of the official archive (Cohen et al. 2017, table II)."""

TRAIN_SHARE = 6 / 7
_DIGITS_SHARE = 402_953 / OFFICIAL_IMAGES
_FONT_SIZE = 64


def class_sizes(images: int) -> np.ndarray:
    """int (62,): images per class, with the official proportion of digits and letters."""
    digit = round(images * _DIGITS_SHARE / 10)
    letter = round(images * (1 - _DIGITS_SHARE) / 52)
    return np.array([digit] * 10 + [letter] * 52)


def draw_characters(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw about ``images`` distinct images of the 62 characters.

    Returns:
        uint8 (N, 28, 28), upright, and their classes uint8 (N,) in 0..61.
    """
    rng = np.random.default_rng(seed)
    fonts = [_font(name) for name in FONTS]
    classes = np.repeat(np.arange(len(CLASSES), dtype=np.uint8), class_sizes(images))
    seen: set[bytes] = set()
    pictures = []
    for index in tqdm(classes, desc="drawing", unit="img", mininterval=1):
        picture = _draw(CLASSES[index], fonts, rng)
        while picture.tobytes() in seen:
            picture = _draw(CLASSES[index], fonts, rng)
        seen.add(picture.tobytes())
        pictures.append(picture)
    return np.stack(pictures), classes


def _font(name: str) -> ImageFont.FreeTypeFont:
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    return ImageFont.truetype(str(path), _FONT_SIZE)


def _draw(
    character: str, fonts: list[ImageFont.FreeTypeFont], rng: np.random.Generator
) -> np.ndarray:
    side = 2 * _FONT_SIZE
    canvas = Image.new("L", (side, side))
    font = fonts[rng.integers(len(fonts))]
    ImageDraw.Draw(canvas).text((side / 2, side / 2), character, 255, font, anchor="mm")
    angle, shear, stretch = rng.normal(0, (0.12, 0.15, 0.1))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1 + stretch, shear], [0, 1]])
    offset = side / 2 - matrix @ [side / 2, side / 2]
    coefficients = (*matrix[0], offset[0], *matrix[1], offset[1])
    canvas = canvas.transform(
        canvas.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    thickening = 2 * int(rng.integers(0, 4)) + 1
    return emnist_image(np.asarray(canvas.filter(ImageFilter.MaxFilter(thickening))))


def choose_rows(classes: np.ndarray, rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
    """Rows of each split's parts; all splits sample the same images and are cut independently."""
    share = len(classes) / OFFICIAL_IMAGES
    chosen = {}
    for split in SPLITS:
        rows = rng.permutation(len(classes))
        if split in PER_CLASS:
            rows = _equal_classes(split, rows, classes, round(share * PER_CLASS[split]))
        cut = round(len(rows) * TRAIN_SHARE)
        chosen[split] = {"train": rows[:cut], "test": rows[cut:]}
    return chosen


def _equal_classes(split: str, rows: np.ndarray, classes: np.ndarray, size: int) -> np.ndarray:
    labels = own_labels(split, classes[rows])
    used = [label for label in np.unique(labels) if label != UNUSED]
    picked = np.concatenate([np.flatnonzero(labels == label)[: max(size, 1)] for label in used])
    return rows[np.sort(picked)]


@dataclass(frozen=True)
class GeneratedPart:
    """One part of one split, as NIST stores it.

    Attributes:
        split: such as ``"letters"``.
        part: ``"train"`` or ``"test"``.
        images: uint8 (N, 28, 28), transposed.
        labels: uint8 (N,), the split's own labels.
    """

    split: str
    part: str
    images: np.ndarray
    labels: np.ndarray


def cut_archive(
    pictures: np.ndarray, classes: np.ndarray, seed: int, byclass_share: float = 1.0
) -> Iterator[GeneratedPart]:
    """The twelve parts of an archive, for any form.

    Args:
        pictures: uint8 (N, 28, 28), upright, all distinct.
        classes: uint8 (N,) in 0..61.
        seed: of the cuts.
        byclass_share: fraction of the `byclass` training rows to keep; below 1, some images are
            known only as a letter in either case, as in a partial archive.
    """
    rng = np.random.default_rng(seed)
    for split, parts in choose_rows(classes, rng).items():
        if split == "byclass":
            parts["train"] = parts["train"][: round(len(parts["train"]) * byclass_share)]
        for part, rows in parts.items():
            stored = pictures[rows].transpose(0, 2, 1)
            yield GeneratedPart(split, part, stored, own_labels(split, classes[rows]))


def write_archive(
    root: Path,
    pictures: np.ndarray,
    classes: np.ndarray,
    seed: int,
    byclass_share: float = 1.0,
    level: int = 6,
) -> None:
    """Write the 24 gzipped IDX files of :func:`cut_archive` to ``root/EMNIST/raw``.

    A marker file labels them as synthetic; ``level`` is gzip's.
    """
    raw = root / "EMNIST" / "raw"
    for part in cut_archive(pictures, classes, seed, byclass_share):
        prefix = f"emnist-{part.split}-{part.part}"
        write_idx(raw / f"{prefix}-images-idx3-ubyte.gz", part.images, level)
        write_idx(raw / f"{prefix}-labels-idx1-ubyte.gz", part.labels, level)
    mark_as_synthetic(raw)


def mark_as_synthetic(folder: Path) -> None:
    """Write the file that marks a folder's archive as generated."""
    words = "Generated by data_preprocessing.py --synthetic; not handwriting.\n"
    with replacing(folder / SYNTHETIC_MARK) as (part,):
        part.write_text(words, encoding="utf-8")


def write_idx(path: Path, content: np.ndarray, level: int = 6) -> None:
    """Write a uint8 array as a gzipped IDX file; its bytes depend on the content alone."""
    header = bytes([0, 0, 8, content.ndim]) + np.array(content.shape, dtype=">u4").tobytes()
    with (
        replacing(path) as (part,),
        part.open("wb") as file,
        gzip.GzipFile("", "wb", level, file, mtime=0) as stream,
    ):
        stream.write(header)
        stream.write(np.ascontiguousarray(content).data)
