"""A person's corrections of predicted text."""

import dataclasses
from collections.abc import Mapping, Sequence

from handwriting.lines.decoding import CharacterRead
from handwriting.pages.page_text import FieldRead, LineOfPage, WordRead

Texts = Mapping[tuple[int, int], str]
"""Corrected text of each word, by the indices of its line and of the word in it, from 0."""


def corrected(lines: list[LineOfPage], texts: Texts) -> list[LineOfPage]:
    """The lines with corrected words; empty words, and lines without words, are left out.

    Confidences and boxes stay those of the prediction.
    """
    changed = [_corrected_line(line, number, texts) for number, line in enumerate(lines)]
    return [line for line in changed if line.words]


def corrected_fields(
    fields: Sequence[FieldRead], lines: Sequence[LineOfPage], texts: Texts
) -> list[FieldRead]:
    """The fields with the corrected text of the lines in them.

    Args:
        fields: of the page.
        lines: of the page, as they were read.
        texts: of :func:`corrected`.
    """
    changed = [_corrected_line(line, number, texts).text for number, line in enumerate(lines)]
    return [field.with_texts(changed) for field in fields]


def gaps_of_words(line: LineOfPage) -> list[list[CharacterRead]]:
    """The predicted spaces before each word of a line."""
    gaps, at = [], 0
    characters = line.whole.characters
    for word in line.words:
        start = at
        while characters[at].character == " ":
            at += 1
        gaps.append(characters[start:at])
        at += len(word.characters)
    return gaps


def _corrected_line(line: LineOfPage, number: int, texts: Texts) -> LineOfPage:
    words: list[WordRead] = []
    characters: list[CharacterRead] = []
    for place, (word, gap) in enumerate(zip(line.words, gaps_of_words(line), strict=True)):
        text = texts.get((number, place), word.text)
        if not text:
            continue
        changed = _rewritten(word, _typed(word.characters, text))
        characters += [*(gap if words else []), *changed.characters]
        words.append(changed)
    return dataclasses.replace(line, whole=_rewritten(line.whole, characters), words=words)


def _typed(read: list[CharacterRead], text: str) -> list[CharacterRead]:
    """Characters of a corrected text, with the alternatives of the prediction if the length is
    equal."""
    if len(read) == len(text):
        return [_with_first(*pair) for pair in zip(read, text, strict=True)]
    return [CharacterRead(read[0].first, read[-1].last, [(c, 1.0)]) for c in text]


def _with_first(read: CharacterRead, chosen: str) -> CharacterRead:
    first = [pair for pair in read.ranked if pair[0] == chosen]
    others = [pair for pair in read.ranked if pair[0] != chosen]
    return dataclasses.replace(read, ranked=(first or [(chosen, 1.0)]) + others)


def _rewritten(read: WordRead, characters: list[CharacterRead]) -> WordRead:
    text = "".join(character.character for character in characters)
    return dataclasses.replace(read, text=text, characters=characters)
