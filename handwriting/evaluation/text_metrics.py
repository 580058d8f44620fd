"""Metrics of text lines: character and word error rates."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from handwriting.lines.languages import ENGLISH


def edit_distance(first: Sequence[object], second: Sequence[object]) -> int:
    """Edit distance: fewest insertions, deletions and substitutions (Levenshtein 1966)."""
    codes: dict[object, int] = {}
    numbers = [
        np.array([codes.setdefault(i, len(codes)) for i in side]) for side in (first, second)
    ]
    row = places = np.arange(len(second) + 1)
    for count, number in enumerate(numbers[0], start=1):
        replaced = row[:-1] + (numbers[1] != number)
        best = np.append(count, np.minimum(replaced, row[1:] + 1))
        # Insertions run along the row, with one more edit at each place.
        row = np.minimum.accumulate(best - places) + places
    return int(row[-1])


def aligned(read: str, text: str) -> list[tuple[str, str]]:
    """Align each character of a text with its prediction, "" for a missing one.

    The alignment has the fewest edits. Inserted characters are omitted.
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


def plain(text: str) -> str:
    """A text without case and accents, in ASCII where it is of Western Europe: ``œ`` is ``oe``,
    ``ß`` is ``ss``."""
    parts = unicodedata.normalize("NFKD", ENGLISH.spelled(text))
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()


def _alphanumeric(text: str) -> str:
    return "".join(filter(str.isalnum, plain(text)))


def text_metrics(read: Sequence[str], texts: Sequence[str]) -> dict[str, float]:
    """Error rates of predictions against the true texts, over all samples together.

    Returns:
        ``cer``: character error rate, without spaces; ``cer_alphanumeric``: CER of letters and
        digits alone, ignoring case and accents; ``wer``: word error rate; ``exact``: fraction of
        exact matches, where consecutive spaces count as one; ``samples``.
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


def by_writer(
    read: Sequence[str], texts: Sequence[str], writers: Sequence[str]
) -> dict[str, float]:
    """CER of the writers of samples: ``count`` of them, the ``median``, and the ``worst_tenth``,
    the mean of the tenth with the highest CER, of one at least. Empty where each has one sample, as
    where no writer is known."""
    if len(set(writers)) == len(writers):
        return {}
    of: dict[str, tuple[list[str], list[str]]] = {}
    for found, text, writer in zip(read, texts, writers, strict=True):
        own = of.setdefault(writer, ([], []))
        own[0].append(found)
        own[1].append(text)
    cers = sorted((text_metrics(*own)["cer"] for own in of.values()), reverse=True)
    worst = cers[: max(1, round(len(cers) / 10))]
    return {
        "count": len(cers),
        "median": float(np.median(cers)),
        "worst_tenth": float(np.mean(worst)),
    }
