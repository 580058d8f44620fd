"""Beam search finds the most probable text, with and without a language model."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import ALPHABET, NUM_OUTPUTS, encode
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import Calibration, greedy, read_line, text_log_probs
from tests.lines.support import random_rows


class Vowels:
    """A language in which an "e" is far likelier than all else."""

    def log_probs(self, before: str) -> np.ndarray:
        found = np.full(len(ALPHABET), -8.0)
        found[np.array(encode("e ")) - 1] = 0
        return found

    def score(self, text: str) -> float:
        return -8.0 * sum(character not in "e " for character in text)


@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0.5, 4))
def test_the_beam_is_never_worse_than_the_greedy_reading(seed, steps, spread):
    rows = random_rows(seed, steps, spread)
    found, first = text_log_probs(rows, [BeamDecoder(width=3)(rows).text, greedy(rows)])
    assert found >= first


@given(st.integers(0, 10_000))
def test_a_wide_beam_finds_the_likeliest_text(seed):
    rows = random_rows(seed, steps=4)
    few = [0, *encode("xyz")]
    others = np.setdiff1d(np.arange(NUM_OUTPUTS), few)
    rows[:, others] = -60
    texts = ["".join(text) for n in range(5) for text in product("xyz", repeat=n)]
    scores = text_log_probs(rows, texts)
    found = BeamDecoder(width=200, least=-30)(rows).text
    assert scores[texts.index(found)] == pytest.approx(scores.max(), abs=1e-5)


def test_language_decides_where_ink_does_not():
    rows = np.full((3, NUM_OUTPUTS), -12.0, dtype=np.float32)
    rows[[0, 2], encode("bt")] = 0
    rows[1, encode("ce")] = np.log([0.6, 0.4])
    assert BeamDecoder()(rows).text == greedy(rows) == "bct"
    assert BeamDecoder(Vowels(), weight=0.5, bonus=0)(rows).text == "bet"
    assert BeamDecoder(Vowels(), weight=0.01, bonus=0)(rows).text == "bct"


class NoLanguage:
    """One in which all texts are alike."""

    def log_probs(self, before: str) -> np.ndarray:
        return np.zeros(len(ALPHABET))

    def score(self, text: str) -> float:
        return 0.0


@pytest.mark.parametrize(("between", "bonus"), [("c", "bonus"), (" ", "space_bonus")])
def test_a_character_and_a_space_have_their_bonuses(between, bonus):
    rows = np.full((3, NUM_OUTPUTS), -12.0, dtype=np.float32)
    rows[[0, 2], encode("ab")] = 0
    rows[1, [0, *encode(between)]] = np.log([0.6, 0.4])
    bonuses = {"bonus": 0.0, "space_bonus": 0.0}
    assert BeamDecoder(NoLanguage(), **bonuses)(rows).text == "ab"
    assert BeamDecoder(NoLanguage(), **bonuses | {bonus: 1.0})(rows).text == f"a{between}b"


def test_alternatives_and_confidence_are_those_with_language():
    rows = np.full((3, NUM_OUTPUTS), -12.0, dtype=np.float32)
    rows[[0, 2], encode("bt")] = 0
    rows[1, encode("ce")] = np.log([0.6, 0.4])
    alone = read_line(rows, BeamDecoder(), Calibration())
    assert alone.confidence == pytest.approx(0.6, abs=0.01)
    line = read_line(rows, BeamDecoder(Vowels(), weight=0.5, bonus=0), Calibration())
    expected = 0.4 / (0.4 + 0.6 * np.exp(-0.5 * 8))
    assert line.confidence == pytest.approx(expected, abs=0.01)
    assert line.characters[1].ranked[0] == ("e", pytest.approx(expected, abs=0.01))
    assert line.characters[1].ranked[1][0] == "c"
