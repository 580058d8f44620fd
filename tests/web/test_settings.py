"""What is read and in which language, from the widgets and from the address."""

import numpy as np
import pytest

from handwriting.alphabet import OUTPUT
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY
from handwriting.lines.languages import ENGLISH
from handwriting.lines.languages import LANGUAGES as SPOKEN
from handwriting.lines.pattern import Pattern, matches
from handwriting.web.answer import Options
from handwriting.web.settings import (
    CONTENTS,
    LANGUAGES,
    NO_LANGUAGE,
    NUMBER,
    Setting,
    available_languages,
    checked_setting,
    decoder_for,
)
from tests.support import PROJECT


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    monkeypatch.chdir(PROJECT)


@pytest.mark.parametrize(
    "number", ["7", "73,950", "-3.14", "28.11.2026", "06 12 34 56 78", "12:30", "1/2", "50%"]
)
def test_a_number_may_have_separators(number):
    assert matches(NUMBER, number)


@pytest.mark.parametrize("text", ["", "a", "7a", ",7", "7,", "1,,2"])
def test_words_and_loose_separators_are_no_number(text):
    assert not matches(NUMBER, text)


def test_a_single_character_of_a_number_is_a_digit():
    allowed = Options(pattern=Setting("number").expression).allowed
    assert set(allowed) == set("0123456789") < set(CLASSES)


def test_each_content_has_its_decoder():
    assert isinstance(decoder_for(Setting("number")), Pattern)
    assert isinstance(decoder_for(Setting("text")), BeamDecoder)
    assert isinstance(decoder_for(Setting("program")), BeamDecoder)
    assert decoder_for(Setting("program")).model is not decoder_for(Setting("text")).model
    assert decoder_for(Setting("text", NO_LANGUAGE)) is GREEDY
    assert isinstance(decoder_for(Setting("pattern", pattern="[A-Z]{2}")), Pattern)
    assert decoder_for(Setting("pattern")) is GREEDY, "nothing was asked for yet"


def test_only_languages_with_a_model_are_offered(monkeypatch, tmp_path):
    assert available_languages() == LANGUAGES
    monkeypatch.chdir(tmp_path)
    assert set(available_languages()) == {Setting().language, NO_LANGUAGE}


def test_each_language_has_its_characters_and_its_model():
    decoders = {name: decoder_for(Setting("text", name)) for name in SPOKEN}
    assert len({id(decoder.model) for decoder in decoders.values()}) == len(SPOKEN)
    for name, language in SPOKEN.items():
        assert Setting("text", name).spoken is language
        lacking = decoders[name].model.log_probs("")[[OUTPUT[c] - 1 for c in "éß"]] == -np.inf
        assert lacking.tolist() == [c not in language.characters for c in "éß"]


def test_numbers_and_programs_and_no_language_have_the_characters_of_english():
    settings = Setting("number", "fr"), Setting("program", "fr"), Setting("text", NO_LANGUAGE)
    assert {setting.spoken for setting in settings} == {ENGLISH}


def test_a_pattern_is_checked_against_the_language():
    assert isinstance(decoder_for(Setting("pattern", "fr", "[éè]+")), Pattern)
    with pytest.raises(HandwritingError, match="Choose the language fr or"):
        decoder_for(Setting("pattern", "en", "[éè]+"))


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_carries_a_setting(content, language):
    told = {"content": content, "language": language, "pattern": "[0-9]+"}
    assert checked_setting(told.get) == (Setting(content, language, "[0-9]+"), "")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"language": "xx"}, "language “xx”"),
        ({"content": "x" * 100_000, "language": "en"}, "content “xxx"),
        ({"content": 5, "language": ["en"]}, "content “5” and language “['en']”"),
    ],
)
def test_what_is_not_there_is_said_and_the_default_used(told, said):
    setting, sentence = checked_setting(told.get)
    assert setting == Setting()
    assert said in sentence and len(sentence) < 200
