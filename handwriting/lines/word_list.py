"""Decoding with a closed vocabulary: the most likely entry of a word list, scored exactly."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handwriting.alphabet import ALPHABET, BLANK, encode
from handwriting.errors import HandwritingError
from handwriting.files import check_is_file
from handwriting.imaging.line import LONGEST
from handwriting.lines.decoding import Decoded, text_log_probs
from handwriting.lines.network import COLUMNS_PER_STEP

LONGEST_TEXT = LONGEST // COLUMNS_PER_STEP
"""Characters; the widest image of a line has this number of steps."""

MOST_WORDS, MOST_CHARACTERS = 500_000, 5_000_000
"""Limits of a list, whose entries are all scored for each image, in seconds at these limits."""


class WordList:
    """Decoder with a closed vocabulary.

    An image shows one entry of the list; words of a line must be cut out before. All entries are
    scored together on a prefix tree with CTC's forward sums (Graves et al. 2006). The log p is
    normalised over the list.

    Args:
        words: words or whole lines in the alphabet, at least one.

    Raises:
        HandwritingError: there is no word, one is in another script, or there are too many.
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
                f"{MOST_WORDS:,} of {MOST_CHARACTERS:,} are possible. Leave out rare words."
            )
        self._parents, self._outputs, self._ends = _tree(self.words)
        is_repeated = self._outputs == self._outputs[self._parents]
        self._barred = np.where(is_repeated, -np.inf, 0.0)

    @classmethod
    def load(cls, path: Path) -> "WordList":
        """Read a text file with one word a line.

        Raises:
            HandwritingError: the file is missing, not text, empty or too large, or a word is too
                long or in another script.
        """
        check_is_file(path)
        try:
            # Twice the limit, because blanks and line ends count here as well.
            if path.stat().st_size > 2 * MOST_CHARACTERS:
                raise HandwritingError(
                    f"{path} has more than {2 * MOST_CHARACTERS / 1e6:.0f} MB, too much for a word "
                    f"list: {MOST_WORDS:,} words are possible. Leave out rare words."
                )
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise HandwritingError(f"{path} is not a word list ({error}).") from error
        for number, line in enumerate(map(str.strip, lines), start=1):
            if not set(line) <= set(ALPHABET):
                raise HandwritingError(
                    f"{path}, line {number}: {line!r:.60} holds a character that is not one of "
                    "Western Europe."
                )
            if len(line) > LONGEST_TEXT:
                raise HandwritingError(
                    f"{path}, line {number} has {len(line):,} characters; an image shows at most "
                    f"{LONGEST_TEXT:,}. Put each word on its own line."
                )
        try:
            return cls(lines)
        except HandwritingError as error:
            raise HandwritingError(f"{path}: {error}") from error

    def __call__(self, log_probs: np.ndarray) -> Decoded:
        """The most likely word of float (steps, outputs); empty if each word needs more steps."""
        scores = self.log_probs(log_probs)
        best = int(scores.argmax())
        if scores[best] == -np.inf:
            return Decoded("", float(text_log_probs(log_probs, [""])[0]))
        return Decoded(self.words[best], float(scores[best] - np.logaddexp.reduce(scores)))

    def log_probs(self, log_probs: np.ndarray) -> np.ndarray:
        """float64 (words,): log p of each of ``words``, given float (steps, outputs)."""
        # log p of the alignments to each prefix that end with a blank, and with its character.
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
    """Prefix tree of words, level by level; node 0 is the empty prefix.

    Args:
        words: sorted, distinct, at least one.

    Returns:
        int32 (nodes,), parent of each node; int (nodes,), output that it adds, a blank for node 0;
        and int (words,), node of each word.
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
