"""Several characters side by side are distinguished from one, on real ink."""

import csv
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.datasets.pen import load_pen
from handwriting.imaging.character import character_from_ink, open_character
from handwriting.imaging.several import several_in_ink, several_in_strokes
from tests.support import shared_folder


def share_of_pictures(name: str, table: str, column: str, lengths: Sequence[int]) -> float:
    """Of about 25 pictures whose text has one of some lengths, those that seem to show several."""
    folder = shared_folder(name)
    with (folder / table).open() as file:
        files = [row["file"] for row in csv.DictReader(file) if len(row[column]) in lengths]
    seen = [open_character(folder / file).is_multiple for file in files[:: len(files) // 25]]
    return float(np.mean(seen))


def share_of_strokes(name: str) -> float:
    """The same of 100 samples of online handwriting."""
    archive = load_pen(shared_folder("pen") / name)
    strokes = (archive.strokes(k) for k in range(0, len(archive), len(archive) // 100))
    return float(np.mean([several_in_strokes([s for s in some if len(s)]) for some in strokes]))


@pytest.mark.parametrize("name", ["drawings", "photographs"])
def test_few_pictures_of_one_character_seem_to_show_several(name):
    assert share_of_pictures(name, "labels.csv", "character", [1]) <= 0.02


def test_most_numbers_seem_to_be_several_characters():
    assert share_of_pictures("numbers", "text.csv", "text", range(2, 9)) > 0.6


def test_few_cells_of_a_form_with_one_digit_seem_to_hold_several():
    assert share_of_pictures("numbers", "text.csv", "text", [1]) <= 0.08


def test_eight_digits_in_a_row_seem_to_be_several():
    row = np.zeros((90, 560), np.uint8)
    cv2.putText(row, "20583617", (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 2.2, 255, 5, cv2.LINE_AA)
    assert character_from_ink(row).is_multiple


def test_strokes_of_a_word_are_told_from_those_of_a_character():
    assert share_of_strokes("characters.npz") <= 0.03
    assert share_of_strokes("words.npz") > 0.7


def bars(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Ink that fills boxes of left, top, right and bottom."""
    solid = np.zeros((100, 300), dtype=bool)
    for left, top, right, bottom in boxes:
        solid[top:bottom, left:right] = True
    return solid


@pytest.mark.parametrize(
    ("solid", "several"),
    [
        (bars(), False),
        (bars((10, 10, 20, 90), (140, 10, 150, 90)), True),
        (bars((10, 30, 20, 90), (10, 10, 20, 18)), False),
        (bars((10, 30, 200, 40), (10, 60, 200, 70)), False),
        (bars((10, 50, 200, 60)), False),
        (bars((10, 10, 20, 90), (40, 10, 50, 90)), False),
        (bars((10, 10, 200, 90)), False),
    ],
    ids=["nothing", "two ones", "i", "equals", "dash", "broken H", "a blot"],
)
def test_what_counts_as_several(solid, several):
    assert several_in_ink(solid) == several


def test_strokes_and_their_picture_agree():
    circle = cv2.ellipse2Poly((0, 0), (20, 30), 0, 0, 360, 10).astype(float)
    one, two = [circle], [circle, circle + np.array([60.0, 0.0])]
    assert not several_in_strokes(one) and several_in_strokes(two)
    assert not several_in_strokes([np.zeros((1, 2))])
    assert not several_in_strokes([np.array([[0.0, 0.0], [50.0, 0.0]])])


def test_a_picture_of_two_characters_says_so(tmp_path):
    paper = Image.new("L", (300, 200), 255)
    for left in (50, 220):
        paper.paste(0, (left, 40, left + 10, 160))
    paper.save(tmp_path / "11.png")
    assert open_character(tmp_path / "11.png").is_multiple
