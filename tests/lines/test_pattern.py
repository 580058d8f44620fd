"""A text decoded with a pattern matches it, and is the most probable such text."""

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import encode
from handwriting.errors import HandwritingError
from handwriting.lines.decoding import greedy
from handwriting.lines.pattern import Pattern, matches
from tests.lines.support import decode_way, random_rows

EXPRESSIONS = (
    *("[A-Z]{2}[0-9]{4}", r"\d+", "[0-9]+([.,][0-9]+)?", "(foo|ba[rz])*x?", "a|bc|", "aab+?", ".*"),
    *(r"[^a-z\s]{1,3}\W", r"\$\d{1,3}(,\d{3})*", "(?:ab?)+", "((a*)*b)?c{2,}", "[^x]", r"\S\D\w"),
)


@given(st.sampled_from(EXPRESSIONS), st.integers(0, 10_000), st.integers(8, 20))
def test_what_is_read_matches_wholly(expression, seed, steps):
    text = Pattern(expression)(random_rows(seed, steps)).text
    assert re.fullmatch(expression, text), text


@pytest.mark.parametrize("expression", ["a*b?", "(ab|ba)+", "[ab]{2}", "a?b?a?", "(a|b|ab)*a"])
@given(seed=st.integers(0, 10_000))
def test_no_way_that_matches_is_likelier(expression, seed):
    rows = random_rows(seed, steps=4)
    ways = product([0, *encode("ab")], repeat=4)
    matching = [way for way in ways if re.fullmatch(expression, decode_way(way))]
    best = max(matching, key=lambda way: rows[range(4), way].sum())
    assert Pattern(expression)(rows).text == decode_way(best)


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_any_text_is_the_greedy_reading(seed, steps):
    rows = random_rows(seed, steps)
    assert Pattern(".*")(rows).text.strip() == greedy(rows)


def test_the_pattern_tells_letters_from_digits():
    rows = np.full((4, 96), -9.0, dtype=np.float32)
    for step, (likely, other) in enumerate(("O0", "l1", "S5", "B8")):
        rows[step, encode(likely)], rows[step, encode(other)] = -0.1, -2.5
    assert greedy(rows) == "OlSB"
    assert Pattern(r"\d+")(rows).text == "0158"
    assert Pattern(r"[A-Z]\d[A-Z]\d")(rows).text == "O1S8"


def test_nothing_repeated_again_and_again_is_nothing_at_once():
    pattern = Pattern("((((){100}){0,100}){100}){100}7")
    assert pattern(random_rows(0, steps=8)).text == "7"


@given(st.sampled_from(EXPRESSIONS), st.text("ab1foxrz.,$7 C-", max_size=8))
def test_a_text_matches_as_in_python(expression, text):
    assert matches(expression, text) == bool(re.fullmatch(expression, text))


@given(st.text("ab()|*+?1.", max_size=12), st.text("ab1.", max_size=5))
def test_any_expression_is_refused_or_matches_as_in_python(expression, text):
    try:
        is_match = matches(expression, text)
    except HandwritingError:
        return
    assert is_match == bool(re.fullmatch(expression, text))


def test_what_freezes_other_matchers_takes_no_time():
    assert not matches("(a*)*b", "a" * 10_000)
    assert not matches("(a|a?)+c", "é" + "a" * 10_000)


def test_too_few_steps_for_any_text_give_none():
    assert Pattern("[0-9]{5}")(random_rows(0, steps=4)).text == ""


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(", "is not a valid pattern: missing"),
        ("[", "is not a valid pattern"),
        ("*", "nothing to repeat"),
        ("(?i)a", "a flag cannot be used"),
        ("(?s:a)", "flags cannot be used"),
        ("^a", "the whole text is matched anyway"),
        (r"(a)\1", "groupref cannot be used"),
        ("(?=a)", "assert cannot be used"),
        ("é", "not printable ASCII"),
        ("a{101}", "too long a pattern"),
        ("(" * 400 + ")" * 400, "only the empty text matches"),
        ("((((){99}){99}){99}){99}", "only the empty text matches"),
        ("((((a?){99}){99}){99}){99}", "too long a pattern"),
        ("a" * 1001, "The pattern has 1,001 characters; at most 1,000 are possible."),
    ],
)
def test_what_is_no_pattern_is_refused_in_a_sentence(expression, words):
    with pytest.raises(HandwritingError, match=re.escape(words)):
        Pattern(expression)
