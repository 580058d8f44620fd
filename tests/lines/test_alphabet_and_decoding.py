"""Texts become outputs and outputs texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.errors import HandwritingError
from handwriting.lines.alphabet import ALPHABET, BLANK, NUM_OUTPUTS, decode, encode
from handwriting.lines.decoding import decode_greedy, text_of

TEXTS = st.text(alphabet=ALPHABET, max_size=20)


def log_probs_of(outputs: list[int]) -> np.ndarray:
    """Nine tenths for each step's output, the rest for all others alike."""
    rest = 0.1 / (NUM_OUTPUTS - 1)
    rows = np.full((len(outputs), NUM_OUTPUTS), np.log(rest), dtype=np.float32)
    rows[np.arange(len(outputs)), outputs] = np.log(0.9)
    return rows


@given(TEXTS)
def test_a_text_comes_back(text):
    assert decode(encode(text)) == text
    assert BLANK not in encode(text)


def test_what_is_not_ascii_is_named():
    with pytest.raises(HandwritingError, match="not printable ASCII"):
        encode("naïve")


@given(TEXTS.filter(bool), st.integers(1, 3))
def test_repeated_steps_are_one_character_and_blanks_part_two(text, times):
    steps = [BLANK]
    for output in encode(text):
        steps += [output] * times + [BLANK]
    read = decode_greedy(log_probs_of(steps))
    assert "".join(c.character for c in read) == text
    assert [c.last - c.first + 1 for c in read] == [times] * len(text)
    assert text_of(read) == text.strip()


def test_alternatives_are_characters_with_probabilities():
    rows = log_probs_of(encode("a"))
    rows[0, encode("o")[0]] = np.log(0.05)
    (character,) = decode_greedy(rows)
    assert [c for c, _ in character.ranked[:2]] == ["a", "o"] and len(character.ranked) == 5
    assert character.ranked[0][1] / character.ranked[1][1] == pytest.approx(18, rel=1e-3)
    assert sum(p for _, p in decode_greedy(rows, most=95)[0].ranked) == pytest.approx(1)


def test_nothing_is_read_from_blanks():
    assert decode_greedy(log_probs_of([BLANK] * 5)) == []
