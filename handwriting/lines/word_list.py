"""Reading what must be one of many words: the most likely one, all scored exactly."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handwriting.errors import HandwritingError
from handwriting.files import check_is_file
from handwriting.imaging.line import LONGEST
from handwriting.lines.alphabet import ALPHABET, BLANK, encode
from handwriting.lines.decoding import Decoded, text_log_probs
from handwriting.lines.network import COLUMNS_PER_STEP

LONGEST_TEXT = LONGEST // COLUMNS_PER_STEP
"""Characters; the longest picture of a line has no more steps."""


class WordList:
    """Decodes a picture of one of some words, or of one of some whole lines.

    All words are scored together on a tree of their beginnings with the sums of CTC (Graves et al.
    2006). A picture is one entry of the list; the words of a line must be cut out before. Its log p
    is that among the list.

    Args:
        words: printable ASCII, one at least; may hold spaces.

    Raises:
        HandwritingError: there is no word, or one is not printable ASCII.
    """

    name = "words"

    def __init__(self, words: Sequence[str]) -> None:
        self.words = sorted({word.strip() for word in words} - {""})
        if not self.words:
            raise HandwritingError("the word list holds no word.")
        # Node 0 is the beginning; each other node adds a character to an earlier one.
        nodes = {"": 0}
        parents, outputs = [0], [BLANK]
        for word in self.words:
            for end, output in enumerate(encode(word), start=1):
                if word[:end] not in nodes:
                    parents.append(nodes[word[: end - 1]])
                    outputs.append(output)
                    nodes[word[:end]] = len(nodes)
        self._parents, self._outputs = np.array(parents), np.array(outputs)
        self._ends = np.array([nodes[word] for word in self.words])
        is_repeated = self._outputs == self._outputs[self._parents]
        self._barred = np.where(is_repeated, -np.inf, 0.0)

    @classmethod
    def load(cls, path: Path) -> "WordList":
        """Read a text file with a word on each line.

        Raises:
            HandwritingError: missing, no text, without a word, or with one that is too long or
                not printable ASCII.
        """
        check_is_file(path)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise HandwritingError(f"{path} is no list of words ({error}).") from error
        for number, line in enumerate(map(str.strip, lines), start=1):
            if not set(line) <= set(ALPHABET):
                raise HandwritingError(
                    f"{path}, line {number}: {line!r:.60} is not printable ASCII."
                )
            if len(line) > LONGEST_TEXT:
                raise HandwritingError(
                    f"{path}, line {number} has {len(line):,} characters; one picture shows at "
                    f"most {LONGEST_TEXT:,}. Put each word on a line of its own."
                )
        try:
            return cls(lines)
        except HandwritingError as error:
            raise HandwritingError(f"{path}: {error}") from error

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The most likely word of float (steps, 96); empty if the steps are too few for all."""
        scores = self.log_probs(log_probs)
        best = int(scores.argmax())
        if scores[best] == -np.inf:
            return Decoded("", float(text_log_probs(log_probs, [""])[0]))
        return Decoded(self.words[best], float(scores[best] - np.logaddexp.reduce(scores)))

    def log_probs(self, log_probs: np.ndarray) -> np.ndarray:
        """float64 (words,): log p of each of ``words``, given float (steps, 96)."""
        # Ways to each node's beginning that end with a blank, and with its character.
        blank = np.full(len(self._parents), -np.inf)
        blank[0] = 0
        character = np.full(len(self._parents), -np.inf)
        for row in log_probs.astype(np.float64):
            from_parent = np.logaddexp(
                blank[self._parents], character[self._parents] + self._barred
            )
            blank = np.logaddexp(blank, character) + row[BLANK]
            character = np.logaddexp(character, from_parent) + row[self._outputs]
            character[0] = -np.inf
        return np.logaddexp(blank, character)[self._ends]
