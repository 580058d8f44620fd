"""Error rates of predicted texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.evaluation.text_metrics import aligned, by_writer, edit_distance, text_metrics

WORDS = st.text(alphabet="ab c", max_size=8)


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2), ("", "", 0)],
)
def test_edit_distance_of_known_words(first, second, edits):
    assert edit_distance(first, second) == edits


@given(WORDS, WORDS, WORDS)
def test_edit_distance_is_a_distance(a, b, c):
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


def test_rates_count_characters_and_words_of_all_samples_together():
    found = text_metrics(["helo world", "B"], ["hello  world", "b"])
    assert found["cer"] == pytest.approx(2 / 11)
    assert found["cer_alphanumeric"] == pytest.approx(1 / 11)
    assert found["wer"] == pytest.approx(2 / 3)
    assert found["exact"] == 0 and found["samples"] == 2


def test_spaces_in_a_row_count_as_one():
    assert text_metrics(["a  b"], ["a b"])["exact"] == 1
    assert text_metrics(["ab"], ["a b"])["exact"] == 0


@given(WORDS, WORDS)
def test_each_character_of_a_text_is_aligned_with_what_was_read_for_it(read, text):
    pairs = aligned(read, text)
    assert "".join(character for character, _ in pairs) == text
    missed = sum(character != found for character, found in pairs)
    beside = len(read) - sum(found != "" for _, found in pairs)
    assert missed + beside == edit_distance(read, text)


def test_the_worst_tenth_of_the_writers_is_named_beside_the_median():
    writers = [f"w{k}" for k in range(20) for _ in range(2)]
    texts = ["abcd"] * 40
    read = [
        "abcx" if writer == "w3" else "abxx" if writer == "w4" else "abcd" for writer in writers
    ]
    assert by_writer(read, texts, writers) == {"count": 20, "median": 0.0, "worst_tenth": 0.375}


def test_samples_that_are_each_by_another_have_no_figures_of_writers():
    assert by_writer(["a", "b"], ["a", "c"], ["one.png", "two.png"]) == {}
