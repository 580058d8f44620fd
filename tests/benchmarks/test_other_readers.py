"""This project beside other readers, or stand-ins of those that are not installed."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks import other_readers
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage
from handwriting.formats.documents import document_of
from handwriting.formats.xml_files import rectangle
from tests.benchmarks.stand_ins import STAND_INS, Words
from tests.benchmarks.support import read_here, run_quick
from tests.support import random_reader

TEXT = ("Plain words of print", "are read by all readers")
MEASURES = ("cer", "cer_alphanumeric", "f1", "seconds", "gib", "megabytes")


BASELINES = (100, 200)
LEFT = 40


def draw(folder: Path) -> list[np.ndarray]:
    """Write `page.png` with the lines of TEXT; returns their outlines."""
    page = np.full((300, 700, 3), 235, dtype=np.uint8)
    outlines = []
    for y, text in zip(BASELINES, TEXT, strict=True):
        cv2.putText(page, text, (LEFT, y), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (30, 30, 60), 3)
        wide, high, below = size_of(text)
        outlines.append(rectangle(LEFT, y - high, LEFT + wide, y + below))
    Image.fromarray(page).save(folder / "page.png")
    return outlines


def size_of(text: str) -> tuple[int, int, int]:
    """Width, height over the baseline and below it, in pixels."""
    (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.4, 3)
    return wide, high, below


def drawn_words() -> Words:
    """The words that `draw` draws, with their boxes."""
    lines: Words = []
    for y, text in zip(BASELINES, TEXT, strict=True):
        words = text.split()
        rights = [LEFT + size_of(" ".join(words[: k + 1]))[0] for k in range(len(words))]
        boxes = [
            (right - size_of(word)[0], y - size_of(word)[1], right, y + size_of(word)[2])
            for word, right in zip(words, rights, strict=True)
        ]
        lines.append(list(zip(words, boxes, strict=True)))
    return lines


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """Two lines of print with their places, as an ALTO file."""
    folder = tmp_path_factory.mktemp("pages")
    page = AnnotatedPage("page.png", 700, 300, tuple(map(AnnotatedLine, TEXT, draw(folder))))
    (folder / "page.xml").write_text(document_of(page, "alto"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> Path:
    """The words of the same page, as a `words.json`."""
    folder = tmp_path_factory.mktemp("words")
    outline, _ = draw(folder)
    box = [*outline[0].tolist(), *outline[2].tolist()]
    word = {"image": "page.png", "text": "Plain", "line": 1, "box": box}
    word["polygon"] = outline.tolist()
    (folder / "words.json").write_text(json.dumps([word]))
    return folder


def measured(folder: Path, *data: Path, readers: tuple[str, ...]) -> dict:
    empty = folder / "empty"
    empty.mkdir()
    random_reader(folder, "lines")
    arguments = ("lines", "--models", folder, "--data", *data, "--readers", *readers)
    # The tiny reader held out a tenth of the writers; there is one.
    then = {"read_by": read_here, "choose": lambda names, *_: np.arange(len(names))}
    (result,) = run_quick(other_readers, empty, *arguments, then=then).values()
    return result["sets"]


def test_all_kinds_of_folders_are_measured_alike(pages, words, tmp_path):
    lines, code = tmp_path / "lines", tmp_path / "code"
    for folder, text in ((lines, TEXT[0]), (code, "\n".join(TEXT))):
        folder.mkdir()
        shutil.copy(pages / "page.png", folder)
        (folder / "text.csv").write_text(f'file,text\npage.png,"{text}"\n')
    sets = measured(tmp_path, pages, words, lines, code, readers=("greedy",))
    assert set(sets) == {pages.name, words.name, f"{words.name}, words", "lines", "code"}
    for found in sets.values():
        assert set(MEASURES) <= set(found["greedy"])
        assert found["greedy"]["seconds"] > 0 and found["greedy"]["megabytes"] > 0
    assert sets[pages.name]["greedy"]["lines"] == 2


@pytest.mark.parametrize("reader", ["tesseract", "rapidocr"])
def test_another_reader_reads_a_page_of_print_with_its_places(reader, pages, tmp_path, monkeypatch):
    if other_readers.missing(reader):
        (tmp_path / reader).mkdir()
        STAND_INS[reader](drawn_words(), tmp_path / reader, monkeypatch)
    found = measured(tmp_path, pages, readers=(reader,))[pages.name][reader]
    assert found["f1"] > 0.8 and found["lines_found"] == 1 and found["gib"] > 0


def test_what_is_not_installed_is_said_and_left_out(pages, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    sets = measured(tmp_path, pages, readers=("greedy", "tesseract"))
    assert set(sets[pages.name]) == {"greedy"}
    assert "tesseract is not installed" in capsys.readouterr().err


def test_a_reader_that_fails_is_a_sentence(tmp_path):
    pictures = other_readers.Pictures("page", [tmp_path / "none.png"], ["a"])
    with pytest.raises(other_readers.HandwritingError, match=r"greedy failed: .*none"):
        other_readers.read_by("greedy", pictures, "en", tmp_path / "none.pt", tmp_path)
