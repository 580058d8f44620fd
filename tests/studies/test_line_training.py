"""The studies that train small line readers, at their smallest, on words of a few shapes."""

import csv

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from handwriting.datasets.text import left_out
from handwriting.lines.network import LineReader
from handwriting.synthesis.grounds import GROUNDS
from studies import colour_or_contrast, line_training
from tests.benchmarks.support import run_quick
from tests.lines.support import pen_archive
from tests.support import random_reader


@pytest.fixture
def pens(tmp_path):
    """Words by eight writers, two of whom a training leaves out."""
    names = [f"w{k}" for k in range(60)]
    others = np.array(names)[left_out(np.array(names), 0.1)][:2]
    own = np.array(names)[~left_out(np.array(names), 0.1)][:6]
    return pen_archive(tmp_path / "words.npz", writers=[*others, *own])


@pytest.fixture
def photographs(tmp_path):
    """Photographs of a word by each of two writers, one of whom a training leaves out."""
    names = np.array([f"p{k}" for k in range(60)])
    chosen = [names[left_out(names, 0.1)][0], names[~left_out(names, 0.1)][0]]
    folder = tmp_path / "photographs"
    folder.mkdir()
    rows = [("file", "text", "writer")]
    for writer in chosen:
        page = np.full((60, 160, 3), 220, dtype=np.uint8)
        cv2.putText(page, "olo", (20, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (120, 30, 20), 3)
        Image.fromarray(page).save(folder / f"{writer}.png")
        rows.append((f"{writer}.png", "olo", str(writer)))
    with (folder / "text.csv").open("w", newline="") as table:
        csv.writer(table).writerows(rows)
    return folder


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_writers_and_parts_are_each_trained_and_measured_on_writers_left_out(
    pens, photographs, empty, monkeypatch
):
    monkeypatch.setattr(line_training, "WRITERS", (2,))
    result = run_quick(line_training, empty, pens, photographs)["line_training.json"]
    assert [row["writers"] for row in result["writers"]] == [2, 6]
    assert result["writers"][0]["words"] == 40
    assert result["measured"] == {"words": 40, "photographs": 1}
    assert set(result["parts"]) == {
        "everything",
        "without photographed strokes",
        "without joined words",
        "without photographs",
    }
    assert all("photographs_cer" in rates for rates in result["parts"].values())


def test_the_figures_can_be_drawn(tmp_path):
    rates = {"val_cer": 0.5, "words_cer": 0.4, "words_exact": 0.1, "numbers_cer": 0.6}
    curve = [{"writers": 8, "words": 90, "cer": 0.5}, {"writers": 99, "words": 900, "cer": 0.3}]
    result = {"writers": curve, "parts": {"everything": rates, "without numbers": rates}}
    line_training.plot(result, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as picture:
        assert picture.width > 800


def test_both_fronts_cut_the_same_place_and_colours_keep_the_ink(photographs):
    with Image.open(next(photographs.glob("*.png"))) as picture:
        colours = np.asarray(picture.convert("RGB"))
    contrast = colour_or_contrast.contrast_line(colours)
    seen = colour_or_contrast.colour_line(colours)
    assert seen.shape == (*contrast.shape, 3) and seen.dtype == np.uint8
    ink = contrast > 200
    red, green, blue = seen[ink].mean(axis=0)
    # The ink is (120, 30, 20): least dark in red.
    assert red < green < blue
    less = colour_or_contrast.paperless_line(colours)
    assert less.shape == seen.shape
    assert less[contrast == 0].mean() < 10 < 200 < less[ink].max(axis=1).mean()


def test_three_channels_begin_with_what_one_channel_has_learnt(tmp_path):
    path = random_reader(tmp_path, "small")
    grey = torch.rand(1, 1, 40, 60)
    seen = {}
    for channels in (1, 3):
        network = LineReader(4, 8, 2, channels).eval()
        network.load_state_dict(colour_or_contrast.start_weights(path, channels)["weights"])
        seen[channels] = network(grey.repeat(1, channels, 1, 1))
    assert torch.allclose(seen[1], seen[3], atol=1e-4)


def test_colour_and_contrast_are_measured_on_photographs_and_grounds(pens, photographs, empty):
    found = run_quick(colour_or_contrast, empty, pens, photographs)["colour_or_contrast.json"]
    for front in colour_or_contrast.FRONTS:
        assert set(found[front]["grounds"]) == set(GROUNDS)
        assert found[front]["real_words"] == 1 and found[front]["real"] > 0
