"""A language reads its own characters, and gives what it lacks to those that stand for it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from handwriting.alphabet import ALPHABET, ASCII, NUM_OUTPUTS, encode
from handwriting.errors import HandwritingError
from handwriting.files import save_torch
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import Calibration, greedy, read_line
from handwriting.lines.language import LanguageModel
from handwriting.lines.languages import ENGLISH, LANGUAGES, find_language, restricted
from handwriting.lines.network import LineReader
from handwriting.lines.reader import KIND, Reader
from tests.lines.support import random_rows
from tests.support import PROJECT

NAMES = st.sampled_from(list(LANGUAGES))


@given(NAMES, st.integers(0, 10_000))
def test_what_a_language_lacks_is_never_read_and_no_probability_is_lost(name, seed):
    language, rows = LANGUAGES[name], random_rows(seed, steps=6)
    possible = language.possible(rows)
    np.testing.assert_allclose(np.exp(possible).sum(axis=1), 1, rtol=1e-5)
    assert set(greedy(possible)) <= set(language.characters)
    assert set(BeamDecoder(width=3)(possible).text) <= set(language.characters)
    blank = possible[:, 0]
    np.testing.assert_array_equal(blank, rows[:, 0])


@given(st.integers(0, 10_000))
def test_only_the_possible_characters_and_spaces_are_read(seed):
    possible = restricted(random_rows(seed, steps=6), "0123")
    assert set(greedy(possible)) <= set("0123 ")
    found = read_line(possible, BeamDecoder(width=3), Calibration())
    assert {c for character in found.characters for c, _ in character.ranked} <= set("0123 ")


def rows_of(text: str, others: str = "") -> np.ndarray:
    """Outputs that show a text, each character less clearly than another of the same place."""
    rows = np.full((2 * len(text), NUM_OUTPUTS), -15.0, dtype=np.float32)
    rows[::2, 0] = 0
    rows[range(1, len(rows), 2), encode(text)] = np.log(0.4 if others else 1.0)
    if others:
        rows[range(1, len(rows), 2), encode(others)] = np.logaddexp(
            rows[range(1, len(rows), 2), encode(others)], np.log(0.6)
        )
    return rows - np.logaddexp.reduce(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("name", "read"), [("en", "fete"), ("de", "fete"), ("fr", "fête"), ("any", "fête")]
)
def test_an_accent_is_read_where_the_language_has_it(name, read):
    assert greedy(LANGUAGES[name].possible(rows_of("fête"))) == read


@pytest.mark.parametrize(
    ("name", "written", "seen"),
    [("fr", "élève", "eleve"), ("fr", "garçon", "garcon"), ("de", "Straße", "StraBe")],
)
def test_the_model_of_a_language_finds_its_accents(name, written, seen):
    language = LANGUAGES[name]
    decoder = BeamDecoder(LanguageModel.load(PROJECT / language.model_file, language.characters))
    rows = rows_of(written, seen)
    assert greedy(rows) == seen
    assert decoder(language.possible(rows)).text == written
    assert decoder(ENGLISH.possible(rows)).text == seen


def test_weights_of_ascii_are_read_as_ever_in_every_language(tmp_path):
    torch.manual_seed(0)
    network = LineReader(4, 8)
    weights = network.state_dict()
    former = {
        name: tensor[: len(ASCII) + 1] if name.startswith(("outputs.", "shortcut.")) else tensor
        for name, tensor in weights.items()
    }
    content = {"kind": KIND, "width": 4, "hidden": 8}
    save_torch(content | {"alphabet": ASCII, "weights": former}, tmp_path / "former.pt")
    reader = Reader.load(tmp_path / "former.pt")
    picture = np.random.default_rng(0).integers(0, 256, (40, 90), dtype=np.uint8)
    (rows,) = reader.log_probs([picture])
    logits = reader.for_language(LANGUAGES["any"]).log_probs([picture])[0][:, : len(ASCII) + 1]
    expected = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    np.testing.assert_allclose(rows[:, : len(ASCII) + 1], expected, atol=0.03)
    for language in LANGUAGES.values():
        other = reader.for_language(language)
        assert greedy(other.log_probs([picture])[0]) == greedy(rows)


def test_texts_are_spelled_in_the_languages_characters():
    text = "Cœur « brûlé » – Straße…"
    assert LANGUAGES["fr"].spelled(text) == "Cœur « brûlé » – Strasse…"
    assert LANGUAGES["de"].spelled(text) == "Coeur « brulé » – Straße…"
    assert ENGLISH.spelled(text) == 'Coeur " brule " - Strasse...'
    assert LANGUAGES["any"].spelled(text) == text
    assert ENGLISH.spelled("жук") == "жук"


def test_a_text_that_a_language_lacks_is_refused_with_those_that_have_it():
    LANGUAGES["fr"].check_can_write("œuvre")
    with pytest.raises(
        HandwritingError, match=r"'œuvre' .* as German.* Choose the language fr or any"
    ):
        LANGUAGES["de"].check_can_write("œuvre")
    with pytest.raises(
        HandwritingError, match="'xy' is not a language: give one of en, fr, de, any"
    ):
        find_language("xy")


def test_every_language_has_ascii_and_keeps_to_the_alphabet():
    for language in LANGUAGES.values():
        assert set(ASCII) <= set(language.characters) <= set(ALPHABET)
