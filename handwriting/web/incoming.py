"""Validation of values from a browser: type, range and length.

A browser may run other JavaScript than the page's own, so values can have any type and size.
"""

from collections.abc import Sequence
from typing import Any

MOST_OF_NAME = 100
"""Maximum characters of a displayed file name."""

MOST_OF_WORD = 200
"""Maximum characters of a corrected word; the field in static/words.js has the same limit."""

WIDTHS, HEIGHTS = (100, 4000), (200, 4000)
"""Ranges of a window's size in pixels."""


def window_size(told: Any) -> tuple[float, float] | None:
    """Width and height of a window in pixels, clipped to WIDTHS and HEIGHTS; ``None`` for a value
    of another type."""
    if not _is_list(told) or len(told) != 2 or not all(map(_is_number, told)):
        return None
    width, height = (
        min(max(side, least), most)
        for side, (least, most) in zip(told, (WIDTHS, HEIGHTS), strict=True)
    )
    return width, height


def corrections(told: Any, words_of_lines: Sequence[int]) -> dict[tuple[int, int], str]:
    """Corrected texts by line and word; invalid corrections are left out.

    Args:
        told: list of [line, word, text], from the browser.
        words_of_lines: number of words in each line.
    """
    if not _is_list(told):
        return {}
    # A word has at most one correction.
    found = [one for one in told[: sum(words_of_lines)] if _is_correction(one, words_of_lines)]
    return {(line, word): " ".join(text.split()) for line, word, text in found}


def file_name(told: str) -> str:
    """A file name without unprintable characters, shortened in the middle if it is long."""
    name = "".join(character for character in told if character.isprintable()) or "picture"
    half = (MOST_OF_NAME - 1) // 2
    return name if len(name) <= MOST_OF_NAME else f"{name[:half]}…{name[-half:]}"


def _is_list(told: Any) -> bool:
    return isinstance(told, list | tuple)


def _is_number(told: Any) -> bool:
    # NaN is not equal to itself.
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
