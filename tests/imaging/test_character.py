"""Pictures made by EMNIST's procedure look like EMNIST's, whatever the pen, size and place."""

import csv
import io

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from handwriting.emnist.archive import ArchiveSplit
from handwriting.errors import HandwritingError
from handwriting.imaging.character import (
    bounding_box,
    character_from_ink,
    character_from_strokes,
    emnist_image,
    find_ink,
    open_character,
    open_picture,
    otsu_threshold,
    stroke_width,
    without_specks,
)
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import available_runs
from tests.support import PROJECT, shared_folder


def ring(height: int, width: int, top: int = 10, left: int = 20) -> np.ndarray:
    ink = np.zeros((300, 300), dtype=np.uint8)
    ink[top : top + height, left : left + width] = 255
    ink[top + 8 : top + height - 8, left + 8 : left + width - 8] = 0
    return ink


def extents(pictures: np.ndarray) -> np.ndarray:
    """Longer side of each picture's ink, in pixels."""
    boxes = [bounding_box(picture, 16) for picture in pictures]
    return np.array([max(box[2] - box[0], box[3] - box[1]) for box in boxes])


def test_a_picture_is_28_by_28_stretched_and_centred():
    picture = emnist_image(ring(200, 90))
    assert picture.shape == (28, 28) and picture.dtype == np.uint8
    assert picture.min() == 0 and picture.max() == 255
    left, top, right, bottom = bounding_box(picture, 16)
    assert abs(left - (28 - right)) <= 1 and abs(top - (28 - bottom)) <= 1
    assert bottom - top > right - left


@pytest.mark.parametrize(("top", "left"), [(0, 0), (90, 200), (43, 17)])
def test_moving_the_ink_gives_the_same_picture(top, left):
    moved, still = character_from_ink(ring(200, 90, top, left)), character_from_ink(ring(200, 90))
    assert (moved.picture == still.picture).all()
    shift = np.subtract(moved.place, still.place)
    assert shift == pytest.approx([left - 20, top - 10, left - 20, top - 10])


def test_no_ink_gives_an_empty_picture():
    assert not emnist_image(np.zeros((50, 40), dtype=np.uint8)).any()
    assert not emnist_image(find_ink(Image.new("RGB", (50, 40), "salmon"))).any()


def test_a_single_dot_does_not_fail():
    ink = np.zeros((5, 5), dtype=np.uint8)
    ink[2, 2] = 255
    assert emnist_image(ink).max() == 255


@pytest.mark.parametrize(
    ("paper", "pen"), [("white", "black"), ("black", "white"), ("khaki", "navy"), ("navy", "red")]
)
def test_any_plain_paper_and_pen_gives_the_same_picture(paper, pen):
    ink = Image.fromarray(ring(180, 120))
    drawing = Image.composite(
        Image.new("RGB", ink.size, pen), Image.new("RGB", ink.size, paper), ink
    )
    assert ((find_ink(drawing) > 127) == (np.asarray(ink) > 127)).all()


def test_transparent_paper_counts_as_white():
    drawing = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ink = Image.fromarray(ring(180, 120))
    drawing.paste((0, 0, 0, 255), mask=ink)
    assert ((find_ink(drawing) > 127) == (np.asarray(ink) > 127)).all()


def test_otsu_parts_two_greys():
    counts = np.bincount([10, 50, 50, 200, 210], minlength=256)
    assert 50 <= otsu_threshold(counts) < 200


def test_stroke_width_of_a_bar_is_its_width():
    bar = np.zeros((200, 60), dtype=bool)
    bar[10:190, 20:32] = True
    assert stroke_width(bar) == pytest.approx(12, rel=0.1)


def test_dust_goes_and_the_dot_of_an_i_stays():
    solid = np.zeros((100, 40), dtype=bool)
    solid[40:90, 15:23], solid[15:23, 15:23], solid[5, 5] = True, True, True
    cleaned = without_specks(solid)
    assert cleaned[20, 18] and cleaned[60, 18] and not cleaned[5, 5]


def test_two_characters_are_noticed_and_one_is_not():
    two = ring(150, 70) | ring(150, 70, left=150)
    assert character_from_ink(two).is_multiple
    assert not character_from_ink(ring(150, 70)).is_multiple


def strokes_of_a_t() -> list[np.ndarray]:
    return [np.array([[50, 40], [52, 160.0]]), np.array([[20, 70], [90, 72.0]])]


@pytest.mark.parametrize(("scale", "shift"), [(0.3, 0), (2.5, 40), (1, -15)])
def test_moving_or_scaling_strokes_gives_the_same_picture(scale, shift):
    plain = character_from_strokes(strokes_of_a_t()).picture.astype(int)
    changed = character_from_strokes([scale * s + shift for s in strokes_of_a_t()]).picture
    assert np.abs(plain - changed).max() <= 2


def test_strokes_and_their_pixels_give_nearly_the_same_picture():
    from handwriting.imaging.character import _draw

    pixels = np.asarray(_draw(strokes_of_a_t(), np.array([120, 200])))
    of_ink = character_from_ink(pixels)
    of_strokes = character_from_strokes(strokes_of_a_t())
    assert np.abs(of_ink.picture.astype(int) - of_strokes.picture).mean() < 8
    assert of_ink.place == pytest.approx(of_strokes.place, abs=3)


@pytest.mark.parametrize("strokes", [[], [np.empty((0, 2))]])
def test_no_strokes_give_no_glyph(strokes):
    assert character_from_strokes(strokes).place is None


