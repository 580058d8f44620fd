"""Output alphabet of the text-line model, Western Europe's, and the CTC blank."""

import unicodedata
from collections.abc import Iterable

import numpy as np

from handwriting.errors import HandwritingError

ASCII = "".join(map(chr, range(32, 127)))
"""Printable ASCII, the first characters of the alphabet."""

_ACCENTED = {
    "a": "àáâãäåæ",
    "c": "ç",
    "e": "èéêë",
    "i": "ìíîï",
    "n": "ñ",
    "o": "òóôõöøœ",
    "u": "ùúûü",
    "y": "ýÿ",
}
_SIGNS = {
    "B": "ß",
    "'": "’",
    '"': "“”«»",
    "-": "–",
    ".": "…",
    "E": "€",
    "L": "£",
    "o": "°",
    "S": "§",
}

PLAIN = (
    {accented: plain for plain, group in _ACCENTED.items() for accented in group}
    | {
        accented.upper(): plain.upper()
        for plain, group in _ACCENTED.items()
        for accented in group
        if accented != "ÿ"
    }
    | {sign: plain for plain, group in _SIGNS.items() for sign in group}
)
"""The printable ASCII character that stands for each other character of the alphabet where labels
are ASCII by necessity; ``ß`` is a ``B`` there, as which it is drawn."""

ALPHABET = ASCII + "".join(PLAIN)
BLANK = 0
"""Output of the CTC blank (Graves et al. 2006); character k is output k + 1."""

NUM_OUTPUTS = len(ALPHABET) + 1

OUTPUT = {character: number for number, character in enumerate(ALPHABET, start=1)}
"""Output of each character."""

_SPELLED = {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "…": "..."}
_VARIANTS = str.maketrans(
    {
        **dict.fromkeys("‘‚‛ʼ´`′", "’"),
        **dict.fromkeys("„‟″", "“"),
        **dict.fromkeys("‐‑‒—―−", "–"),
        **dict.fromkeys("\u00a0\u2009\u202f\t", " "),
        "ẞ": "ß",
        "º": "°",
    }
)


def encode(text: str) -> list[int]:
    """Outputs of a text's characters, 1..NUM_OUTPUTS - 1.

    Raises:
        HandwritingError: a character is not in the alphabet.
    """
    try:
        return [OUTPUT[character] for character in text]
    except KeyError as error:
        raise HandwritingError(
            f"{text!r:.60} holds {error}, which is not a character of Western Europe."
        ) from error


def decode(outputs: Iterable[int]) -> str:
    """Text of outputs without blanks, 1..NUM_OUTPUTS - 1."""
    return "".join(ALPHABET[output - 1] for output in outputs)


def in_alphabet(text: str) -> str | None:
    """A text in the alphabet's characters; ``None`` where another script is in it.

    Variants of quotes, dashes and spaces become one, and accents that the alphabet lacks are left
    out.
    """
    composed = unicodedata.normalize("NFC", text)
    kept = (each if each in OUTPUT else _nearest(each) for each in composed)
    found = "".join(kept)
    return found if all(character in OUTPUT for character in found) else None


def _nearest(character: str) -> str:
    variant = character.translate(_VARIANTS)
    return variant if variant in OUTPUT else unicodedata.normalize("NFKD", character)[:1]


def spelled(text: str, characters: str) -> str:
    """A text as it is written where only some characters are at hand, such as ASCII.

    Args:
        text: in the alphabet.
        characters: printable ASCII, and more or less of the rest of the alphabet.
    """
    return "".join(
        each if each in characters else _SPELLED.get(each, PLAIN.get(each, each)) for each in text
    )


def plain_outputs(characters: str) -> np.ndarray:
    """int64 (NUM_OUTPUTS,): for each output itself, or that of the plain character which stands for
    it where only ``characters`` are at hand."""
    kept = [character if character in characters else PLAIN[character] for character in ALPHABET]
    return np.array([BLANK, *encode("".join(kept))])
