"""Folders of photographed words: crops, texts and checks."""

import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.datasets.photographed_text import load_photographed
from handwriting.datasets.text import left_out, load_text
from handwriting.errors import HandwritingError
from handwriting.synthesis.text_sources import PictureSource
from tests.support import shared_folder

WORDS = (("one", 40, 30), ("two", 240, 34), ("three", 40, 130))


@pytest.fixture
def folder(tmp_path):
    """A photograph of three words on two lines."""
    page = np.full((200, 460, 3), 230, dtype=np.uint8)
    words = []
    for number, (text, left, top) in enumerate(WORDS):
        cv2.putText(page, text, (left, top + 40), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (40, 40, 60), 3)
        wide = 36 * len(text)
        box = [left - 6, top - 6, left + wide, top + 56]
        polygon = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]]
        line = 1 if number < 2 else 2
        words.append({"image": "a.png", "text": text, "line": line, "box": box, "polygon": polygon})
    Image.fromarray(page).save(tmp_path / "a.png")
    (tmp_path / "words.json").write_text(json.dumps(words))
    return tmp_path


def test_words_are_cut_out_of_the_photograph(folder):
    data = load_photographed(folder)
    assert data.texts == ["one", "two", "three"] and set(data.groups) == {"a.png"}
    assert all(contrast.max() == 255 for contrast in data.contrasts)
    assert [p.shape[0] for p in load_text(folder).pictures] == [40] * 3


def test_to_train_on_there_are_boxes_and_lines_as_well(folder):
    texts = load_photographed(folder, variants=True).texts
    assert sorted(texts) == ["one", "one", "one two", "three", "three", "two", "two"]


def test_each_drawing_of_a_photograph_is_another(folder):
    data = load_photographed(folder)
    source = PictureSource(data.contrasts, data.texts, repeats=2)
    assert len(source) == 6
    first, second = (source.draw(k, np.random.default_rng(k)) for k in (1, 4))
    assert first.text == second.text == "two"
    assert first.picture.shape != second.picture.shape or (first.picture != second.picture).any()
    assert first.picture.shape[0] == second.picture.shape[0] == 40


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not a list of words"),
        ("[]", "has no word"),
        ('[{"text": "a"}]', "is not a list of words"),
        (
            '[{"image": "../a.png", "text": "a", "line": 1, "box": [0, 0, 9, 9], '
            '"polygon": [[0, 0], [9, 0], [9, 9]]}]',
            "lies outside",
        ),
        (
            '[{"image": "a.png", "text": "a", "line": 1, "box": [0, 0], '
            '"polygon": [[0, 0], [9, 0], [9, 9]]}]',
            "has no box of four",
        ),
    ],
)
def test_a_damaged_list_of_words_is_a_sentence(folder, content, words):
    (folder / "words.json").write_text(content)
    with pytest.raises(HandwritingError, match=words):
        load_photographed(folder)


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"box": [90, 10, 20, 40]}, "is not left, top, right, bottom"),
        ({"box": [10, 10, 10**30, 40]}, "is not a list of words"),
        ({"polygon": [[0, 0], [2**31, 0], [9, 9]]}, "word 1 lies beyond 100,000 pixels"),
        ({"image": None}, "does not exist"),
        ({"box": [460, 10, 500, 40]}, "the box of 'one' lies outside of it"),
        ({"box": [10, -40, 50, 0]}, "the box of 'one' lies outside of it"),
    ],
)
def test_a_word_that_makes_no_sense_is_a_sentence(folder, replaced, words):
    table = folder / "words.json"
    first, *others = json.loads(table.read_text())
    table.write_text(json.dumps([first | replaced, *others]))
    with pytest.raises(HandwritingError, match=words):
        load_photographed(folder)


def test_a_writer_is_left_out_of_all_files_or_of_none():
    names = np.array([f"writer {k}" for k in range(2_000)])
    chosen = left_out(names, 0.1)
    assert chosen.mean() == pytest.approx(0.1, abs=0.03)
    assert np.array_equal(left_out(names[::-7], 0.1), chosen[::-7])
    assert not left_out(names, 0.0).any()
    assert (left_out(names, 0.3) | ~chosen).all(), "more are left out, and the same as before"


def test_real_cells_become_lines(tmp_path):
    cells = shared_folder("numbers")
    rows = (cells / "text.csv").read_text().splitlines()[:41]
    (tmp_path / "text.csv").write_text("\n".join(rows))
    for row in rows[1:]:
        name = row.split(",")[0]
        shutil.copy(cells / name, tmp_path / name)
    data = load_text(tmp_path)
    assert len(data) == 40 and all(set(text) <= set("0123456789,.-") for text in data.texts)
    assert np.mean([picture.any() for picture in data.pictures]) == 1
