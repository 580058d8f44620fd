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

MOST_WORDS, MOST_CHARACTERS = 500_000, 5_000_000
"""Of a list. Each picture is compared with all of them, which takes some seconds then."""


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
        letters = sum(map(len, self.words))
        if len(self.words) > MOST_WORDS or letters > MOST_CHARACTERS:
            raise HandwritingError(
                f"the word list holds {len(self.words):,} words of {letters:,} characters; "
                f"{MOST_WORDS:,} of {MOST_CHARACTERS:,} may be. Leave out the rare ones."
            )
        self._parents, self._outputs, self._ends = _tree(self.words)
        is_repeated = self._outputs == self._outputs[self._parents]
        self._barred = np.where(is_repeated, -np.inf, 0.0)

    @classmethod
    def load(cls, path: Path) -> "WordList":
        """Read a text file with a word on each line.

        Raises:
            HandwritingError: missing, no text, without a word or with too many, or with one that is
                too long or not printable ASCII.
        """
        check_is_file(path)
        try:
            # Twice the characters that may be: blanks and line ends count here as well.
            if path.stat().st_size > 2 * MOST_CHARACTERS:
                raise HandwritingError(
                    f"{path} has more than {2 * MOST_CHARACTERS / 1e6:.0f} MB, too much for a word "
                    f"list: {MOST_WORDS:,} words may be. Leave out the rare ones."
                )
            lines = path.read_text(encoding="utf-8-sig").splitlines()
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


def _tree(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tree of some words' beginnings, level by level; node 0 is the empty one.

    Args:
        words: sorted, none twice, one at least.

    Returns:
        int32 (nodes,), each one's parent; int (nodes,), the output that it adds, a blank for node
        0; and int (words,), where each ends.
    """
    outputs = np.array(encode("".join(words)), dtype=np.int64)
    lengths = np.array([len(word) for word in words])
    starts = lengths.cumsum() - lengths
    node = np.zeros(len(words), dtype=np.int32)
    is_as_before = np.append(False, np.ones(len(words) - 1, dtype=bool))
    parents, added, count = [np.zeros(1, np.int32)], [np.array([BLANK])], 1
    alive = np.arange(len(words))
    for depth in range(int(lengths.max())):
        alive = alive[lengths[alive] > depth]
        own = outputs[starts[alive] + depth]
        follows = np.append(False, np.diff(alive) == 1)
        is_as_before[alive] &= follows & np.append(False, own[1:] == own[:-1])
        is_new = ~is_as_before[alive]
        parents.append(node[alive[is_new]])
        added.append(own[is_new])
        node[alive] = count + is_new.cumsum() - 1
        count += int(is_new.sum())
    return np.concatenate(parents), np.concatenate(added), node
