"""Lines composed of EMNIST images: similar stroke width and slant, right size and position."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from handwriting.datasets.prepared import LabelledImages, load_images, save_prepared, save_split
from handwriting.emnist.archive import ArchiveSplit
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.synthesis.composition import SIGNS
from handwriting.synthesis.picture_composition import (
    CAPITAL,
    CharacterPictures,
    pen_widths,
    slants,
)
from handwriting.synthesis.text_sources import ComposedPictures
from handwriting.training.text_data import COMPOSED_PICTURES, load_sources
from handwriting.training.text_run import TextSettings
from tests.support import manifest_of


@pytest.fixture(scope="module")
def pictures(real_archive) -> CharacterPictures:
    test = ArchiveSplit(real_archive, split="byclass", train=False)
    return CharacterPictures(test.data.numpy(), test.targets.numpy())


@pytest.mark.parametrize("width", [2, 4, 7])
def test_the_width_of_a_pen_is_that_of_its_stroke(width):
    picture = np.zeros((1, 40, 40), dtype=np.uint8)
    picture[0, 2:38, 20 : 20 + width] = 255
    # A stroke's ends are edges too, so that a short thick one seems thinner.
    assert pen_widths(picture)[0] == pytest.approx(width, rel=0.2)


@pytest.mark.parametrize("lean", [-0.5, 0.0, 0.5])
def test_slant_is_how_far_a_stroke_leans_to_the_right(lean):
    picture = np.zeros((40, 40), dtype=np.uint8)
    ends = (round(20 - 15 * lean), 35), (round(20 + 15 * lean), 5)
    cv2.line(picture, *ends, 255, 3, cv2.LINE_AA)
    assert slants(picture[None])[0] == pytest.approx(lean, abs=0.06)


def test_all_62_characters_of_real_emnist_can_be_written_and_all_signs(pictures):
    assert set(pictures.of_all) == set(CLASSES)
    assert all(map(pictures.can_write, (*CLASSES, *SIGNS, " ")))
    assert not pictures.can_write("~")


def test_letters_have_their_size_and_their_place_on_the_line(pictures):
    rng = np.random.default_rng(0)

    def extent(text: str) -> np.ndarray:
        rows = [np.flatnonzero(pictures.compose(text, rng).max(axis=1) > 127) for _ in range(9)]
        return np.median([[own[0], own[-1]] for own in rows], axis=0)

    def height(text: str) -> float:
        return float(np.ptp(extent(text)))

    assert height("X") == pytest.approx(CAPITAL, rel=0.15)
    assert height("x") == pytest.approx(0.55 * CAPITAL, rel=0.2)
    assert height("Xg") > 1.2 * CAPITAL, "g reaches below the line"


def test_an_i_has_its_dot(pictures):
    for letter in "ij":
        for row in pictures.of_all[letter]:
            parts, _ = cv2.connectedComponents((pictures.images[row] > 127).view(np.uint8))
            assert parts > 2


def test_the_characters_of_a_line_are_of_one_pen_and_slant(pictures):
    rng = np.random.default_rng(0)
    lines = [pictures.compose("N H", rng) for _ in range(150)]
    halves = [half for line in lines for half in parted(line)]
    for measured in (pen_widths, slants):
        first, second = np.array([measured(half[None])[0] for half in halves]).reshape(-1, 2).T
        # By chance it is 0, give or take 0.08.
        assert np.corrcoef(first, second)[0, 1] > 0.35, measured.__name__


def parted(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A line before and after its widest gap."""
    written = np.flatnonzero(line.max(axis=0) > 60)
    gap = int(np.diff(written).argmax())
    middle = int(written[gap] + written[gap + 1]) // 2
    return line[:, :middle], line[:, middle:]


def test_a_source_draws_texts_of_a_like_hand_in_any_light(pictures):
    words = [first + rest for first in "bcdfg" for rest in ("at", "in", "on", "ear")]
    source = ComposedPictures(pictures, words, 50, photographed=0.5)
    rng = np.random.default_rng(0)
    drawn = [source.draw(number, rng) for number in range(len(source))]
    assert all(one.picture.shape[0] == 40 and one.picture.dtype == np.uint8 for one in drawn)
    assert all(one.picture.max() > 100 for one in drawn)
    assert all(one.text and one.text == one.text.strip() for one in drawn)
    assert len({one.text for one in drawn}) > 40


def test_the_folder_of_stages_1_and_2_is_a_source_of_its_training_images_alone(processed):
    data = load_sources(TextSettings((str(processed),)))
    (source,) = data.sources.sources
    assert isinstance(source, ComposedPictures) and len(source) == COMPOSED_PICTURES
    assert not data.measured and not data.pages
    known = {image.tobytes() for image in load_images(processed, "train").images.numpy()}
    assert {image.tobytes() for image in source.pictures.images} <= known


def test_images_of_uncertain_class_alone_are_refused(tmp_path: Path):
    either_case = LabelledImages(
        torch.full((4, 28, 28), 255, dtype=torch.uint8), torch.full((4,), 70, dtype=torch.uint8)
    )
    save_prepared(tmp_path, either_case, either_case, manifest_of(either_case, "sets"))
    rows = {"train": torch.arange(3), "validation": torch.tensor([3])}
    save_split(tmp_path, rows, 0)
    with pytest.raises(HandwritingError, match="no training image with an exact label"):
        load_sources(TextSettings((str(tmp_path),)))
