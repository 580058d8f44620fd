"""Pictures made by EMNIST's procedure look like EMNIST's."""

import csv

import numpy as np
import pytest
from conftest import shared_folder
from PIL import Image, ImageOps

from characters.archive import ArchiveSplit
from characters.errors import CharactersError
from characters.glyphs import bounding_box, emnist_picture, ink_of, open_picture, otsu_threshold


def ring(height: int, width: int, top: int = 10, left: int = 20) -> np.ndarray:
    ink = np.zeros((300, 300), dtype=np.uint8)
    ink[top : top + height, left : left + width] = 255
    ink[top + 8 : top + height - 8, left + 8 : left + width - 8] = 0
    return ink


def extents(pictures: np.ndarray) -> np.ndarray:
    """Longer side of each picture's ink, in pixels."""
    boxes = [bounding_box(picture) for picture in pictures]
    return np.array([max(box[2] - box[0], box[3] - box[1]) for box in boxes])


def test_a_picture_is_28_by_28_stretched_and_centred():
    picture = emnist_picture(ring(200, 90))
    assert picture.shape == (28, 28) and picture.dtype == np.uint8
    assert picture.min() == 0 and picture.max() == 255
    left, top, right, bottom = bounding_box(picture)
    assert abs(left - (28 - right)) <= 1 and abs(top - (28 - bottom)) <= 1
    assert bottom - top > right - left


@pytest.mark.parametrize(("top", "left"), [(0, 0), (90, 200), (43, 17)])
def test_moving_the_ink_gives_the_same_picture(top, left):
    assert (emnist_picture(ring(200, 90, top, left)) == emnist_picture(ring(200, 90))).all()


def test_no_ink_gives_an_empty_picture():
    assert not emnist_picture(np.zeros((50, 40), dtype=np.uint8)).any()
    assert not emnist_picture(ink_of(Image.new("RGB", (50, 40), "salmon"))).any()


def test_a_single_dot_does_not_fail():
    ink = np.zeros((5, 5), dtype=np.uint8)
    ink[2, 2] = 255
    assert emnist_picture(ink).max() == 255


@pytest.mark.parametrize(
    ("paper", "pen"), [("white", "black"), ("black", "white"), ("khaki", "navy"), ("navy", "red")]
)
def test_any_plain_paper_and_pen_gives_the_same_picture(paper, pen):
    ink = Image.fromarray(ring(180, 120))
    drawing = Image.composite(
        Image.new("RGB", ink.size, pen), Image.new("RGB", ink.size, paper), ink
    )
    assert (ink_of(drawing) == np.asarray(ink)).all()


def test_transparent_paper_counts_as_white():
    drawing = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ink = Image.fromarray(ring(180, 120))
    drawing.paste((0, 0, 0, 255), mask=ink)
    assert (ink_of(drawing) == np.asarray(ink)).all()


def test_otsu_parts_two_greys():
    assert 50 <= otsu_threshold(np.array([10, 50, 50, 200, 210], dtype=np.uint8)) < 200


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(CharactersError, match=r"x\.png is not a picture"):
        open_picture(tmp_path / "x.png")


def test_real_drawings_get_the_margins_of_real_emnist(real_archive):
    folder = shared_folder("drawings")
    with (folder / "labels.csv").open() as file:
        names = [row["file"] for row in csv.DictReader(file)][::30]
    drawings = np.stack([emnist_picture(ink_of(Image.open(folder / name))) for name in names])
    emnist = ArchiveSplit(real_archive, split="byclass", train=False).data[:1000].numpy()
    assert abs(np.median(extents(drawings)) - np.median(extents(emnist))) <= 1


def test_real_emnist_passes_through_nearly_unchanged(real_archive):
    emnist = ArchiveSplit(real_archive, split="byclass", train=False).data[:200].numpy()
    again = np.stack([emnist_picture(np.where(image > 127, 255, 0).astype(np.uint8))
                      for image in emnist])  # fmt: skip
    difference = np.abs(again.astype(int) - emnist).mean(axis=(1, 2))
    flipped = np.abs(np.stack([np.asarray(ImageOps.mirror(Image.fromarray(i))) for i in again])
                     .astype(int) - emnist).mean(axis=(1, 2))  # fmt: skip
    assert np.median(difference) < 20 < np.median(flipped)
