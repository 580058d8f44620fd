"""From the network's outputs at each step to text, its characters' places and their confidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from handwriting.lines.alphabet import ALPHABET, BLANK, decode, encode

Decoder = Callable[[np.ndarray], str]
"""From float (steps, 96), log p(output) at each step, to the text, without spaces at its ends."""

ALTERNATIVES = 5
"""Ranked for each character, the read one included."""

_NEARLY_1 = 1 - 1e-9


@dataclass(frozen=True)
class CharacterRead:
    """One character of a line.

    Attributes:
        first: the step where it begins.
        last: the step where it ends, inclusive.
        ranked: characters with their probabilities, the read one first, then the most likely ones.
    """

    first: int
    last: int
    ranked: list[tuple[str, float]]

    @property
    def character(self) -> str:
        """The one that was read."""
        return self.ranked[0][0]


@dataclass(frozen=True)
class LineRead:
    """What was read in one picture.

    Attributes:
        characters: from left to right, spaces included.
        confidence: probability that the whole text is right, in 0..1.
    """

    characters: list[CharacterRead]
    confidence: float

    @property
    def text(self) -> str:
        """What was read."""
        return "".join(character.character for character in self.characters)


@dataclass(frozen=True)
class Calibration:
    """Numbers that make probabilities of a network mean what they say; the defaults change nothing.

    Attributes:
        temperature: divides the logits of a character's alternatives.
        slope: multiplies the log odds of a whole text.
        per_character: added to them for each character.
        offset: added to them.
    """

    temperature: float = 1.0
    slope: float = 1.0
    per_character: float = 0.0
    offset: float = 0.0

    def confidence(self, log_prob: float, length: int) -> float:
        """Probability that a text is right, from what the network says, log p, and its length."""
        odds = self.slope * log_odds(log_prob) + self.per_character * length + self.offset
        return float(1 / (1 + np.exp(-odds)))


def log_odds(log_prob: float) -> float:
    """log(p / (1 - p)) of log p, finite."""
    prob = np.clip(np.exp(log_prob), 1e-300, _NEARLY_1)
    return float(np.log(prob / (1 - prob)))


def greedy(log_probs: np.ndarray) -> str:
    """The most likely output at each step, repeated ones joined, blanks left out."""
    best = log_probs.argmax(axis=1)
    is_new = np.append(True, best[1:] != best[:-1])
    return decode(best[is_new & (best != BLANK)]).strip()


def text_log_probs(log_probs: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """float64 (texts,): log p(text), all ways to write it taken together (Graves et al. 2006).

    Args:
        log_probs: float (steps, 96).
        texts: to score; one that needs more steps has -inf.
    """
    targets = [torch.tensor(encode(text), dtype=torch.int64) for text in texts]
    rows = torch.from_numpy(log_probs).unsqueeze(1).expand(-1, len(texts), -1)
    losses = F.ctc_loss(
        rows,
        torch.cat(targets),
        torch.full((len(texts),), len(log_probs)),
        torch.tensor([len(target) for target in targets]),
        blank=BLANK,
        reduction="none",
    )
    return -losses.double().numpy()


def align(log_probs: np.ndarray, text: str) -> list[tuple[int, int]]:
    """The first and last step of each character on the most likely way to write a text (Viterbi).

    Args:
        log_probs: float (steps, 96).
        text: what was written.

    Raises:
        ValueError: the text needs more steps.
    """
    outputs = np.full(2 * len(text) + 1, BLANK)
    outputs[1::2] = encode(text)
    # A blank may be left out between two characters that differ.
    skip = np.full(len(outputs), -np.inf)
    skip[3::2][outputs[3::2] != outputs[1:-2:2]] = 0
    emitted = log_probs[:, outputs]
    scores = np.full(len(outputs), -np.inf)
    scores[:2] = emitted[0, :2]
    moves = np.zeros(emitted.shape, dtype=np.int8)
    ways = np.full((3, len(outputs)), -np.inf)
    for step in range(1, len(emitted)):
        ways[0] = scores
        ways[1, 1:] = scores[:-1]
        ways[2, 2:] = scores[:-2] + skip[2:]
        moves[step] = ways.argmax(axis=0)
        scores = ways.max(axis=0) + emitted[step]
    place = len(outputs) - 2 + int(scores[-2:].argmax()) if text else 0
    if scores[place] == -np.inf:
        raise ValueError(f"{text!r} does not fit in {len(log_probs)} steps")
    spans: list[list[int]] = [[-1, -1] for _ in text]
    for step in range(len(emitted) - 1, -1, -1):
        if place % 2:
            span = spans[place // 2]
            span[0], span[1] = step, max(span[1], step)
        place -= int(moves[step, place])
    return [(first, last) for first, last in spans]


def read_line(log_probs: np.ndarray, decoder: Decoder, calibration: Calibration) -> LineRead:
    """Decode a line, and find where its characters are and how sure they are.

    Args:
        log_probs: float (steps, 96).
        decoder: chooses the text.
        calibration: of the network.
    """
    text = decoder(log_probs)
    characters = [
        _character(log_probs, first, last, character, calibration.temperature)
        for (first, last), character in zip(align(log_probs, text), text, strict=True)
    ]
    log_prob = float(text_log_probs(log_probs, [text])[0])
    return LineRead(characters, calibration.confidence(log_prob, len(text)))


def _character(
    log_probs: np.ndarray, first: int, last: int, character: str, temperature: float
) -> CharacterRead:
    """With the alternatives of its surest step."""
    steps, (output,) = log_probs[first : last + 1], encode(character)
    among = steps[steps[:, output].argmax(), 1:] / temperature
    among = np.exp(among - among.max())
    among /= among.sum()
    order = [k for k in np.argsort(-among, kind="stable").tolist() if k != output - 1]
    chosen = [output - 1, *order[: ALTERNATIVES - 1]]
    return CharacterRead(first, last, [(ALPHABET[k], float(among[k])) for k in chosen])
