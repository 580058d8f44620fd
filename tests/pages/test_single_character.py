"""A character alone is read by the character model, where that is surer and allowed."""

import csv
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest

from handwriting.lines.decoding import GREEDY, CharacterRead
from handwriting.lines.pattern import Pattern
from handwriting.pages.cutting import Strip
from handwriting.pages.page_text import LineOfPage, WordRead
from handwriting.pages.photographs import open_photograph
from handwriting.pages.reading import read_picture
from handwriting.pages.single_character import as_character
from handwriting.pages.text_reader import TextReader
from tests.support import drawing_files, shared_folder


@dataclass
class SureOf:
    """A character model that gives one answer."""

    ranking: list[tuple[str, float]]

    def read(self, image: np.ndarray) -> "SureOf":
        assert image.shape == (28, 28) and image.max() == 255
        return self

    def ranked(self) -> list[tuple[str, float]]:
        return self.ranking

    @property
    def clearness(self) -> float:
        return sum(p for c, p in self.ranking if c.lower() == self.ranking[0][0].lower())


G = SureOf([("g", 0.8), ("9", 0.1)])


@dataclass
class Named:
    """A decoder of this name."""

    name: str


def strip_of(text: str = "g") -> Strip:
    contrast = np.zeros((120, 300), np.uint8)
    cv2.putText(contrast, text, (20, 70), 0, 2, 255, 5, cv2.LINE_AA)
    rows, columns = np.nonzero(contrast > 127)
    box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    middles = np.stack((np.arange(300), np.full(300, 60)), axis=1).astype(float)
    return Strip(contrast, box, middles, np.tile([0.0, 1.0], (300, 1)), 60)


def line_of(text: str, sure: float = 0.5) -> LineOfPage:
    characters = [CharacterRead(k, k, [(c, sure)]) for k, c in enumerate(text)]
    polygon = np.array([[0, 0], [9, 0], [9, 9], [0, 9.0]])
    word = WordRead(text, sure, polygon, characters)
    return LineOfPage(word, [word], clearness=0.5)


def test_the_surer_character_model_gives_text_alternatives_and_clearness():
    found = as_character(G, strip_of(), line_of("8"), GREEDY)
    assert (found.text, found.confidence) == ("g", 0.8)
    assert [word.text for word in found.words] == ["g"]
    assert found.whole.characters[0].ranked == G.ranking
    assert found.box == line_of("8").box


def test_look_alikes_count_together():
    """A `v` of unknown size is surely one, in one case or the other."""
    either = SureOf([("V", 0.5), ("v", 0.45), ("u", 0.05)])
    found = as_character(either, strip_of(), line_of("8", sure=0.8), GREEDY)
    assert (found.text, found.confidence) == ("V", 0.5) and not found.whole.is_sure
    assert found.clearness == pytest.approx(0.95)


def test_a_scrawl_of_many_parts_is_not_given_to_the_character_model():
    """It has no class for what is none."""
    scrawl = strip_of()
    left, top, right, bottom = scrawl.box
    scrawl.contrast[:] = 0
    for y in range(top, bottom - 3, 10):
        scrawl.contrast[y : y + 3, left:right] = 255
    line = line_of("8", sure=0.1)
    assert as_character(G, scrawl, line, GREEDY) is line


@pytest.mark.parametrize("text", ["", "8", "ij"])
def test_up_to_two_characters_of_the_text_line_model_may_be_one(text):
    assert as_character(G, strip_of(), line_of(text), GREEDY).text == "g"


@pytest.mark.parametrize(
    ("recognizer", "strip", "line"),
    [
        (None, strip_of(), line_of("8")),
        (G, strip_of(), line_of("8", sure=0.9)),
        (G, strip_of("good"), line_of("9")),
        (G, strip_of("11"), line_of("11")),
        (G, strip_of(), line_of("ing")),
    ],
    ids=["no model", "a surer line", "a wide line", "two characters", "a long text"],
)
def test_any_other_line_stays_as_it_was_read(recognizer, strip, line):
    assert as_character(recognizer, strip, line, GREEDY) is line


def test_a_strip_without_ink_stays_as_it_was_read():
    strip, line = strip_of(), line_of("8")
    blank = replace(strip, contrast=np.zeros_like(strip.contrast))
    assert as_character(G, blank, line, GREEDY) is line


def test_text_that_must_match_a_pattern_is_not_replaced():
    line = line_of("9")
    assert as_character(G, strip_of(), line, Pattern("[0-9]+")) is line


def test_a_language_model_does_not_keep_the_character_model_away():
    assert as_character(G, strip_of(), line_of("8"), Named("language")).text == "g"


@pytest.mark.slow
def test_most_drawings_of_a_character_are_read_from_the_whole_picture():
    folder = shared_folder("drawings")
    with (folder / "labels.csv").open() as table:
        labels = {folder / row["file"]: row["character"] for row in csv.DictReader(table)}
    models = TextReader.load().models
    read = {f: read_picture(models, open_photograph(f)).text for f in drawing_files(step=280)}
    right = [text.lower() == labels[file].lower() for file, text in read.items()]
    assert np.mean(right) > 0.5, {file.name: text for file, text in read.items()}
