"""The language model is a probability distribution in every context, and is read from its file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import ALPHABET, encode
from handwriting.errors import HandwritingError
from handwriting.lines import language
from handwriting.lines.language import LANGUAGE_FILE, PROGRAMS_FILE, LanguageModel
from handwriting.lines.languages import LANGUAGES, Language
from tests.support import PROJECT


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """The one of the project."""
    return LanguageModel.load(PROJECT / LANGUAGE_FILE)


@pytest.fixture(scope="module", params=LANGUAGES.values(), ids=LANGUAGES)
def of_language(request) -> tuple[Language, LanguageModel]:
    """Each language with its model."""
    own = request.param
    return own, LanguageModel.load(PROJECT / own.model_file, own.characters)


@given(before=st.text(alphabet=ALPHABET, max_size=12))
def test_probabilities_add_up_to_1_and_anything_in_the_language_is_possible(of_language, before):
    own, model = of_language
    probs = np.exp(model.log_probs(before))
    possible = np.isin(list(ALPHABET), list(own.characters))
    assert probs.shape == (len(ALPHABET),) and probs.sum() == pytest.approx(1)
    assert probs[possible].min() > language.FLAT / 200
    assert probs[~possible].sum() == 0


def test_programs_may_hold_the_letters_of_any_language():
    programs = LanguageModel.load(PROJECT / PROGRAMS_FILE, LANGUAGES["fr"].characters)
    assert np.isfinite(programs.score('print("été")'))


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [("the", "tbe"), ("Monday", "Mouday"), ("THE", "THe"), ("dog", "clog"), ("1990", "199O")],
)
def test_words_and_numbers_are_likelier_than_their_misreadings(model, likely, unlikely):
    assert model.score(likely) > model.score(unlikely)


@pytest.mark.parametrize(
    ("name", "likely", "unlikely"),
    [
        *(("fr", "été", "ete"), ("fr", "l’école", "l’ecole"), ("fr", "garçon", "garcon")),
        *(("de", "Straße", "StraBe"), ("de", "für", "fur"), ("de", "über", "uber")),
        *(("any", "été", "ete"), ("any", "müssen", "mussen"), ("any", "señor", "senor")),
    ],
)
def test_words_with_their_accents_are_likelier_than_without(name, likely, unlikely):
    own = LANGUAGES[name]
    model = LanguageModel.load(PROJECT / own.model_file, own.characters)
    assert model.score(likely) > model.score(unlikely) + 1


def test_a_text_is_the_sum_of_its_characters(model):
    whole = [*encode("No. 7"), encode(" ")[0]]
    parts = [model.log_probs("No. 7"[:k])[output - 1] for k, output in enumerate(whole)]
    assert model.score("No. 7") == pytest.approx(sum(parts))


@pytest.mark.parametrize("file", [PROGRAMS_FILE, *(own.model_file for own in LANGUAGES.values())])
def test_the_file_is_small_and_names_its_maker_and_sources(file):
    path = PROJECT / file
    assert path.stat().st_size < 1.5 * 2**20
    with np.load(path) as content:
        assert "language" in str(content["made_by"])
        assert "wordfreq" in str(content["sources"]) and "CC BY-SA" in str(content["sources"])


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"contexts": np.zeros((3, 5), np.uint8)}, r"contexts is \(3, 5\), it must be \(2, 5\)"),
        ({"contexts": np.zeros((2, 9), np.uint8)}, "have 9 characters, they must have 1 to 8"),
        ({"contexts": np.zeros((2, 0), np.uint8)}, "have 0 characters, they must have 1 to 8"),
        ({"contexts": np.zeros((2, 5), np.uint8)}, "its contexts are not in ascending order"),
        ({"counts": np.ones(2)}, "counts is float64"),
        ({"counts": np.array([3, 0], np.uint8)}, "a context without characters"),
        ({"levels": np.zeros(2, np.uint8)}, r"levels is \(2,\), it must be \(3,\)"),
        ({"characters": np.array([1, 0, 2], np.uint8)}, r"not within 1\.\.166"),
        ({"characters": np.array([1, 167, 2], np.uint8)}, r"not within 1\.\.166"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_named(tmp_path, replaced, words):
    sound = {
        "contexts": np.array([[0, 0, 0, 0, 0], [0, 0, 0, 0, 7]], np.uint8),
        "counts": np.array([1, 2], np.uint8),
        "characters": np.array([7, 8, 95], np.uint8),
        "levels": np.array([24, 24, 24], np.uint8),
    }
    np.savez(tmp_path / "a.npz", **sound)
    assert LanguageModel.load(tmp_path / "a.npz").score("&&") < 0
    np.savez(tmp_path / "a.npz", **sound | replaced)
    with pytest.raises(HandwritingError, match=words):
        LanguageModel.load(tmp_path / "a.npz")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"abc")
    np.savez(tmp_path / "b.npz", counts=np.ones(3))
    for name, said in (("a", "is not a language model"), ("b", "is not"), ("none", "not exist")):
        with pytest.raises(HandwritingError, match=f"{name}.npz .*{said}"):
            LanguageModel.load(tmp_path / f"{name}.npz")
