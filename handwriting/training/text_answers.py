"""What a text-line model predicts of characters, words and texts, and what of it is correct."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher

import numpy as np

from handwriting.alphabet import encode
from handwriting.lines.decoding import (
    Calibration,
    Decoder,
    align,
    character_logits,
    log_odds,
    softmax,
)

KINDS = ("characters", "words", "texts")


@dataclass(frozen=True)
class Answers:
    """Predictions for some samples, and which of them are correct.

    Attributes:
        logits: float (C, ALPHABET), of the alternatives of all predicted characters.
        characters: int64 (C,), the predicted characters.
        is_right: bool (C,), whether each is correct.
        is_in_word: bool (C,), whether each is part of a word of a text of several words.
        word_lengths: int64 (W,), in characters, of these words in their order.
        word_line: float (W,), log odds of the text's probability for each of its words.
        is_word: bool (W,), whether each is a word of the text, at its place.
        odds: float (N,), log odds of the whole texts.
        lengths: int64 (N,), text lengths in characters.
        is_whole: bool (N,), whether the text is an exact match, as in `text_metrics`.
    """

    logits: np.ndarray
    characters: np.ndarray
    is_right: np.ndarray
    is_in_word: np.ndarray
    word_lengths: np.ndarray
    word_line: np.ndarray
    is_word: np.ndarray
    odds: np.ndarray
    lengths: np.ndarray
    is_whole: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """int64 (3,): number of predictions of each of KINDS."""
        return np.array([len(self.is_right), len(self.is_word), len(self.is_whole)])

    def of_characters(self, temperature: float) -> np.ndarray:
        """float (C,): the probability of each predicted character."""
        return softmax(self.logits, temperature)[range(len(self.logits)), self.characters]

    def word_odds(self, temperature: float) -> np.ndarray:
        """float (W,): log odds of the products of the characters' probabilities."""
        if not len(self.word_lengths):
            return np.zeros(0)
        sure = self.of_characters(temperature)[self.is_in_word]
        starts = np.cumsum(self.word_lengths) - self.word_lengths
        return log_odds(np.add.reduceat(np.log(np.maximum(sure, 1e-300)), starts))

    def beside_what_came(self, calibration: Calibration) -> list[tuple[np.ndarray, np.ndarray]]:
        """Probabilities and correctness, of each of KINDS."""
        word_odds = self.word_odds(calibration.temperature)
        return [
            (self.of_characters(calibration.temperature), self.is_right),
            (calibration.word_confidence(word_odds, self.word_line), self.is_word),
            (calibration.confidence(self.odds, self.lengths), self.is_whole),
        ]


def right_characters(read: str, text: str) -> np.ndarray:
    """bool (predicted characters,): whether each is correct."""
    is_right = np.zeros(len(read), dtype=bool)
    for block in _blocks(read, text):
        is_right[block.a : block.a + block.size] = True
    return is_right


def right_words(read: str, text: str) -> list[bool]:
    """Whether each predicted word is a word of the text, at its place."""
    places = {block.a + k: block.b + k for block in _blocks(read, text) for k in range(block.size)}

    def is_right(start: int, end: int) -> bool:
        found = [places.get(k, -1) for k in range(start, end)]
        first, last = found[0], found[-1]
        if first < 0 or found != list(range(first, first + len(found))):
            return False
        return not text[:first][-1:].strip() and not text[last + 1 :][:1].strip()

    return [is_right(*found.span()) for found in re.finditer(r"\S+", read)]


def _blocks(read: str, text: str) -> list[Match]:
    return SequenceMatcher(None, read, text, autojunk=False).get_matching_blocks()


def answers(log_probs: Sequence[np.ndarray], texts: Sequence[str], decoder: Decoder) -> Answers:
    """Decode samples and compare them with the true texts.

    Args:
        log_probs: float (steps, outputs) of each sample.
        texts: the true texts.
        decoder: how to decode.
    """
    decoded = [decoder(rows) for rows in log_probs]
    read = [one.text for one in decoded]
    logits = [
        character_logits(rows, one, align(rows, one.text))
        for rows, one in zip(log_probs, decoded, strict=True)
    ]
    pairs = list(zip(read, texts, strict=True))
    several = [pair for pair in pairs if len(pair[0].split()) > 1]
    counts = np.array([len(found.split()) for found in read])
    log_ps = np.array([one.log_prob for one in decoded])
    of_words = np.repeat(log_ps / np.maximum(counts, 1), np.where(counts > 1, counts, 0))
    return Answers(
        np.concatenate(logits),
        np.array(encode("".join(read)), dtype=int) - 1,
        np.concatenate([right_characters(found, text) for found, text in pairs]),
        np.array([c != " " and len(t.split()) > 1 for t in read for c in t], dtype=bool),
        np.array([len(word) for found, _ in several for word in found.split()], dtype=int),
        log_odds(of_words),
        np.array([is_word for pair in several for is_word in right_words(*pair)], dtype=bool),
        log_odds(log_ps),
        np.array([len(found) for found in read]),
        np.array([found.split() == text.split() for found, text in pairs]),
    )
