"""The options choose the decoder."""

import argparse

import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.language import LANGUAGE_FILE
from handwriting.lines.options import add_decoder_options, choose_decoder
from handwriting.lines.pattern import Pattern
from handwriting.lines.word_list import WordList
from tests.support import PROJECT


def chosen(*arguments: str) -> Decoder:
    parser = argparse.ArgumentParser()
    add_decoder_options(parser)
    return choose_decoder(parser.parse_args(arguments))


def test_each_option_has_its_decoder(tmp_path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    (tmp_path / "words.txt").write_text("a\nb\n")
    model = str(PROJECT / LANGUAGE_FILE)
    assert chosen() is GREEDY
    assert isinstance(chosen("--decoder", "language", "--language-model", model), BeamDecoder)
    prose, programs = (chosen("--decoder", name).model for name in ("language", "programs"))
    assert programs.score("for i in range(10):") > prose.score("for i in range(10):")
    assert isinstance(chosen("--pattern", "[0-9]+"), Pattern)
    assert isinstance(chosen("--words", str(tmp_path / "words.txt")), WordList)


def test_two_at_once_are_refused():
    with pytest.raises(HandwritingError, match="give one of"):
        chosen("--decoder", "language", "--pattern", "a")


def test_the_language_model_is_that_of_the_language(monkeypatch):
    monkeypatch.chdir(PROJECT)
    english, german = (
        chosen("--decoder", "language", "--language", name).model for name in ("en", "de")
    )
    assert german.score("Bahnhof") > english.score("Bahnhof")
    assert np.isfinite(chosen("--decoder", "programs", "--language", "de").model.score("ö"))


def test_words_and_patterns_that_the_language_lacks_are_refused(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("café\nthé\n", encoding="utf-8")
    for arguments in (("--words", str(words)), ("--pattern", "caf[é]|thé")):
        chosen(*arguments, "--language", "fr")
        with pytest.raises(HandwritingError, match=r"English, .* Choose the language fr or "):
            chosen(*arguments)
    chosen("--pattern", "caf[eé]|[^a]+")
