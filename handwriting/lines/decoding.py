"""From the network's outputs at each step to text."""

from dataclasses import dataclass

import numpy as np

from handwriting.lines.alphabet import ALPHABET, BLANK


@dataclass(frozen=True)
class CharacterRead:
    """One character of a line.

    Attributes:
        first: the step where it begins.
        last: the step where it ends, inclusive.
        ranked: the most likely characters with their probabilities, the read one first.
    """

    first: int
    last: int
    ranked: list[tuple[str, float]]

    @property
    def character(self) -> str:
        """The most likely one."""
        return self.ranked[0][0]


def decode_greedy(log_probs: np.ndarray, most: int = 5) -> list[CharacterRead]:
    """The most likely output at each step, repeated ones joined, blanks left out.

    Args:
        log_probs: float (steps, outputs), natural logarithms.
        most: alternatives for each character, itself included.

    Returns:
        A character for each run of steps. Its alternatives are those of its surest step, among
        the characters alone.
    """
    best = log_probs.argmax(axis=1)
    edges = np.flatnonzero(np.diff(best)) + 1
    starts, ends = np.append(0, edges), np.append(edges, len(best))
    return [
        _character(log_probs[start:end], int(best[start]), int(start), most)
        for start, end in zip(starts, ends, strict=True)
        if best[start] != BLANK
    ]


def _character(steps: np.ndarray, output: int, first: int, most: int) -> CharacterRead:
    surest = steps[steps[:, output].argmax()]
    among = np.exp(surest[1:] - surest[1:].max())
    among /= among.sum()
    order = np.argsort(-among, kind="stable")[:most]
    ranked = [(ALPHABET[k], float(among[k])) for k in order]
    return CharacterRead(first, first + len(steps) - 1, ranked)


def text_of(characters: list[CharacterRead]) -> str:
    """What was read."""
    return "".join(character.character for character in characters).strip()
