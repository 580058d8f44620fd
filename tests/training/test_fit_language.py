"""The language model's n-grams are counted correctly, and its script names missing packages."""

import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import ALPHABET, decode, encode
from handwriting.errors import HandwritingError
from handwriting.lines.language import FLAT, LanguageModel
from handwriting.lines.languages import LANGUAGES
from handwriting.training import language_texts
from handwriting.training.fit_language import count, estimate


def test_n_grams_are_counted_within_their_text():
    grams = count(["éb", "b"], np.array([2.0, 1.0]))
    pairs = zip(map(decode, grams[2].characters.tolist()), grams[2].times.tolist(), strict=True)
    assert dict(pairs) == {" é": 2, "éb": 2, "b ": 3, " b": 1}
    assert decode(grams[4].characters[0]) == " éb " and not len(grams[5].times)


@given(st.lists(st.text(ALPHABET, min_size=1, max_size=9), min_size=1, max_size=5))
def test_n_grams_of_any_length_ascend_and_know_their_shorter_ones(texts):
    for shorter, own in pairwise(count(texts, np.ones(len(texts)))):
        rows = own.characters.tolist()
        assert rows == sorted(rows)
        assert shorter.characters[own.before].tolist() == [row[:-1] for row in rows]
        assert shorter.characters[own.after].tolist() == [row[1:] for row in rows]


def test_the_shares_are_those_of_witten_and_bell():
    model = LanguageModel(**estimate(count(["ab", "ac", "ac"], np.ones(3)), least=0, size=95))
    probs = (np.exp(model.log_probs("a")) - FLAT / 95) / (1 - FLAT)
    flat = 1 / 95
    # Single characters: 6 spaces, 3 a, 1 b, 2 c; 4 kinds. After an "a": 1 b, 2 c; 2 kinds.
    lone = (2 + 4 * flat) / (12 + 4)
    after_a = (2 + 2 * lone) / (3 + 2)
    after_space_a = (2 + 2 * after_a) / (3 + 2)
    assert probs[encode("c")[0] - 1] == pytest.approx(after_space_a, rel=0.03)


def test_the_more_an_n_gram_must_gain_the_fewer_are_kept():
    grams = count(["abc", "xyz"], np.array([5.0, 1.0]))
    sizes = [len(estimate(grams, least, 95)["characters"]) for least in (0, 0.2, 9)]
    assert sizes[0] > sizes[1] > sizes[2] == len(grams[1].times) + len(grams[2].times)


def test_n_grams_that_tell_no_more_than_shorter_ones_are_left_out():
    def kept(texts: list[str]) -> int:
        grams = count(texts, np.full(len(texts), 5.0))
        kept = len(estimate(grams, least=2, size=95)["characters"])
        return kept - len(grams[1].times) - len(grams[2].times)

    assert kept(["xab", "yab"]) < kept(["xab", "yac"]), "a b comes after every a, x or y before it"


@given(st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=9))
def test_what_is_left_out_leaves_probabilities(texts):
    arrays = estimate(count(texts, np.ones(len(texts))), least=0.5, size=95)
    model = LanguageModel(**arrays)
    for text in texts:
        assert np.exp(model.log_probs(text)).sum() == pytest.approx(1)


def test_without_the_package_of_words_the_script_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(HandwritingError, match="pip install wordfreq"):
        language_texts.listed_words()


def test_lines_of_programs_are_those_that_one_would_write(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "a.py").write_text("def f(x):\n    return x\n\n    return x\n7 = 1\n" + 70 * "a")
    (tmp_path / "test" / "b.py").write_text("assert f(x)\n")
    assert language_texts.program_lines(tmp_path) == ["def f(x):", "return x"]


def test_codes_have_their_shapes():
    codes = language_texts.draw_codes(np.random.default_rng(0))
    assert all(code.isascii() for code in codes)
    assert {len(code) for code in codes} == {len(shape) for shape in language_texts.SHAPES.split()}


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        *(("strasse", "straße"), ("grösste", "größte"), ("ausserdem", "außerdem")),
        *(("weisst", "weißt"), ("schliessen", "schließen"), ("regelmässig", "regelmäßig")),
        *(("beweisstück", "beweisstück"), ("diesseits", "diesseits"), ("wasser", "wasser")),
    ],
)
def test_german_words_have_the_sharp_s_that_the_list_lacks(listed, written):
    assert language_texts.sharp_s(listed) == written


@pytest.fixture
def few_words(monkeypatch):
    """A package wordfreq of a few words in each language."""
    words = {"l": 1e-2, "école": 1e-4, "grosse": 1e-5, "mañana": 1e-5, "o'clock": 1e-6, "été": 1e-9}
    package = SimpleNamespace(get_frequency_dict=lambda *_, **__: words)
    monkeypatch.setitem(sys.modules, "wordfreq", package)


def test_each_model_is_counted_on_what_its_language_can_write(few_words):
    for name, language in LANGUAGES.items():
        texts = language_texts.word_texts(language)
        assert set("".join(texts)) <= set(language.characters)
        assert not {"été", "ÉTÉ"} & set(texts), "too rare"
        assert ("mañana" in texts) == (name == "any")
        assert ("o’clock" in texts) == (name != "en")
    assert "große" in language_texts.word_texts(LANGUAGES["de"])


def test_french_words_are_counted_with_elisions_and_marks(few_words):
    texts = language_texts.word_texts(LANGUAGES["fr"])
    assert {"école", "École", "ÉCOLE"} < set(texts)
    (straight,) = [text for text in texts if text.endswith("'école") and text.islower()]
    assert texts[straight] == pytest.approx(texts[straight.replace("'", "’")])
    assert any(text[:5] == "école" and len(text) == 6 for text in texts), "before a mark"
    assert "l" not in texts, "it stands before a vowel"
