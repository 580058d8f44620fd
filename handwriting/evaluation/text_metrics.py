"""How well lines were read: character and word error rates."""

from collections.abc import Sequence

import numpy as np


def edit_distance(first: Sequence[object], second: Sequence[object]) -> int:
    """Fewest insertions, deletions and replacements from one to the other (Levenshtein 1966)."""
    row = np.arange(len(second) + 1)
    numbers = np.arange(len(second) + 1)
    for count, item in enumerate(first, start=1):
        replaced = row[:-1] + np.array([item != other for other in second], dtype=int)
        best = np.append(count, np.minimum(replaced, row[1:] + 1))
        # Insertions go along the row, one more at each place.
        row = np.minimum.accumulate(best - numbers) + numbers
    return int(row[-1])


def aligned(read: str, text: str) -> list[tuple[str, str]]:
    """Each character of a text and what was read in its place, "" for nothing.

    One of the alignments with the fewest edits; characters that were read beside the text are left
    out.
    """
    table = np.zeros((len(text) + 1, len(read) + 1), dtype=int)
    table[:, 0], table[0] = np.arange(len(text) + 1), np.arange(len(read) + 1)
    for i, j in np.ndindex(len(text), len(read)):
        other = int(text[i] != read[j])
        table[i + 1, j + 1] = min(table[i, j] + other, table[i, j + 1] + 1, table[i + 1, j] + 1)
    pairs, i, j = [], len(text), len(read)
    while i:
        if j and table[i, j] == table[i - 1, j - 1] + (text[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((text[i], read[j]))
        elif table[i, j] == table[i - 1, j] + 1:
            i -= 1
            pairs.append((text[i], ""))
        else:
            j -= 1
    return pairs[::-1]


def _alphanumeric(text: str) -> str:
    return "".join(c for c in text if c.isalnum()).lower()


def text_metrics(read: Sequence[str], texts: Sequence[str]) -> dict[str, float]:
    """Error rates of what was read against the texts, over all samples together.

    Returns:
        ``cer``: edits of characters, spaces left out, per character of the texts;
        ``cer_alphanumeric``: of letters and digits alone, case ignored; ``wer``: edits of words per
        word; ``exact``: share of samples whose text is wholly right, spaces in a row counting as
        one; ``samples``.
    """
    pairs = list(zip(read, texts, strict=True))

    def rate(split) -> float:
        edits = sum(edit_distance(split(found), split(text)) for found, text in pairs)
        return edits / max(sum(len(split(text)) for _, text in pairs), 1)

    return {
        "cer": rate(lambda text: "".join(text.split())),
        "cer_alphanumeric": rate(_alphanumeric),
        "wer": rate(str.split),
        "exact": sum(f.split() == t.split() for f, t in pairs) / max(len(pairs), 1),
        "samples": len(pairs),
    }
