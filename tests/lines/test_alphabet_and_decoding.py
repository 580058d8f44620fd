"""Texts are encoded as outputs, and outputs decoded to texts."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import ALPHABET, BLANK, NUM_OUTPUTS, decode, encode
from handwriting.errors import HandwritingError
from handwriting.lines.decoding import (
    GREEDY,
    Calibration,
    align,
    clearness,
    greedy,
    log_odds,
    read_line,
    text_log_probs,
)
from handwriting.lines.word_list import WordList
from tests.lines.support import decode_way, random_rows

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
    rows = log_probs_of(steps)
    assert greedy(rows) == text.strip()
    starts = range(1, len(steps), times + 1)
    assert align(rows, text) == [(start, start + times - 1) for start in starts]


def test_alternatives_are_characters_with_probabilities():
    rows = log_probs_of(encode("a"))
    rows[0, encode("o")[0]] = np.log(0.05)
    (character,) = read_line(rows, GREEDY, Calibration()).characters
    assert [c for c, _ in character.ranked[:2]] == ["a", "o"] and len(character.ranked) == 5
    assert character.ranked[0][1] / character.ranked[1][1] == pytest.approx(18, rel=1e-3)
    flat = read_line(rows, GREEDY, Calibration(temperature=2.0)).characters[0].ranked
    assert flat[0][1] / flat[1][1] == pytest.approx(18**0.5, rel=1e-3)


def test_what_was_chosen_ranks_first_though_other_characters_are_likelier():
    line = read_line(log_probs_of([BLANK, *encode("cat")]), WordList(["bat"]), Calibration())
    assert line.text == "bat" and line.characters[0].ranked[1][0] == "c"
    assert line.characters[0].ranked[0][1] < 0.01 < 0.5 < line.characters[1].ranked[0][1]


def test_nothing_is_read_from_blanks():
    line = read_line(log_probs_of([BLANK] * 5), GREEDY, Calibration())
    assert line.text == "" and line.characters == []
    assert line.confidence == pytest.approx(0.9**5, rel=1e-3)


@given(st.integers(0, 10_000), st.text(alphabet="ab", max_size=3))
def test_places_are_those_of_the_likeliest_way(seed, text):
    rows = random_rows(seed, steps=5)
    spans = align(rows, text)
    ends = [step for span in spans for step in span]
    assert len(spans) == len(text) and ends == sorted(ends)
    found = np.full(5, BLANK)
    for (first, last), output in zip(spans, encode(text), strict=True):
        found[first : last + 1] = output
    assert decode_way(found) == text
    ways = (way for way in product([BLANK, *encode("ab")], repeat=5) if decode_way(way) == text)
    best = max(rows[range(5), way].sum() for way in ways)
    assert rows[range(5), found].sum() == pytest.approx(best)


def test_a_text_that_needs_more_steps_has_no_place():
    with pytest.raises(ValueError, match="does not fit in 2 steps"):
        align(random_rows(0, steps=2), "aa")
    assert text_log_probs(random_rows(0, steps=2), ["aa", "ab"])[0] == -np.inf


def test_the_probabilities_of_all_texts_add_up_to_1():
    rows = random_rows(1, steps=3)
    rows[:, 3:] = -np.inf
    texts = ["".join(t) for n in range(4) for t in product(ALPHABET[:2], repeat=n)]
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    assert np.exp(text_log_probs(rows, texts)).sum() == pytest.approx(1, rel=1e-5)


@given(st.floats(-50, 0), st.integers(0, 100))
def test_confidence_without_calibration_is_the_networks_probability(log_prob, length):
    confidence = Calibration().confidence(log_odds(log_prob), length)
    assert confidence == pytest.approx(np.exp(log_prob), abs=1e-6)


def test_clearness_is_the_mean_probability_of_what_is_no_blank():
    rows = np.full((4, 96), -20.0)
    rows[[0, 3], 0] = 0
    rows[1, 5], rows[2, 6] = np.log(0.9), np.log(0.5)
    assert clearness(rows) == pytest.approx(0.7)
    assert clearness(rows[:1]) == 0
