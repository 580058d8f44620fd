"""A correction changes line, word and text; the original prediction is kept."""

import numpy as np
import pytest

from handwriting.lines.decoding import CharacterRead
from handwriting.pages.corrections import corrected, gaps_of_words
from handwriting.pages.page_text import LineOfPage, WordRead, text_of_page


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
