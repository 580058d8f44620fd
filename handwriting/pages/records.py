"""What was read of a picture, for programs: an object for JSON, rows for a table."""

from typing import Any

import numpy as np

from handwriting.pages.reading import LineOfPage, WordRead, text_of_page

COLUMNS = ("file", "line", "word", "text", "confidence", "left", "top", "right", "bottom")
"""Of :func:`word_rows`."""


def picture_record(file: str, size: tuple[int, int], lines: list[LineOfPage]) -> dict[str, Any]:
    """What was read of a picture, ready for JSON.

    Args:
        file: the picture's.
        size: its width and height in pixels.
        lines: what was read.
    """
    return {
        "file": file,
        "width": size[0],
        "height": size[1],
        "text": text_of_page(lines),
        "lines": [
            {
                **_facts(line.whole),
                "indent": line.indent,
                "words": [_facts(word) for word in line.words],
                "characters": [
                    [[other, round(p, 4)] for other, p in character.ranked]
                    for character in line.whole.characters
                ],
            }
            for line in lines
        ],
    }


def word_rows(file: str, lines: list[LineOfPage]) -> list[tuple[str | int | float, ...]]:
    """A row of COLUMNS for each word; lines and words are counted from 1."""
    return [
        (file, number, place, word.text, round(word.confidence, 4), *_box(word))
        for number, line in enumerate(lines, start=1)
        for place, word in enumerate(line.words, start=1)
    ]


def _facts(read: WordRead) -> dict[str, Any]:
    return {
        "text": read.text,
        "confidence": round(read.confidence, 4),
        "box": _box(read),
        "polygon": np.round(read.polygon).astype(int).tolist(),
    }


def _box(read: WordRead) -> list[int]:
    """Left, top, right and bottom in the picture's pixels."""
    low, high = np.floor(read.polygon.min(axis=0)), np.ceil(read.polygon.max(axis=0))
    return [int(value) for value in (*low, *high)]
