"""Images made by EMNIST's procedure look like EMNIST's, for any pen, size and position."""

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps
from scipy import ndimage

from handwriting.datasets.pen import load_pen
from handwriting.emnist.archive import ArchiveSplit
from handwriting.imaging.character import (
    _draw,
    character_from_ink,
    character_from_strokes,
    emnist_image,
)
from handwriting.imaging.ink import find_ink
from handwriting.imaging.masks import bounding_box
from handwriting.imaging.photograph import open_picture
from handwriting.imaging.strokes import draw_strokes
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import available_runs
from tests.support import PROJECT, drawing_files, drawn_with, ring, shared_folder


def extents(images: np.ndarray) -> np.ndarray:
    """Longer side of each image's ink, in pixels."""
    boxes = [bounding_box(image, 16) for image in images]
    return np.array([max(box[2] - box[0], box[3] - box[1]) for box in boxes])


def test_an_image_is_28_by_28_stretched_and_centred():
    image = emnist_image(ring(200, 90))
    assert image.shape == (28, 28) and image.dtype == np.uint8
    assert image.min() == 0 and image.max() == 255
    left, top, right, bottom = bounding_box(image, 16)
    assert abs(left - (28 - right)) <= 1 and abs(top - (28 - bottom)) <= 1
    assert bottom - top > right - left


@pytest.mark.parametrize(("top", "left"), [(0, 0), (90, 200), (43, 17)])
def test_moving_the_ink_gives_the_same_image(top, left):
    moved, still = character_from_ink(ring(200, 90, top, left)), character_from_ink(ring(200, 90))
    assert (moved.image == still.image).all()
    shift = np.subtract(moved.bbox, still.bbox)
    assert shift == pytest.approx([left - 20, top - 10, left - 20, top - 10])


def test_the_box_is_that_of_the_pens_centre_line_and_the_height_that_of_the_picture():
    character = character_from_ink(ring(200, 90, top=10, left=20))
    # The strokes are 8 wide: the pen's middle ran 4 inside the edge of the ink.
    assert character.bbox == pytest.approx((24, 14, 106, 206), abs=1)
    assert character.height == 300


def test_no_ink_gives_an_empty_image():
    assert not emnist_image(np.zeros((50, 40), dtype=np.uint8)).any()
    blank = character_from_ink(np.zeros((50, 40), dtype=np.uint8))
    assert blank.bbox is None and not blank.image.any() and blank.height == 50


