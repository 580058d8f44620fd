"""Ablation of the text-line model's training, at its smallest size, on few words."""

import csv

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.datasets.text import left_out
from studies import line_training
from tests.benchmarks.support import run_quick
from tests.lines.support import pen_archive


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
