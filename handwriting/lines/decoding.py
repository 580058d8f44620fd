"""Decoding of the network's outputs to text, with positions and confidence of characters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F

from handwriting.alphabet import ALPHABET, BLANK, decode, encode

ALTERNATIVES = 5
"""Number of ranked characters at each position, the predicted one included."""


@dataclass(frozen=True)
class Decoded:
    """Text predicted by a decoder.

    Attributes:
        text: the prediction.
        log_prob: log p of the text among the decoder's candidates.
        prior: float (characters, ALPHABET), added to the logits of the characters at each position;
            ``None`` for zeros.
    """

    text: str
    log_prob: float
    prior: np.ndarray | None = None


class Decoder(Protocol):
    """Chooses the text of a line; ``name`` selects the calibration of a network."""

    @property
    def name(self) -> str:
        """Key in the ``calibration`` of a weights file."""

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The text of float (steps, outputs), log p(output) at each step."""


@dataclass(frozen=True)
class CharacterRead:
    """One predicted character of a line.

    Attributes:
        first: its first step.
        last: its last step, inclusive.
        ranked: characters with their probabilities in 0..1, the predicted one first, then the most
            likely others.
    """

    first: int
    last: int
    ranked: list[tuple[str, float]]

    @property
    def character(self) -> str:
        """The predicted character."""
        return self.ranked[0][0]


