"""Command-line options that choose the decoder of the text-line model."""

import argparse
from pathlib import Path

from handwriting.errors import HandwritingError
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.language import LANGUAGE_FILES, LanguageModel
from handwriting.lines.pattern import Pattern
from handwriting.lines.word_list import WordList

DECODERS = ("greedy", *LANGUAGE_FILES)


def add_decoder_options(parser: argparse.ArgumentParser) -> None:
    """``--decoder``, ``--pattern``, ``--words`` and ``--language``."""
    add = parser.add_argument
    add(
        "--decoder",
        choices=DECODERS,
        default="greedy",
        help="greedy decoding, or beam search with the language model of English or of programs",
    )
    add(
        "--pattern",
        default=None,
        metavar="REGEX",
        help="regular expression of each whole text; one that begins with - needs --pattern=-…",
    )
    add("--words", type=Path, default=None, metavar="FILE", help="word list, one text a line")
    add(
        "--language",
        type=Path,
        default=None,
        metavar="FILE",
        help="file of another language model",
    )


def choose_decoder(args: argparse.Namespace) -> Decoder:
    """The decoder of the options.

    Raises:
        HandwritingError: the options exclude each other, or a file or the pattern is invalid.
    """
    asked = [args.decoder != "greedy", args.pattern is not None, args.words is not None]
    if sum(asked) > 1:
        raise HandwritingError("give one of --decoder, --pattern and --words.")
    if args.pattern is not None:
        return Pattern(args.pattern)
    if args.words is not None:
        return WordList.load(args.words)
    return named_decoder(args.decoder, args.language)


def named_decoder(name: str, language: Path | None = None) -> Decoder:
    """The decoder with a name.

    Args:
        name: one of DECODERS: ``greedy``, ``language`` or ``programs``.
        language: file of another language model.

    Raises:
        HandwritingError: there is no such decoder, or the language model is missing or damaged.
    """
    if name not in DECODERS:
        raise HandwritingError(f"{name!r} is not a decoder: give one of {', '.join(DECODERS)}.")
    if name == "greedy":
        return GREEDY
    return BeamDecoder(LanguageModel.load(language or LANGUAGE_FILES[name]))
