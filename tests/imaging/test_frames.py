"""Frames around a character are left aside; characters that look like frames are not."""

import csv

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.datasets.pen import load_pen
from handwriting.imaging.character import character_from_ink, character_of, open_character
from handwriting.imaging.frames import without_frame
from handwriting.imaging.ink import find_ink
from handwriting.imaging.photograph import open_picture
from tests.support import drawing_files, drawn_with, shared_folder

BOX = np.array([[40, 30], [262, 36], [258, 270], [34, 262]])


def letter(text: str = "R", shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    ink = np.zeros((300, 300), np.uint8)
    place = (95 + shift[0], 205 + shift[1])
    cv2.putText(ink, text, place, cv2.FONT_HERSHEY_SIMPLEX, 4.5, 255, 9, cv2.LINE_AA)
    return ink


def framed(ink: np.ndarray, pen: int = 6) -> np.ndarray:
    return cv2.polylines(ink.copy(), [BOX.astype(np.int32)], True, 255, pen, cv2.LINE_AA)


@pytest.mark.parametrize("pen", [2, 6, 12])
@pytest.mark.parametrize("text", ["R", "a", "1", "8", "i"])
def test_a_framed_character_gives_the_picture_of_the_one_without_a_frame(text, pen):
    plain = character_from_ink(letter(text)).image.astype(int)
    found = character_from_ink(without_frame(framed(letter(text), pen))).image
    assert np.abs(found - plain).mean() < 2


def drawn(*paths: np.ndarray, is_closed: bool = True) -> np.ndarray:
    """The letter R among lines."""
    lines = [np.asarray(path).round().astype(np.int32) for path in paths]
    return cv2.polylines(letter(), lines, is_closed, 255, 6, cv2.LINE_AA)


def frames() -> dict[str, np.ndarray]:
    turns = np.linspace(0, 2 * np.pi, 60)
    circle = 150 + 128 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    wavy = circle * (1 + 0.02 * np.sin(5 * turns))[:, None]
    sides = list(zip(BOX, np.roll(BOX, -1, axis=0), strict=True))
    apart = [np.stack([a + 0.04 * (b - a), b - 0.04 * (b - a)]) for a, b in sides]
    crossing = [np.stack([a - 0.06 * (b - a), b + 0.06 * (b - a)]) for a, b in sides]
    neighbours = [BOX, BOX + np.array([222, 6]), BOX - np.array([222, 6])]
    return {
        "a circle": drawn(circle),
        "a wavy ring": drawn(wavy),
        "sides that do not meet": drawn(*apart, is_closed=False),
        "sides that cross": drawn(*crossing, is_closed=False),
        "a frame in a frame": drawn(BOX, 150 + 1.13 * (BOX - 150)),
        "a row of cells": drawn(*neighbours),
    }


@pytest.mark.parametrize("kind", frames())
def test_a_frame_of_any_shape_is_left_aside(kind):
    plain = character_from_ink(letter()).image.astype(int)
    found = character_from_ink(without_frame(frames()[kind])).image
    assert np.abs(found - plain).mean() < 2


def test_a_frame_along_the_edge_of_its_picture_is_left_aside():
    ink = letter()
    ink[:5], ink[-5:], ink[:, :5], ink[:, -5:] = 255, 255, 255, 255
    plain = character_of(Image.fromarray(255 - letter())).image.astype(int)
    assert np.abs(character_of(Image.fromarray(255 - ink)).image - plain).mean() < 2


@pytest.mark.parametrize("text", ["0", "O", "Q", "8", "B"])
def test_hardly_any_round_letter_of_real_pens_is_taken_for_a_frame(text):
    archive = load_pen(shared_folder("pen") / "characters.npz")
    samples = archive.characters()
    samples = samples[archive.text[samples] == text][::40]
    inks = [drawn_with(archive.strokes(k), 120, 3) for k in samples]
    assert len(inks) > 10 and all(without_frame(ink) is ink for ink in inks)


def test_words_around_a_word_are_no_frame():
    ink = np.zeros((300, 700), np.uint8)
    for row in range(3):
        cv2.putText(ink, "one two six", (20, 90 + 80 * row), 0, 2.4, 255, 5, cv2.LINE_AA)
    assert without_frame(ink) is ink


def test_a_letter_that_touches_its_frame_survives():
    touching = letter("R", shift=(-50, 0))
    found = without_frame(framed(touching))
    assert (found > 127).sum() > 0.85 * (touching > 127).sum()
    assert not found[28:38, 60:250].any(), "the frame is gone"


@pytest.mark.parametrize("points", [BOX, BOX[:3]], ids=["a box", "a triangle"])
def test_an_empty_frame_is_ink_like_any_other(points):
    ink = cv2.polylines(np.zeros((300, 300), np.uint8), [points.astype(np.int32)], True, 255, 8)
    assert without_frame(ink) is ink


def test_a_square_8_is_no_frame():
    ink = framed(np.zeros((300, 300), np.uint8), 10)
    ink[144:156, 38:260] = 255
    assert without_frame(ink) is ink


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (6, 6)])
def test_the_smallest_pictures_have_no_frame(shape):
    for ink in (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)):
        assert without_frame(ink) is ink


def test_no_real_drawing_is_taken_for_a_frame():
    inks = [find_ink(open_picture(file)) for file in drawing_files(step=9)]
    assert all(without_frame(ink) is ink for ink in inks)


def test_of_real_photographs_hardly_any_is_taken_for_a_frame():
    folder = shared_folder("photographs")
    with (folder / "labels.csv").open() as table:
        files = [folder / row["file"] for row in csv.DictReader(table)][::12]
    inks = [find_ink(open_picture(file)) for file in files]
    assert sum(without_frame(ink) is not ink for ink in inks) <= 0.01 * len(files)


def test_a_file_with_a_framed_character_is_opened_without_its_frame(tmp_path):
    cv2.imwrite(str(tmp_path / "framed.png"), 255 - framed(letter("R")))
    found = open_character(tmp_path / "framed.png")
    left, top, right, bottom = found.bbox
    assert 80 < left < right < 220 and 90 < top < bottom < 220
