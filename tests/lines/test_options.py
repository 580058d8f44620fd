"""The options choose the decoder."""

import argparse

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
    assert isinstance(chosen("--decoder", "language", "--language", model), BeamDecoder)
    prose, programs = (chosen("--decoder", name).model for name in ("language", "programs"))
    assert programs.score("for i in range(10):") > prose.score("for i in range(10):")
    assert isinstance(chosen("--pattern", "[0-9]+"), Pattern)
    assert isinstance(chosen("--words", str(tmp_path / "words.txt")), WordList)


def test_two_at_once_are_refused():
    with pytest.raises(HandwritingError, match="give one of"):
        chosen("--decoder", "language", "--pattern", "a")
