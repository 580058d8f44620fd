"""Decoding with a word list gives its most probable word."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.errors import HandwritingError
from handwriting.lines import word_list
from handwriting.lines.decoding import text_log_probs
from handwriting.lines.word_list import WordList
from tests.lines.support import random_rows

WORDS = st.lists(st.text("ab c", min_size=1, max_size=6).filter(str.strip), min_size=1)


@given(WORDS, st.integers(0, 10_000), st.integers(1, 12))
def test_words_are_scored_as_by_ctc(words, seed, steps):
    rows = random_rows(seed, steps)
    decoder = WordList(words)
    expected = text_log_probs(rows, decoder.words)
    assert decoder.log_probs(rows) == pytest.approx(expected, abs=1e-3)
    best = decoder(rows).text
    if expected.max() == float("-inf"):
        assert best == ""
    else:
        assert expected[decoder.words.index(best)] == pytest.approx(expected.max(), abs=1e-3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_has_a_word_on_each_line(tmp_path, encoding):
    path = tmp_path / "words.txt"
    path.write_text("pear\n\n apple \npear\nNew York\n", encoding=encoding)
    assert WordList.load(path).words == ["New York", "apple", "pear"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no word"),
        (b"\n \n", "holds no word"),
        ("a\n\u0436\n".encode(), "line 2: '\u0436' holds a character that is not one of"),
        (b"a\n" + b"b c " * 300, "line 2 has 1,199 characters"),
        (b"\xff\xfe\x00", "is not a word list"),
        (None, "is a folder"),
        (b"a\n" * 5_000_001, "more than 10 MB"),
    ],
)
def test_other_files_are_refused(tmp_path, content, words):
    path = tmp_path / "words.txt"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(HandwritingError, match=words):
        WordList.load(path)


def test_too_many_words_are_refused_before_anything_is_made_of_them(monkeypatch):
    monkeypatch.setattr(word_list, "MOST_WORDS", 2)
    assert WordList(["a", "b", "a "]).words == ["a", "b"]
    with pytest.raises(HandwritingError, match="holds 3 words of 3 characters; 2 of"):
        WordList(["a", "b", "c"])


def test_the_probability_is_that_among_the_list():
    rows = random_rows(0, steps=6)
    assert WordList(["one"])(rows).log_prob == pytest.approx(0)
    texts = ["one", "two"]
    first, second = text_log_probs(rows, texts)
    found = WordList(texts)(rows)
    assert found.text == texts[int(second > first)]
    assert found.log_prob == pytest.approx(-np.log1p(np.exp(-abs(first - second))), abs=1e-3)
