"""A chosen character stands in line, word and text; what is not offered changes nothing."""

import numpy as np

from handwriting.lines.decoding import CharacterRead
from handwriting.pages.corrections import corrected, places_of_words
from handwriting.pages.reading import LineOfPage, WordRead, text_of_page


def read(text: str) -> WordRead:
    characters = [CharacterRead(k, k, [(c, 0.9), ("x", 0.1)]) for k, c in enumerate(text)]
    return WordRead(text, 0.5, np.zeros((4, 2)), characters)


LINE = LineOfPage(read("ab  cd"), [read("ab"), read("cd")], 2)


def test_words_begin_after_the_spaces():
    assert places_of_words(LINE) == [0, 4]


def test_a_choice_changes_line_and_word():
    (line,) = corrected([LINE], {(0, 5): "x"})
    assert text_of_page([line]) == "  ab  cx"
    assert [word.text for word in line.words] == ["ab", "cx"]
    assert line.whole.characters[5].ranked == [("x", 0.1), ("d", 0.9)]
    assert text_of_page([LINE]) == "  ab  cd", "what was read stays"


def test_what_was_not_offered_changes_nothing():
    (line,) = corrected([LINE], {(0, 0): "q", (3, 0): "x", (0, 99): "x"})
    assert line.whole.text == "ab  cd" and line.words[0].text == "ab"
