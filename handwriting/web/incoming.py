"""What a browser tells the page, checked where it comes in: its kind, range and length.

Nobody says that a browser runs the page's own JavaScript: a value may be of any kind and size.
"""

from collections.abc import Sequence
from typing import Any

MOST_OF_NAME = 100
"""Characters of a file's name that are kept."""

MOST_OF_WORD = 200
"""Characters that may be typed instead of a word; the field in static/words.js has the same."""

WIDTHS, HEIGHTS = (100, 4000), (200, 4000)
"""Pixels of a window that are believed."""


def window_size(told: Any) -> tuple[float, float] | None:
    """Width and height of a window in pixels, within what windows have; ``None`` for another
    kind of value."""
    if not _is_list(told) or len(told) != 2 or not all(map(_is_number, told)):
        return None
    width, height = (
        min(max(side, least), most)
        for side, (least, most) in zip(told, (WIDTHS, HEIGHTS), strict=True)
    )
    return width, height


def corrections(told: Any, words_of_lines: Sequence[int]) -> dict[tuple[int, int], str]:
    """The texts taken instead of words, by line and word; what is no correction is left out.

    Args:
        told: a list of line, word and text each.
        words_of_lines: how many words each line has.
    """
    if not _is_list(told):
        return {}
    # A word has one correction.
    found = [one for one in told[: sum(words_of_lines)] if _is_correction(one, words_of_lines)]
    return {(line, word): " ".join(text.split()) for line, word, text in found}


def file_name(told: str) -> str:
    """A file's name without what cannot be shown, its middle left out where it is long."""
    name = "".join(character for character in told if character.isprintable()) or "picture"
    half = (MOST_OF_NAME - 1) // 2
    return name if len(name) <= MOST_OF_NAME else f"{name[:half]}…{name[-half:]}"


def _is_list(told: Any) -> bool:
    return isinstance(told, list | tuple)


def _is_number(told: Any) -> bool:
    # What is not a number is not equal to itself.
    return type(told) in (int, float) and told == told


def _is_correction(told: Any, words_of_lines: Sequence[int]) -> bool:
    if not _is_list(told) or len(told) != 3:
        return False
    line, word, text = told
    return (
        type(line) is type(word) is int
        and 0 <= line < len(words_of_lines)
        and 0 <= word < words_of_lines[line]
        and isinstance(text, str)
        and len(text) <= MOST_OF_WORD
    )
