"""Ink is told from light: shadows, vignettes and noise on large and on small photographs."""

import csv

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from handwriting.imaging.character import character_from_ink
from handwriting.imaging.ink import find_ink
from handwriting.imaging.photograph import open_picture
from handwriting.imaging.shade import ink_in_any_light
from handwriting.labels import CLASSES
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import available_runs
from tests.support import PROJECT, ring, shared_folder


def vignette(shape: tuple[int, int]) -> np.ndarray:
    """Brightness that falls to a third in the corners."""
    y, x = np.mgrid[-0.5 : 0.5 : shape[0] * 1j, -0.5 : 0.5 : shape[1] * 1j]
    return 1 / (1 + 1.5 * (x**2 + y**2)) ** 2


def hard_shadow(shape: tuple[int, int]) -> np.ndarray:
    """Half as bright beyond a bent, hard edge."""
    y, x = np.mgrid[-0.5 : 0.5 : shape[0] * 1j, -0.5 : 0.5 : shape[1] * 1j]
    return 1 - 0.5 / (1 + np.exp(-200 * (x - 0.15 - 0.5 * y**2)))


LIGHTS = {"vignette": vignette, "hard shadow": hard_shadow}


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
@pytest.mark.parametrize("is_dark", [True, False])
def test_strokes_are_found_in_hard_light_and_noise(light, is_dark):
    ink = ring(180, 120, top=60, left=90)
    ground, pen = (220, 60) if is_dark else (80, 220)
    noise = np.random.default_rng(0).normal(0, 3, ink.shape)
    scene = cv2.GaussianBlur(np.where(ink > 127, pen, ground) * light(ink.shape), (0, 0), 1) + noise
    found = ink_in_any_light(np.clip(scene, 0, 255).astype(np.uint8)) > 127
    assert (found != (ink > 127)).mean() < 0.015


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_blank_paper_with_noise_stays_blank(light):
    for seed, level in enumerate((1, 4, 8)):
        noise = np.random.default_rng(seed).normal(0, level, (400, 300))
        paper = np.clip(210 * light((400, 300)) + noise, 0, 255).astype(np.uint8)
        assert not find_ink(Image.fromarray(paper)).any()


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_real_photographs_of_a_character_are_read_in_hard_light(light):
    folder = shared_folder("photographs")
    with (folder / "labels.csv").open() as table:
        rows = list(csv.DictReader(table))[::40]
    images = []
    for row in rows:
        grey = np.asarray(open_picture(folder / row["file"]).convert("L"))
        lit = Image.fromarray((grey * light(grey.shape)).astype(np.uint8))
        images.append(character_from_ink(find_ink(lit)).image)
    recognizer = Recognizer.load(next(iter(available_runs(PROJECT / "models"))).weights)
    answers = recognizer.log_probs(torch.from_numpy(np.stack(images)), "equal").argmax(axis=1)
    right = [
        CLASSES[k].lower() == row["character"].lower() for k, row in zip(answers, rows, strict=True)
    ]
    assert np.mean(right) > 0.7
