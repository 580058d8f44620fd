"""Values from a browser are accepted only within their type, range and length."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handwriting.web.incoming import (
    MOST_OF_NAME,
    MOST_OF_WORD,
    corrections,
    file_name,
    window_size,
)

FEW = settings(max_examples=40)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("told", "size"),
    [
        ([1248, 900], (1248, 900)),
        ((366.5, 844), (366.5, 844)),
        ([1_500_000, 900], (4000, 900)),
        ([-1, 10**400], (100, 4000)),
        ([math.inf, 0], (4000, 200)),
        *((other, None) for other in ([math.nan, 900], ["9", 900], [True, 900], [1], "12", {1: 2})),
    ],
)
def test_a_window_has_the_size_of_windows(told, size):
    assert window_size(told) == size


@FEW
@given(ANYTHING)
def test_any_value_gives_a_size_of_windows_or_none(told):
    size = window_size(told)
    assert size is None or (100 <= size[0] <= 4000 and 200 <= size[1] <= 4000)


def test_corrections_are_of_words_that_are_there_and_no_longer_than_the_field():
    told = [
        *([0, 1, " two  words "], [1, 0, "x" * MOST_OF_WORD], [0, 0, ""]),
        *([0, 2, "no word"], [2, 0, "no line"], [-1, 0, "from the end"], [0.0, 0, "half"]),
        *([0, 0, "x" * (MOST_OF_WORD + 1)], [0, 0, 5], [0, 0], "001", None, [True, 0, "x"]),
    ]
    expected = {(0, 1): "two words", (1, 0): "x" * MOST_OF_WORD, (0, 0): ""}
    for start in range(len(told)):
        found = corrections(told[start : start + 1], [2, 1])
        assert found.items() <= expected.items()
    assert corrections(told[:3], [2, 1]) == expected


@FEW
@given(ANYTHING | st.lists(st.lists(ANYTHING, min_size=3, max_size=3), max_size=5))
def test_any_value_gives_corrections_of_words_or_none(told):
    assert all(place in {(0, 0), (0, 1), (1, 0)} for place in corrections(told, [2, 1]))


@FEW
@given(st.text(st.characters(), max_size=300))
def test_any_name_can_be_shown_and_stored(name):
    shown = file_name(name)
    assert 1 <= len(shown) <= MOST_OF_NAME and shown.isprintable() and shown.encode()


def test_an_ordinary_name_stays_and_a_long_one_keeps_its_ending():
    assert file_name("Brief vom 3. März.png") == "Brief vom 3. März.png"
    assert file_name("a" * 10_000 + ".png").endswith("a.png")
    assert file_name("a\u202egnp.exe\n") == "agnp.exe"
