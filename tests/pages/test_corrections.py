"""A correction changes line, word, text and field; the original prediction is kept."""

import numpy as np
import pytest

from handwriting.lines.decoding import CharacterRead
from handwriting.pages.corrections import corrected, corrected_fields, gaps_of_words
from handwriting.pages.page_text import CellRead, FieldRead, LineOfPage, WordRead, text_of_page


def read(text: str) -> WordRead:
    characters = [CharacterRead(k, k, [(c, 0.9), ("x", 0.1)]) for k, c in enumerate(text)]
    return WordRead(text, 0.5, np.zeros((4, 2)), characters)


LINE = LineOfPage(read("ab  cd"), [read("ab"), read("cd")], 2)


def test_the_spaces_before_words():
    assert [len(gap) for gap in gaps_of_words(LINE)] == [0, 2]


def test_without_corrections_all_stays():
    (line,) = corrected([LINE], {})
    assert line.whole.text == "ab  cd" and line.indent == LINE.indent
    assert [word.text for word in line.words] == ["ab", "cd"]


def test_another_character_changes_line_and_word():
    (line,) = corrected([LINE], {(0, 1): "cx"})
    assert text_of_page([line]) == "  ab  cx"
    assert [word.text for word in line.words] == ["ab", "cx"]
    assert line.whole.characters[5].ranked == [("x", 0.1), ("d", 0.9)]
    assert text_of_page([LINE]) == "  ab  cd", "what was read stays"


@pytest.mark.parametrize("text", ["c", "cde", "c d", "çd"])
def test_any_text_takes_a_words_place(text):
    (line,) = corrected([LINE], {(0, 1): text})
    assert line.whole.text == f"ab  {text}" and line.words[1].text == text
    assert "".join(character.character for character in line.whole.characters) == f"ab  {text}"


def test_a_word_without_text_is_left_out_with_its_space_and_a_line_without_words():
    assert text_of_page(corrected([LINE], {(0, 0): ""})) == "  cd"
    assert text_of_page(corrected([LINE], {(0, 1): ""})) == "  ab"
    assert corrected([LINE], {(0, 0): "", (0, 1): ""}) == []


def test_words_that_are_not_there_change_nothing():
    (line,) = corrected([LINE], {(3, 0): "x", (0, 99): "x"})
    assert line.whole.text == "ab  cd"


def field_of(kind: str, *lines: tuple[int, ...]) -> FieldRead:
    cells = [CellRead(np.zeros((4, 2)), 0, k, lines=each) for k, each in enumerate(lines)]
    return FieldRead(kind, cells)


TABLE = field_of("table", (0,), (), (1, 2))
LINES = [LINE, LineOfPage(read("ef"), [read("ef")]), LineOfPage(read("gh"), [read("gh")])]


@pytest.mark.parametrize(
    ("texts", "cells"),
    [
        ({}, ["ab  cd", "", "ef gh"]),
        ({(0, 1): "x"}, ["ab  x", "", "ef gh"]),
        ({(1, 0): "one two"}, ["ab  cd", "", "one two gh"]),
        ({(1, 0): ""}, ["ab  cd", "", "gh"]),
        ({(0, 0): "", (0, 1): ""}, ["", "", "ef gh"]),
    ],
)
def test_a_field_has_the_corrected_text_of_its_lines(texts, cells):
    (field,) = corrected_fields([TABLE], LINES, texts)
    assert [cell.text for cell in field.cells] == cells
    assert [cell.lines for cell in field.cells] == [cell.lines for cell in TABLE.cells]


@pytest.mark.parametrize(
    ("text", "boxes"),
    [("4711", "4 7 1 1"), ("47", "4 7"), ("471123", "4 7 1 123"), ("", "")],
)
def test_boxes_share_the_characters_of_their_line(text, boxes):
    line = LineOfPage(read("1234"), [read("1234")])
    row = field_of("boxes", (0,), (0,), (), (0,), (0,))
    (field,) = corrected_fields([row], [line], {(0, 0): text})
    assert field.text == text and field.cells[2].text == ""
    assert " ".join(cell.text for cell in field.cells).split() == boxes.split()
