"""From the network's outputs at each step to text, its characters' places and their confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F

from handwriting.lines.alphabet import ALPHABET, BLANK, decode, encode

ALTERNATIVES = 5
"""Ranked for each character, the read one included."""


@dataclass(frozen=True)
class Decoded:
    """The text that a decoder chose.

    Attributes:
        text: what was written.
        log_prob: log p that it is right, among what the decoder chooses from.
        prior: float (characters, 95), what the decoder adds to the logits of the characters that
            may stand in each place; nothing if ``None``.
    """

    text: str
    log_prob: float
    prior: np.ndarray | None = None


class Decoder(Protocol):
    """A way to choose the text; ``name`` says which calibration of a network is for it."""

    @property
    def name(self) -> str:
        """As in a weights file's ``calibration``."""

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The text of float (steps, 96), log p(output) at each step."""


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
        clearness: as of :func:`clearness`.
    """

    characters: list[CharacterRead]
    confidence: float
    clearness: float = 1.0

    @property
    def text(self) -> str:
        """What was read."""
        return "".join(character.character for character in self.characters)


@dataclass(frozen=True)
class Calibration:
    """Numbers that make probabilities mean what they say; the defaults change nothing.

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

    def confidence(self, odds: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Probability that texts are right, from their :func:`log_odds` and lengths."""
        return 1 / (1 + np.exp(-(self.slope * odds + self.per_character * length + self.offset)))


def log_odds(log_probs: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of log p, finite."""
    probabilities = np.clip(np.exp(log_probs), 1e-300, 1 - 1e-9)
    return np.log(probabilities / (1 - probabilities))


def greedy(log_probs: np.ndarray) -> str:
    """The most likely output at each step, repeated ones joined, blanks left out."""
    best = log_probs.argmax(axis=1)
    is_new = np.append(True, best[1:] != best[:-1])
    return decode(best[is_new & (best != BLANK)]).strip()


def clearness(log_probs: np.ndarray) -> float:
    """How much the ink looks like writing, however it is decoded: the mean probability of the most
    likely output where that is a character, 0..1.

    Args:
        log_probs: float (steps, 96).
    """
    likeliest = log_probs.max(axis=1)[log_probs.argmax(axis=1) != BLANK]
    return float(np.exp(likeliest).mean()) if len(likeliest) else 0.0


class GreedyDecoder:
    """What each step makes most likely; its log p is the network's."""

    name = "greedy"

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The text of float (steps, 96)."""
        text = greedy(log_probs)
        return Decoded(text, float(text_log_probs(log_probs, [text])[0]))


GREEDY = GreedyDecoder()


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


def character_logits(
    log_probs: np.ndarray, decoded: Decoded, spans: Sequence[tuple[int, int]]
) -> np.ndarray:
    """float (characters, 95): logits of what may stand in each place, at the step surest of what
    was read there.

    Args:
        log_probs: float (steps, 96).
        decoded: what was read.
        spans: first and last step of each character, from :func:`align`.
    """
    logits = np.empty((len(spans), len(ALPHABET)))
    for place, ((first, last), output) in enumerate(zip(spans, encode(decoded.text), strict=True)):
        surest = first + int(log_probs[first : last + 1, output].argmax())
        logits[place] = log_probs[surest, BLANK + 1 :]
    return logits if decoded.prior is None else logits + decoded.prior


def read_line(log_probs: np.ndarray, decoder: Decoder, calibration: Calibration) -> LineRead:
    """Decode a line, and find where its characters are and how sure they are.

    Args:
        log_probs: float (steps, 96).
        decoder: chooses the text.
        calibration: of the network with this decoder.
    """
    decoded = decoder(log_probs)
    spans = align(log_probs, decoded.text)
    logits = character_logits(log_probs, decoded, spans)
    characters = [
        CharacterRead(*span, _ranked(values, character, calibration.temperature))
        for span, values, character in zip(spans, logits, decoded.text, strict=True)
    ]
    odds = log_odds(np.array(decoded.log_prob))
    confidence = float(calibration.confidence(odds, len(characters)))
    return LineRead(characters, confidence, clearness(log_probs))


def likeliest_texts(
    ranked: Sequence[Sequence[tuple[str, float]]], most: int = ALTERNATIVES
) -> list[tuple[str, float]]:
    """Texts made of one of each place's characters, with the product of their probabilities.

    Args:
        ranked: of each place, characters with their probabilities, the read one first.
        most: how many, at most.

    Returns:
        The text of the read characters, then the most likely other ones.
    """
    texts = [("", 1.0)]
    for characters in ranked:
        read, *others = (
            (text + character, p * more) for text, p in texts for character, more in characters
        )
        texts = [read, *sorted(others, key=lambda found: -found[1])[: most - 1]]
    return texts


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities along the last axis."""
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / temperature
    return np.exp(scaled) / np.exp(scaled).sum(axis=-1, keepdims=True)


def _ranked(logits: np.ndarray, character: str, temperature: float) -> list[tuple[str, float]]:
    probabilities = softmax(logits, temperature)
    read = ALPHABET.index(character)
    order = [k for k in np.argsort(-logits, kind="stable").tolist() if k != read]
    return [(ALPHABET[k], float(probabilities[k])) for k in [read, *order][:ALTERNATIVES]]
