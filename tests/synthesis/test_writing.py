"""Writing with any medium on any ground gives a readable simulated photograph."""

import numpy as np
import pytest
from PIL import Image

from handwriting.imaging.contrast import contrast_of
from handwriting.imaging.line import HEIGHT, line_from_contrast, line_from_strokes
from handwriting.synthesis import writing
from handwriting.synthesis.grounds import GROUNDS
from handwriting.synthesis.light import photographed
from tests.support import shared_folder

ZIGZAG = [np.array([[0, 0], [40, 100], [80, 0], [120, 100.0]]), np.array([[150, 0], [150, 100.0]])]


@pytest.mark.parametrize("ground", GROUNDS)
def test_each_ground_is_a_picture_in_colour_whose_ink_is_found(ground):
    plain = line_from_strokes(ZIGZAG)
    likeness = []
    for seed in range(8):
        picture = writing.photograph_of(ZIGZAG, np.random.default_rng(seed), ground)
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
        line = line_from_contrast(contrast_of(picture))
        assert line.shape[0] == HEIGHT
        alike = np.asarray(Image.fromarray(line).resize(plain.shape[::-1]), dtype=float)
        likeness.append(np.corrcoef(alike.ravel(), plain.ravel())[0, 1])
    assert np.median(likeness) > 0.2 and max(likeness) > 0.45, likeness


def test_the_same_chance_gives_the_same_photograph():
    first, again, other = (
        writing.photograph_of(ZIGZAG, np.random.default_rng(seed), "white") for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_photograph_is_of_the_scenes_size():
    scene = np.full((40, 70, 3), 200, dtype=np.float32)
    for seed in range(10):
        taken = photographed(scene, np.random.default_rng(seed))
        assert taken.shape == scene.shape and taken.dtype == np.uint8


def test_a_dot_and_a_dash_can_be_written():
    rng = np.random.default_rng(0)
    for strokes in ([np.array([[5.0, 5]])], [np.array([[0, 0], [50, 1.0]])]):
        assert writing.photograph_of(strokes, rng).size


def test_a_sheet_of_samples_is_drawn(tmp_path):
    pens = shared_folder("pen") / "text.npz"
    out = tmp_path / "sheet.png"
    arguments = ["--pens", str(pens), "--out", str(out)]
    writing.main(writing.get_args_parser().parse_args(arguments))
    with Image.open(out) as sheet:
        assert sheet.size == (1200, 720)
        assert np.asarray(sheet.convert("L")).std() > 30
