"""The language model: counted right, a distribution everywhere, readable from its file."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.errors import HandwritingError
from handwriting.lines import language
from handwriting.lines.alphabet import ALPHABET, encode
from handwriting.lines.language import LANGUAGE_FILE, LanguageModel, count, estimate
from tests.support import PROJECT


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """The one of the project."""
    return LanguageModel.load(PROJECT / LANGUAGE_FILE)


@given(st.text(alphabet=ALPHABET, max_size=12))
def test_probabilities_add_up_to_1(model, before):
    log_probs = model.log_probs(before)
    assert log_probs.shape == (95,) and np.exp(log_probs).sum() == pytest.approx(1)
    assert log_probs.min() > np.log(language.FLAT / 100), "anything may be written"


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [("the", "tbe"), ("Monday", "Mouday"), ("THE", "THe"), ("dog", "clog"), ("1990", "199O")],
)
def test_words_and_numbers_are_likelier_than_their_misreadings(model, likely, unlikely):
    assert model.score(likely) > model.score(unlikely)


def test_a_text_is_the_sum_of_its_characters(model):
    whole = [*encode("No. 7"), encode(" ")[0]]
    parts = [model.log_probs("No. 7"[:k])[output - 1] for k, output in enumerate(whole)]
    assert model.score("No. 7") == pytest.approx(sum(parts))


def test_n_grams_are_counted_within_their_text():
    grams = count(["ab", "b"], np.array([2.0, 1.0]))
    space, a, b = encode(" ab")
    pairs = dict(zip(grams[1][0].tolist(), grams[1][1].tolist(), strict=True))
    expected = {(space, a): 2, (a, b): 2, (b, space): 3, (space, b): 1}
    assert pairs == {96 * first + second: n for (first, second), n in expected.items()}
    assert len(grams[3][0]) == 1 and not len(grams[4][0]), "the longest text has four with spaces"


def test_the_shares_are_those_of_witten_and_bell():
    model = LanguageModel(**estimate(count(["ab", "ac", "ac"], np.ones(3)), least=0))
    probs = (np.exp(model.log_probs("a")) - language.FLAT / 95) / (1 - language.FLAT)
    flat = 1 / 95
    # Single characters: 6 spaces, 3 a, 1 b, 2 c; 4 kinds. After an "a": 1 b, 2 c; 2 kinds.
    lone = (2 + 4 * flat) / (12 + 4)
    after_a = (2 + 2 * lone) / (3 + 2)
    after_space_a = (2 + 2 * after_a) / (3 + 2)
    assert probs[encode("c")[0] - 1] == pytest.approx(after_space_a, rel=0.03)


def test_rare_long_n_grams_are_left_out():
    grams = count(["abc", "xyz"], np.array([5.0, 1.0]))
    sizes = [len(estimate(grams, least)["characters"]) for least in (0, 2, 9)]
    assert sizes[0] > sizes[1] > sizes[2] == len(grams[0][0]) + len(grams[1][0])


def test_the_file_is_small_and_names_its_maker_and_sources():
    path = PROJECT / LANGUAGE_FILE
    assert path.stat().st_size < 1.5 * 2**20
    with np.load(path) as content:
        assert "handwriting.lines.language" in str(content["made_by"])
        assert "wordfreq" in str(content["sources"]) and "CC BY-SA" in str(content["sources"])


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"abc")
    np.savez(tmp_path / "b.npz", counts=np.ones(3))
    for name in ("a.npz", "b.npz", "missing.npz"):
        with pytest.raises(HandwritingError, match=f"{name} is no language model"):
            LanguageModel.load(tmp_path / name)


def test_without_the_package_of_words_the_script_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(HandwritingError, match="pip install wordfreq"):
        language.listed_words()


def test_codes_have_their_shapes():
    codes = language.draw_codes(np.random.default_rng(0))
    assert all(code.isascii() for code in codes)
    assert {len(code) for code in codes} == {len(shape) for shape in language.SHAPES.split()}
