"""What parts of the text-line model's training are worth, at the study's smallest size."""

import csv

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.datasets.text import left_out
from handwriting.errors import HandwritingError
from handwriting.synthesis.text_sources import PenSource, PictureSource
from handwriting.training.text_data import load_sources
from handwriting.training.text_run import TextSettings
from studies import line_training
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
    folder = tmp_path / "words_photographed"
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


def test_each_part_is_left_out_of_a_training_and_all_are_measured(
    pens, photographs, empty, tmp_path
):
    start = random_reader(tmp_path, "start")
    arguments = (pens, photographs, "--start", start)
    result = run_quick(line_training, empty, *arguments)["line_training.json"]
    assert result["start"] == "start"
    assert result["measured"] == {"words": 40, "words_photographed": 1}
    assert sum(result["shares"].values()) == pytest.approx(1)
    assert set(result["shares"]) == {line_training.KEPT, "joined words", "photographed words"}
    assert list(result["cer"]) == [
        "before",
        "everything",
        line_training.AGAIN,
        "without photographed strokes",
        "without set labels",
        "without joined words",
        "without photographed words",
    ]
    assert all(set(rates) == set(result["measured"]) for rates in result["cer"].values())


@pytest.fixture
def variants(pens, photographs):
    settings = TextSettings((str(pens), str(photographs)), samples=60)
    data = load_sources(settings)
    parts = line_training.parts_of(data.sources.sources, data.measured)
    return line_training.variants_of(data.sources, parts)


def test_without_a_part_the_others_keep_their_proportions(variants):
    everything, others = variants["everything"], variants["without joined words"]
    assert [type(source) for source in others.sources] == [PenSource, PictureSource]
    words, _, photographs = everything.shares
    assert others.shares == pytest.approx(np.array([words, photographs]) / (words + photographs))
    assert len(others) == len(everything) == 60


def test_without_photographed_strokes_strokes_alone_are_drawn_otherwise(variants):
    def pictures(source):
        return [source.draw(k, np.random.default_rng(k)).picture.tobytes() for k in range(6)]

    names = ("everything", "without photographed strokes")
    pairs = zip(*(variants[name].sources for name in names), strict=True)
    assert [pictures(one) == pictures(other) for one, other in pairs] == [False, False, True]


def test_without_set_labels_all_are_exact(variants):
    rng = np.random.default_rng(0)
    labels = {
        name: {variants[name].draw(k, rng).is_exact for k in range(20)}
        for name in ("everything", "without set labels")
    }
    assert labels == {"everything": {False}, "without set labels": {True}}


def test_data_that_cannot_be_told_apart_or_left_out_is_refused(photographs):
    data = load_sources(TextSettings((str(photographs),), samples=60))
    with pytest.raises(HandwritingError, match="pen archive"):
        line_training.parts_of(data.sources.sources, data.measured)
    with pytest.raises(HandwritingError, match="hold out"):
        line_training.parts_of(data.sources.sources, [])


def test_the_figures_can_be_drawn(tmp_path):
    rates = {"words": 0.4, "words_photographed": 0.6}
    names = ("before", "everything", "without joined words")
    result = {"cer": dict.fromkeys(names, rates), "measured": dict.fromkeys(rates, 90)}
    line_training.plot(result, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as picture:
        assert picture.width > 800
