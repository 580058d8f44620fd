"""The options of scripts that read lines: how the text is chosen."""

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
        help="with a language model or without; programs: with one for pages of code",
    )
    add(
        "--pattern",
        default=None,
        metavar="REGEX",
        help="expression that each text matches wholly; one that begins with - needs --pattern=-…",
    )
    add("--words", type=Path, default=None, metavar="FILE", help="each text is a line of this file")
    add(
        "--language",
        type=Path,
        default=None,
        metavar="FILE",
        help="language model instead of the project's own",
    )


def choose_decoder(args: argparse.Namespace) -> Decoder:
    """What the options ask for.

    Raises:
        HandwritingError: they do not go together, or a file or the pattern is not sound.
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
    """One of DECODERS.

    Args:
        name: ``greedy``, ``language``, or ``programs``.
        language: file of a language model instead of the project's own.

    Raises:
        HandwritingError: there is no such decoder, or the language model is missing or damaged.
    """
    if name not in DECODERS:
        raise HandwritingError(f"{name!r} is no decoder: give one of {', '.join(DECODERS)}.")
    if name == "greedy":
        return GREEDY
    return BeamDecoder(LanguageModel.load(language or LANGUAGE_FILES[name]))