@dataclass(frozen=True)
class Calibration:
    """Parameters of calibrated probabilities; the defaults are the identity.

    Attributes:
        temperature: divides the logits of a character's alternatives.
        slope: factor on the log odds of a whole text.
        per_character: added to the log odds for each character.
        offset: added to the log odds.
        word_slope: factor on the log odds of a word of a line, whose probability is the product of
            its characters'.
        word_line: factor on the log odds of the line's probability for each of its words.
        word_offset: added to the log odds of a word.
    """

    temperature: float = 1.0
    slope: float = 1.0
    per_character: float = 0.0
    offset: float = 0.0
    word_slope: float = 1.0
    word_line: float = 0.0
    word_offset: float = 0.0

    def confidence(self, odds: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Probability of an exact match in 0..1, from :func:`log_odds` and lengths of texts."""
        return _logistic(self.slope * odds + self.per_character * length + self.offset)

    def word_confidence(self, odds: np.ndarray, line: np.ndarray) -> np.ndarray:
        """The same of words of lines, from their log odds and those of :attr:`word_line`."""
        return _logistic(self.word_slope * odds + self.word_line * line + self.word_offset)


def _logistic(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


@dataclass(frozen=True)
class LineRead:
    """Prediction for the image of a word or a line.

    Attributes:
        characters: from left to right, with spaces.
        confidence: calibrated probability of an exact match, in 0..1.
        clearness: see :func:`clearness`.
        log_prob: of the text, see `Decoded`.
        calibration: of its words.
    """

    characters: list[CharacterRead]
    confidence: float
    clearness: float = 1.0
    log_prob: float = 0.0
    calibration: Calibration = Calibration()

    @property
    def text(self) -> str:
        """The predicted text."""
        return "".join(character.character for character in self.characters)

    def word_confidence(self, start: int, end: int) -> float:
        """Calibrated probability, in 0..1, that the word of the characters start to end - 1 is an
        exact match."""
        if end - start == len(self.characters):
            return self.confidence
        sure = np.prod([character.ranked[0][1] for character in self.characters[start:end]])
        odds = log_odds(np.log(np.maximum(sure, 1e-300)))
        line = log_odds(np.array(self.log_prob / len(self.text.split())))
        return float(self.calibration.word_confidence(odds, line))


def log_odds(log_probs: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of log p, clipped to finite values."""
    probabilities = np.clip(np.exp(log_probs), 1e-300, 1 - 1e-9)
    return np.log(probabilities / (1 - probabilities))


def greedy(log_probs: np.ndarray) -> str:
    """Greedy decoding (best path): the most likely output at each step, without repetitions and
    blanks; float (steps, outputs)."""
    best = log_probs.argmax(axis=1)
    is_new = np.append(True, best[1:] != best[:-1])
    return decode(best[is_new & (best != BLANK)]).strip()


MARKS = "-_.,~= "
"""What rests of ruled lines and dust are predicted as."""


def clearness(log_probs: np.ndarray) -> float:
    """How much an image looks like writing, in 0..1, independent of the decoder.

    It is the mean probability of the most likely output over the steps where that is a character.

    Args:
        log_probs: float (steps, outputs).
    """
    likeliest = log_probs.max(axis=1)[log_probs.argmax(axis=1) != BLANK]
    return float(np.exp(likeliest).mean()) if len(likeliest) else 0.0


def looks_like_writing(log_probs: np.ndarray, least: float) -> bool:
    """Whether an image has this clearness and more than MARKS; always, if ``least`` is 0.

    Args:
        log_probs: float (steps, outputs).
        least: clearness, in 0..1.
    """
    if least <= 0:
        return True
    return clearness(log_probs) >= least and bool(greedy(log_probs).strip(MARKS))


class GreedyDecoder:
    """Greedy decoding; the log p is the network's."""

    name = "greedy"

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The text of float (steps, outputs)."""
        text = greedy(log_probs)
        return Decoded(text, float(text_log_probs(log_probs, [text])[0]))


GREEDY = GreedyDecoder()


def text_log_probs(log_probs: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """float64 (texts,): log p(text), summed over all alignments (CTC, Graves et al. 2006).

    Args:
        log_probs: float (steps, outputs).
        texts: to score; a text that needs more steps has -inf.
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
    """First and last step of each character in the most likely alignment of a text (Viterbi).

    Args:
        log_probs: float (steps, outputs).
        text: to align.

    Raises:
        ValueError: the text needs more steps.
    """
    outputs = np.full(2 * len(text) + 1, BLANK)
    outputs[1::2] = encode(text)
    # Between two different characters the blank is optional.
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
    """float (characters, ALPHABET): logits of the alternatives at each position.

    They are taken from the step of a character's span at which the predicted character is most
    likely.

    Args:
        log_probs: float (steps, outputs).
        decoded: the prediction.
        spans: first and last step of each character, from :func:`align`.
    """
    logits = np.empty((len(spans), len(ALPHABET)))
    for place, ((first, last), output) in enumerate(zip(spans, encode(decoded.text), strict=True)):
        surest = first + int(log_probs[first : last + 1, output].argmax())
        logits[place] = log_probs[surest, BLANK + 1 :]
    return logits if decoded.prior is None else logits + decoded.prior


def read_line(log_probs: np.ndarray, decoder: Decoder, calibration: Calibration) -> LineRead:
    """Decode a line, with positions and confidence of its characters.

    Args:
        log_probs: float (steps, outputs).
        decoder: chooses the text.
        calibration: of the network for this decoder.
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
    return LineRead(characters, confidence, clearness(log_probs), decoded.log_prob, calibration)


def likeliest_texts(
    ranked: Sequence[Sequence[tuple[str, float]]], most: int = ALTERNATIVES
) -> list[tuple[str, float]]:
    """The most likely combinations of alternatives, with the product of their probabilities.

    Args:
        ranked: at each position, characters with their probabilities, the predicted one first.
        most: maximum number of texts.

    Returns:
        The predicted text, then the most likely others.
    """
    texts = [("", 1.0)]
    for characters in ranked:
        read, *others = (
            (text + character, p * more) for text, p in texts for character, more in characters
        )
        texts = [read, *sorted(others, key=lambda found: -found[1])[: most - 1]]
    return texts


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities along the last axis, of logits divided by the temperature."""
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / temperature
    return np.exp(scaled) / np.exp(scaled).sum(axis=-1, keepdims=True)


def _ranked(logits: np.ndarray, character: str, temperature: float) -> list[tuple[str, float]]:
    probabilities = softmax(logits, temperature)
    read = ALPHABET.index(character)
    order = np.argsort(-logits, kind="stable").tolist()
    order = [k for k in order if k != read and logits[k] > -np.inf]
    return [(ALPHABET[k], float(probabilities[k])) for k in [read, *order][:ALTERNATIVES]]
