"""Command-line options that choose the language and the decoder of the text-line model."""

import argparse
from pathlib import Path

from handwriting.errors import HandwritingError
from handwriting.labels import SETS_HELP, characters_named
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.language import PROGRAMS_FILE, LanguageModel
from handwriting.lines.languages import ENGLISH, LANGUAGES, Language
from handwriting.lines.pattern import Pattern
from handwriting.lines.word_list import WordList

DECODERS = ("greedy", "language", "programs")


def add_decoder_options(parser: argparse.ArgumentParser) -> None:
    """``--language``, ``--decoder``, ``--pattern``, ``--words`` and ``--language-model``."""
    add = parser.add_argument
    add(
        "--language",
        choices=LANGUAGES,
        default=ENGLISH.name,
        help="which characters are possible, and the language model; default: %(default)s",
    )
    add(
        "--decoder",
        choices=DECODERS,
        default="greedy",
        help="greedy decoding, or beam search with a model of the language or of programs",
    )
    add(
        "--pattern",
        default=None,
        metavar="REGEX",
        help="regular expression of each whole text; one that begins with - needs --pattern=-…",
    )
    add("--words", type=Path, default=None, metavar="FILE", help="word list, one text a line")
    add(
        "--language-model",
        type=Path,
        default=None,
        metavar="FILE",
        help="file of another language model",
    )


class _LanguagesBySet(argparse.Action):
    """Options SET=LANGUAGE as a dictionary."""

    def __call__(self, parser, namespace, values, *_: object) -> None:
        pairs = [value.partition("=")[::2] for value in values]
        for value, (_, language) in zip(values, pairs, strict=True):
            if language not in LANGUAGES:
                parser.error(f"{value!r} is not SET=LANGUAGE, as copiste=fr")
        setattr(namespace, self.dest, dict(pairs))


def add_languages_option(parser: argparse.ArgumentParser) -> None:
    """``--languages``, the language of each set by its name; English for others."""
    parser.add_argument(
        "--languages",
        nargs="*",
        action=_LanguagesBySet,
        default={},
        metavar="SET=LANGUAGE",
        help="languages of sets that are not English, as copiste=fr",
    )


def choose_decoder(args: argparse.Namespace) -> Decoder:
    """The decoder of the options.

    Raises:
        HandwritingError: the options exclude each other, a file or the pattern is invalid, or the
            language lacks characters of the pattern or of a word.
    """
    asked = [args.decoder != "greedy", args.pattern is not None, args.words is not None]
    if sum(asked) > 1:
        raise HandwritingError("give one of --decoder, --pattern and --words.")
    language = LANGUAGES[args.language]
    if args.pattern is not None:
        return checked(Pattern(args.pattern), language)
    if args.words is not None:
        return checked(WordList.load(args.words), language)
    return named_decoder(args.decoder, language, args.language_model)


def possible_characters(words: str, language: Language, decoder: Decoder = GREEDY) -> str:
    """The characters that words name, as for `labels.characters_named`, as a language has them.

    Raises:
        HandwritingError: they name none, or one that the language lacks, or the decoder says which
            are possible.
    """
    if isinstance(decoder, Pattern | WordList):
        raise HandwritingError("give one of characters, a pattern and a word list.")
    characters = characters_named(words)
    if not characters.strip():
        raise HandwritingError(f"{words!r} names no characters. Give {SETS_HELP}.")
    language.check_can_write(characters)
    return characters


def checked(decoder: Decoder, language: Language) -> Decoder:
    """A decoder that can decode texts in a language.

    Raises:
        HandwritingError: the language lacks all characters of a position of a pattern, or a
            character of a word.
    """
    if isinstance(decoder, Pattern):
        for characters in decoder.allowed:
            if characters.isdisjoint(language.characters):
                language.check_can_write(min(characters))
    if isinstance(decoder, WordList):
        for word in decoder.words:
            language.check_can_write(word)
    return decoder


def named_decoder(
    name: str, language: Language = ENGLISH, file: Path | None = None, folder: Path = Path()
) -> Decoder:
    """The decoder with a name.

    Args:
        name: one of DECODERS: ``greedy``, ``language`` or ``programs``.
        language: of the texts.
        file: of another language model than the project's.
        folder: of the project.

    Raises:
        HandwritingError: there is no such decoder, or the language model is missing or damaged.
    """
    if name not in DECODERS:
        raise HandwritingError(f"{name!r} is not a decoder: give one of {', '.join(DECODERS)}.")
    if name == "greedy":
        return GREEDY
    own = PROGRAMS_FILE if name == "programs" else language.model_file
    return BeamDecoder(LanguageModel.load(file or folder / own, language.characters))
