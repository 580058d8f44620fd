"""Output alphabet of the text-line model: printable ASCII and the CTC blank."""

from collections.abc import Iterable

from handwriting.errors import HandwritingError

ALPHABET = "".join(map(chr, range(32, 127)))
BLANK = 0
"""Output of the CTC blank (Graves et al. 2006); character k is output k + 1."""

NUM_OUTPUTS = len(ALPHABET) + 1

_OUTPUT = {character: number for number, character in enumerate(ALPHABET, start=1)}


def encode(text: str) -> list[int]:
    """Outputs of a text's characters, 1..95.

    Raises:
        HandwritingError: a character is not printable ASCII.
    """
    try:
        return [_OUTPUT[character] for character in text]
    except KeyError as error:
        raise HandwritingError(f"{text!r} holds {error}, which is not printable ASCII.") from error


def decode(outputs: Iterable[int]) -> str:
    """Text of outputs without blanks, 1..95."""
    return "".join(ALPHABET[output - 1] for output in outputs)
