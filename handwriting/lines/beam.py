"""CTC prefix beam search with a language model."""

from dataclasses import dataclass
from math import exp, inf, log1p

import numpy as np

from handwriting.alphabet import ALPHABET, BLANK, OUTPUT
from handwriting.lines.decoding import Decoded, greedy, text_log_probs
from handwriting.lines.language import LanguageModel

Beam = dict[str, list[float]]
"""For each prefix, log p of the alignments that end with a blank, and with its last character."""


@dataclass(frozen=True)
class BeamDecoder:
    """Prefix beam search (Hannun et al. 2014, arXiv 1408.2873).

    It searches the text with the highest log p(text | image) + weight · log p(text) + bonuses of
    the characters. The score is never below that of the text of `greedy`. The returned log p is
    normalised over the final beam. Weight and bonuses were the best on held-out samples
    (docs/log.md).

    Attributes:
        model: language model, or ``None`` for none.
        weight: of the language model.
        bonus: for each character but a space, in nats; a language model alone favours short texts.
        space_bonus: for a space, in nats.
        width: number of prefixes kept at each step.
        least: minimum log p of an output to extend prefixes at a step.
    """

    model: LanguageModel | None = None
    weight: float = 0.7
    bonus: float = 1.8
    space_bonus: float = 0.5
    width: int = 24
    least: float = -7.0

    @property
    def name(self) -> str:
        """Key in the ``calibration`` of a weights file."""
        return "language" if self.model else "beam"

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The text of float (steps, outputs)."""
        beam: Beam = {"": [0.0, -inf]}
        language = {"": 0.0}
        for row, is_likely in zip(log_probs.tolist(), log_probs > self.least, strict=True):
            beam = _extended(beam, row, np.flatnonzero(is_likely).tolist())
            for prefix in beam:
                if prefix not in language:
                    language[prefix] = language[prefix[:-1]] + self._added(prefix)
            beam = self._pruned(beam, language)
        texts = sorted({prefix.strip() for prefix in beam} | {greedy(log_probs)})
        scores = text_log_probs(log_probs, texts) + [self._language(text) for text in texts]
        best = int(scores.argmax())
        log_prob = float(scores[best] - np.logaddexp.reduce(scores))
        return Decoded(texts[best], log_prob, self._prior(texts[best]))

    def _prior(self, text: str) -> np.ndarray | None:
        """float (characters, ALPHABET): weighted log p of each character at each position."""
        if self.model is None or not text:
            return None
        return self.weight * np.stack([self.model.log_probs(text[:k]) for k in range(len(text))])

    def _pruned(self, beam: Beam, language: dict[str, float]) -> Beam:
        if len(beam) <= self.width:
            return beam
        totals = {prefix: _add(*ways) + language[prefix] for prefix, ways in beam.items()}
        best = sorted(totals, key=totals.__getitem__, reverse=True)[: self.width]
        return {prefix: beam[prefix] for prefix in best}

    def _added(self, prefix: str) -> float:
        """Language score of the last character."""
        if self.model is None:
            return 0.0
        log_p = self.model.log_probs(prefix[:-1])[OUTPUT[prefix[-1]] - 1]
        return self.weight * float(log_p) + self._bonus(prefix[-1])

    def _bonus(self, character: str) -> float:
        return self.space_bonus if character == " " else self.bonus

    def _language(self, text: str) -> float:
        """Language score of a whole text."""
        if self.model is None:
            return 0.0
        return self.weight * self.model.score(text) + sum(map(self._bonus, text))


def _extended(beam: Beam, row: list[float], likely: list[int]) -> Beam:
    """The beam after one step: each prefix, and its extensions by the likely outputs."""
    found: Beam = {}
    characters = [(ALPHABET[output - 1], row[output]) for output in likely if output != BLANK]
    for prefix, (blank, character) in beam.items():
        total = _add(blank, character)
        same = found.setdefault(prefix, [-inf, -inf])
        same[0] = total + row[BLANK]
        last = prefix[-1:]
        if last:
            repeated = character + row[OUTPUT[last]]
            same[1] = _add(same[1], repeated)
        for following, log_p in characters:
            longer = found.setdefault(prefix + following, [-inf, -inf])
            # A repeated character needs a blank in between.
            longer[1] = _add(longer[1], (blank if following == last else total) + log_p)
    return found


def _add(a: float, b: float) -> float:
    """log(e^a + e^b)."""
    if a < b:
        a, b = b, a
    return a if b == -inf else a + log1p(exp(b - a))