@pytest.mark.parametrize("size", [600, 1500, 4000])
def test_a_hair_in_a_large_picture_is_brought_to_the_usual_width(size):
    def circle(width: int) -> np.ndarray:
        picture = Image.new("L", (size, size))
        box = (0.1 * size, 0.1 * size, 0.9 * size, 0.9 * size)
        ImageDraw.Draw(picture).ellipse(box, outline=255, width=width)
        return character_from_ink(np.asarray(picture)).image.astype(float)

    assert np.corrcoef(circle(1).ravel(), circle(size // 12).ravel())[0, 1] > 0.8


@given(st.floats(100, 1600), st.floats(1, 40))
@example(1000, 5)
@example(400, 1)
def test_any_pen_on_any_size_gives_nearly_the_same_image(side, pen):
    def drawn(side: float, pen: float) -> np.ndarray:
        scaled = [0.7 * side / 120 * stroke for stroke in strokes_of_a_t()]
        picture = draw_strokes([(stroke, pen) for stroke in scaled], (round(side),) * 2, 2)
        return character_from_ink(picture).image.astype(float)

    assume(pen < side / 12)
    same = np.corrcoef(drawn(side, pen).ravel(), drawn(600, 30).ravel())[0, 1]
    assert same > 0.9


@pytest.mark.parametrize("side", [100, 280, 700, 2000])
def test_any_pen_on_any_size_gives_the_same_answer_but_for_lookalikes(side):
    """Of pens up to a twelfth of the character; a wider one fills the counters of an `e`."""
    archive = load_pen(shared_folder("pen") / "characters.npz")
    samples = archive.characters()[::8000]
    recognizer = Recognizer.load(next(iter(available_runs(PROJECT / "models"))).weights)

    def answers(side: int, pen: float) -> list[str]:
        pictures = [drawn_with(archive.strokes(k), side, pen) for k in samples]
        images = [character_from_ink(picture).image for picture in pictures]
        return [recognizer.read(image).lookalikes() for image in images]

    usual = answers(600, 20)
    for pen in {1, 3, min(40, 0.7 * side / 12)}:
        same = [a == b for a, b in zip(answers(side, pen), usual, strict=True)]
        assert sum(same) >= len(same) - 1


def test_specks_far_apart_are_no_ink():
    ink = np.zeros((3000, 3000), dtype=np.uint8)
    ink[[5, 2900], [5, 2900]] = 255
    found = character_from_ink(ink)
    assert found.bbox is None and not found.image.any() and found.height == 3000


def blots(*places: tuple[int, int, int]) -> np.ndarray:
    """Discs of x, y and radius."""
    picture = Image.new("L", (300, 300))
    for x, y, radius in places:
        ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(picture)


@pytest.mark.parametrize("places", [[(150, 150, 90)], [(60, 60, 20), (240, 200, 24), (90, 250, 9)]])
def test_a_stain_and_drops_are_no_character(places):
    assert character_from_ink(blots(*places)).bbox is None


def test_a_stroke_beside_a_stain_is_a_character():
    ink = blots((150, 40, 20)).copy()
    ink[90:280, 138:162] = 255
    assert character_from_ink(ink).bbox is not None


def test_a_single_dot_does_not_fail():
    ink = np.zeros((5, 5), dtype=np.uint8)
    ink[2, 2] = 255
    assert emnist_image(ink).max() == 255


def test_two_characters_are_noticed_and_one_is_not():
    two = ring(150, 70) | ring(150, 70, left=150)
    assert character_from_ink(two).is_multiple
    assert not character_from_ink(ring(150, 70)).is_multiple


def strokes_of_a_t() -> list[np.ndarray]:
    return [np.array([[50, 40], [52, 160.0]]), np.array([[20, 70], [90, 72.0]])]


@pytest.mark.parametrize(("scale", "shift"), [(0.3, 0), (2.5, 40), (1, -15)])
def test_moving_or_scaling_strokes_gives_the_same_image(scale, shift):
    plain = character_from_strokes(strokes_of_a_t()).image.astype(int)
    changed = character_from_strokes([scale * s + shift for s in strokes_of_a_t()]).image
    assert np.abs(plain - changed).max() <= 2


def test_strokes_and_their_pixels_give_nearly_the_same_image():
    pixels = np.asarray(_draw(strokes_of_a_t(), np.array([120, 200]), 8.7))
    of_ink = character_from_ink(pixels)
    of_strokes = character_from_strokes(strokes_of_a_t())
    assert np.abs(of_ink.image.astype(int) - of_strokes.image).mean() < 8
    assert of_ink.bbox == pytest.approx(of_strokes.bbox, abs=3)


@pytest.mark.parametrize("strokes", [[], [np.empty((0, 2))]])
def test_no_strokes_give_no_character(strokes):
    assert character_from_strokes(strokes).bbox is None


@pytest.mark.parametrize("points", [[[5, 5]], [[5, 5], [5, 5]], [[5, 5], [5, 6]]])
def test_a_dot_does_not_fail(points):
    assert character_from_strokes([np.array(points, dtype=float)]).image.max() == 255


@pytest.fixture(scope="module")
def some_drawings() -> list[np.ndarray]:
    """Ink of 62 real drawings, a writer or two each."""
    return [find_ink(open_picture(file)) for file in drawing_files(27)]


def differences(first: list[np.ndarray], second: list[np.ndarray]) -> np.ndarray:
    """Mean grey difference of each pair of images, in 0..255."""
    pairs = zip(first, second, strict=True)
    return np.array([np.abs(a.astype(int) - b).mean() for a, b in pairs])


def images_of(inks: list[np.ndarray]) -> list[np.ndarray]:
    return [character_from_ink(ink).image for ink in inks]


def resized(ink: np.ndarray, scale: float) -> np.ndarray:
    size = (round(ink.shape[1] * scale), round(ink.shape[0] * scale))
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))


def thickened(ink: np.ndarray) -> np.ndarray:
    return ndimage.maximum_filter(ink, 9)


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
    before = images_of(some_drawings)
    after = images_of([change(ink) for ink in some_drawings])
    assert np.mean(differences(before, after)) < bound
    recognizer = Recognizer.load(next(iter(available_runs(PROJECT / "models"))).weights)
    answers = [
        recognizer.log_probs(torch.from_numpy(np.stack(images)), "equal").argmax(axis=1)
        for images in (before, after)
    ]
    changed = (answers[0] != answers[1]).sum()
    assert changed <= (0 if bound < 1 else 4)


def test_real_drawings_get_the_margins_of_real_emnist(real_archive):
    drawings = np.stack(images_of([find_ink(open_picture(file)) for file in drawing_files(30)]))
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
