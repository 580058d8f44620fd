"""What a person takes instead of what was read."""

import dataclasses
from collections.abc import Mapping

from handwriting.lines.decoding import CharacterRead
from handwriting.pages.reading import LineOfPage, WordRead

Choices = Mapping[tuple[int, int], str]
"""A character for a line and a place in it, both counted from 0, spaces too."""


def corrected(lines: list[LineOfPage], choices: Choices) -> list[LineOfPage]:
    """The lines with other characters; each must be one of the ranked ones, else nothing changes.

    Confidences stay those of what was read.
    """
    return [_corrected_line(line, number, choices) for number, line in enumerate(lines)]


def places_of_words(line: LineOfPage) -> list[int]:
    """Where the words of a line begin, in its characters."""
    places, at = [], 0
    characters = line.whole.characters
    for word in line.words:
        while characters[at].character == " ":
            at += 1
        places.append(at)
        at += len(word.characters)
    return places


def _corrected_line(line: LineOfPage, number: int, choices: Choices) -> LineOfPage:
    characters = [
        _with_first(character, choices.get((number, place)))
        for place, character in enumerate(line.whole.characters)
    ]
    words = [
        _rewritten(word, characters[start : start + len(word.characters)])
        for word, start in zip(line.words, places_of_words(line), strict=True)
    ]
    return LineOfPage(_rewritten(line.whole, characters), words, line.indent)


def _with_first(read: CharacterRead, chosen: str | None) -> CharacterRead:
    first = [pair for pair in read.ranked if pair[0] == chosen]
    others = [pair for pair in read.ranked if pair[0] != chosen]
    return dataclasses.replace(read, ranked=first + others)


def _rewritten(read: WordRead, characters: list[CharacterRead]) -> WordRead:
    text = "".join(character.character for character in characters)
    return dataclasses.replace(read, text=text, characters=characters)
