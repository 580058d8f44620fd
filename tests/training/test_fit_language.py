"""The language model's n-grams are counted correctly, and its script names missing packages."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import encode
from handwriting.errors import HandwritingError
from handwriting.lines.language import FLAT, LanguageModel
from handwriting.training import fit_language
from handwriting.training.fit_language import count, estimate


def test_n_grams_are_counted_within_their_text():
    grams = count(["ab", "b"], np.array([2.0, 1.0]))
    space, a, b = encode(" ab")
    pairs = dict(zip(grams[1][0].tolist(), grams[1][1].tolist(), strict=True))
    expected = {(space, a): 2, (a, b): 2, (b, space): 3, (space, b): 1}
    assert pairs == {96 * first + second: n for (first, second), n in expected.items()}
    assert len(grams[3][0]) == 1 and not len(grams[4][0]), "the longest text has four with spaces"


def test_the_shares_are_those_of_witten_and_bell():
    model = LanguageModel(**estimate(count(["ab", "ac", "ac"], np.ones(3)), least=0))
    probs = (np.exp(model.log_probs("a")) - FLAT / 95) / (1 - FLAT)
    flat = 1 / 95
    # Single characters: 6 spaces, 3 a, 1 b, 2 c; 4 kinds. After an "a": 1 b, 2 c; 2 kinds.
    lone = (2 + 4 * flat) / (12 + 4)
    after_a = (2 + 2 * lone) / (3 + 2)
    after_space_a = (2 + 2 * after_a) / (3 + 2)
    assert probs[encode("c")[0] - 1] == pytest.approx(after_space_a, rel=0.03)


def test_the_more_an_n_gram_must_gain_the_fewer_are_kept():
    grams = count(["abc", "xyz"], np.array([5.0, 1.0]))
    sizes = [len(estimate(grams, least)["characters"]) for least in (0, 0.2, 9)]
    assert sizes[0] > sizes[1] > sizes[2] == len(grams[0][0]) + len(grams[1][0])


def test_n_grams_that_tell_no_more_than_shorter_ones_are_left_out():
    def kept(texts: list[str]) -> int:
        grams = count(texts, np.full(len(texts), 5.0))
        return len(estimate(grams, least=2)["characters"]) - len(grams[0][0]) - len(grams[1][0])

    assert kept(["xab", "yab"]) < kept(["xab", "yac"]), "a b comes after every a, x or y before it"


@given(st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=9))
def test_what_is_left_out_leaves_probabilities(texts):
    arrays = estimate(count(texts, np.ones(len(texts))), least=0.5)
    model = LanguageModel(**arrays)
    for text in texts:
        assert np.exp(model.log_probs(text)).sum() == pytest.approx(1)


def test_without_the_package_of_words_the_script_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(HandwritingError, match="pip install wordfreq"):
        fit_language.listed_words()


def test_lines_of_programs_are_those_that_one_would_write(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "a.py").write_text("def f(x):\n    return x\n\n    return x\n7 = 1\n" + 70 * "a")
    (tmp_path / "test" / "b.py").write_text("assert f(x)\n")
    assert fit_language.program_lines(tmp_path) == ["def f(x):", "return x"]


def test_codes_have_their_shapes():
    codes = fit_language.draw_codes(np.random.default_rng(0))
    assert all(code.isascii() for code in codes)
    assert {len(code) for code in codes} == {len(shape) for shape in fit_language.SHAPES.split()}
