"""The characters that lines are written in: printable ASCII, and the blank of CTC."""

from collections.abc import Iterable

from handwriting.errors import HandwritingError

ALPHABET = "".join(map(chr, range(32, 127)))
BLANK = 0
"""The output that stands for no character (Graves et al. 2006); character k is output k + 1."""

NUM_OUTPUTS = len(ALPHABET) + 1

_OUTPUT = {character: number for number, character in enumerate(ALPHABET, start=1)}


def encode(text: str) -> list[int]:
    """The outputs of a text's characters.

    Raises:
        HandwritingError: a character is not printable ASCII.
    """
    try:
        return [_OUTPUT[character] for character in text]
    except KeyError as error:
        raise HandwritingError(f"{text!r} holds {error}, which is not printable ASCII.") from error


def decode(outputs: Iterable[int]) -> str:
    """The text of outputs without blanks."""
    return "".join(ALPHABET[output - 1] for output in outputs)