@pytest.mark.parametrize("points", [[[5, 5]], [[5, 5], [5, 5]], [[5, 5], [5, 6]]])
def test_a_dot_does_not_fail(points):
    assert character_from_strokes([np.array(points, dtype=float)]).picture.max() == 255


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(HandwritingError, match=r"x\.png is not a picture"):
        open_picture(tmp_path / "x.png")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("one pixel", lambda: Image.new("L", (1, 1), 0)),
        ("all black", lambda: Image.new("RGB", (300, 300))),
        ("palette", lambda: Image.fromarray(ring(180, 120)).convert("P")),
        ("one bit", lambda: Image.fromarray(ring(180, 120)).convert("1")),
        ("16 bit", lambda: Image.fromarray(ring(180, 120).astype(np.uint16) * 257)),
    ],
)
def test_odd_pictures_do_not_fail(name, make):
    file = io.BytesIO()
    make().save(file, "PNG")
    glyph = open_character(file, name)
    assert (glyph.place is None) == (name in ("one pixel", "all black"))


def test_a_turned_photograph_is_set_upright():
    drawing = Image.fromarray(255 - ring(180, 60))
    plain, turned = io.BytesIO(), io.BytesIO()
    drawing.save(plain, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing.rotate(90, expand=True).save(turned, "JPEG", quality=98, exif=exif)
    pictures = [open_character(f, "x").picture for f in (plain, turned)]
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 3


def test_the_first_frame_of_an_animation_is_read(tmp_path):
    frames = [Image.fromarray(255 - ring(180, width)) for width in (60, 120)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    read = open_character(tmp_path / "x.gif").picture
    assert np.abs(read.astype(int) - character_from_ink(ring(180, 60)).picture).max() < 20


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(HandwritingError, match=r"bomb\.png has .*pixels"):
        open_picture(tmp_path / "bomb.png")


def test_a_photograph_of_50_megapixels_is_read_as_its_small_self(tmp_path):
    small = Image.fromarray(255 - ring(180, 60))
    large = Image.new("L", (8200, 6150), 255)
    large.paste(small.resize((3000, 3000), Image.Resampling.BICUBIC), (2000, 1500))
    large.save(tmp_path / "large.jpg", quality=90)
    read = open_character(tmp_path / "large.jpg")
    plain = character_from_ink(255 - np.asarray(small)).picture
    assert np.abs(read.picture.astype(int) - plain).mean() < 3
    assert not read.is_multiple


@pytest.fixture(scope="module")
def some_drawings() -> list[np.ndarray]:
    """Ink of 62 real drawings, a writer or two each."""
    folder = shared_folder("drawings")
    with (folder / "labels.csv").open() as file:
        names = [row["file"] for row in csv.DictReader(file)][::27]
    return [find_ink(open_picture(folder / name)) for name in names]


def differences(first: list[np.ndarray], second: list[np.ndarray]) -> np.ndarray:
    """Mean grey difference of each pair of pictures, in 0..255."""
    pairs = zip(first, second, strict=True)
    return np.array([np.abs(a.astype(int) - b).mean() for a, b in pairs])


def pictures_of(inks: list[np.ndarray]) -> list[np.ndarray]:
    return [character_from_ink(ink).picture for ink in inks]


def resized(ink: np.ndarray, scale: float) -> np.ndarray:
    size = (round(ink.shape[1] * scale), round(ink.shape[0] * scale))
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))


def thickened(ink: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(ink).filter(ImageFilter.MaxFilter(9)))


@pytest.mark.parametrize(
    ("change", "bound"),
    [
        (lambda ink: np.roll(ink, (-20, 31), axis=(0, 1)), 1e-9),
        (lambda ink: resized(ink, 0.5), 4),
        (lambda ink: resized(ink, 1.3), 4),
        (thickened, 12),
    ],
    ids=["moved", "half the size", "larger", "thicker pen"],
)
def test_real_drawings_moved_scaled_or_thickened_give_nearly_the_same(some_drawings, change, bound):
    before = pictures_of(some_drawings)
    after = pictures_of([change(ink) for ink in some_drawings])
    assert np.mean(differences(before, after)) < bound
    recognizer = Recognizer.load(next(iter(available_runs(PROJECT / "models"))).weights)
    answers = [[recognizer.read(p).character for p in pictures] for pictures in (before, after)]
    changed = sum(a != b for a, b in zip(*answers, strict=True))
    assert changed <= (0 if bound < 1 else 4)


def test_real_drawings_get_the_margins_of_real_emnist(real_archive):
    folder = shared_folder("drawings")
    with (folder / "labels.csv").open() as file:
        names = [row["file"] for row in csv.DictReader(file)][::30]
    drawings = np.stack(pictures_of([find_ink(open_picture(folder / name)) for name in names]))
    emnist = ArchiveSplit(real_archive, split="byclass", train=False).data[:1000].numpy()
    assert abs(np.median(extents(drawings)) - np.median(extents(emnist))) <= 1


def test_real_emnist_passes_through_nearly_unchanged(real_archive):
    emnist = ArchiveSplit(real_archive, split="byclass", train=False).data[:200].numpy()
    again = np.stack([emnist_image(np.where(image > 127, 255, 0).astype(np.uint8))
                      for image in emnist])  # fmt: skip
    difference = np.abs(again.astype(int) - emnist).mean(axis=(1, 2))
    flipped = np.abs(np.stack([np.asarray(ImageOps.mirror(Image.fromarray(i))) for i in again])
                     .astype(int) - emnist).mean(axis=(1, 2))  # fmt: skip
    assert np.median(difference) < 20 < np.median(flipped)
