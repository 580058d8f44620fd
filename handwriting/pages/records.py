"""Result of reading an image, and its records for JSON and tables."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handwriting.formats.annotated import (
    AnnotatedLine,
    AnnotatedPage,
    AnnotatedWord,
    box_of,
    polygon_on_page,
)
from handwriting.pages.page_text import FieldRead, LineOfPage, Unread, WordRead, text_of_page

COLUMNS = ("file", "line", "word", "text", "confidence", "left", "top", "right", "bottom")
"""Column names of :func:`word_rows`."""


@dataclass(frozen=True)
class Page:
    """Text of an image of a page or of one line.

    Attributes:
        width: of the upright image in pixels.
        height: likewise.
        lines: in reading order; empty if no writing was found.
        unread: what looks like writing and is not part of the text.
        fields: frames, rows of boxes and tables that were drawn around text.
        number: of the page in a document of several, from 1; ``None`` for an image of its own.
    """

    width: int
    height: int
    lines: list[LineOfPage]
    unread: list[Unread] = field(default_factory=list)
    fields: list[FieldRead] = field(default_factory=list)
    number: int | None = None

    @property
    def text(self) -> str:
        """The text with line breaks and indentation."""
        return text_of_page(self.lines)

    def annotated(self, image: str) -> AnnotatedPage:
        """The lines and words with their places on the page, for ALTO, PAGE and hOCR.

        Args:
            image: name of the image file.
        """
        size = (self.width, self.height)
        lines = [_annotated_line(line, size) for line in self.lines]
        found = tuple(line for line in lines if line is not None)
        return AnnotatedPage(image, *size, found, number=self.number or 1)

    def record(self, file: str) -> dict[str, Any]:
        """All results as values for JSON, under a file's name; `page` only in a document."""
        return {
            "file": file,
            **({"page": self.number} if self.number else {}),
            "width": self.width,
            "height": self.height,
            "text": self.text,
            "lines": [_line_record(line) for line in self.lines],
            "fields": [_field_record(each) for each in self.fields],
            "unread": [_unread_record(place) for place in self.unread],
        }


def word_rows(file: str, lines: list[LineOfPage]) -> list[tuple[str | int | float, ...]]:
    """A row of COLUMNS for each word; lines and words count from 1, boxes are in pixels."""
    return [
        (file, number, place, word.text, round(word.confidence, 4), *word.box)
        for number, line in enumerate(lines, start=1)
        for place, word in enumerate(line.words, start=1)
    ]


def _line_record(line: LineOfPage) -> dict[str, Any]:
    return {
        **_facts(line.whole),
        "indent": line.indent,
        "words": [_facts(word) for word in line.words],
        "characters": [
            [[other, round(p, 4)] for other, p in character.ranked]
            for character in line.whole.characters
        ],
    }


def _field_record(read: FieldRead) -> dict[str, Any]:
    cells = [
        {
            "text": cell.text,
            "row": cell.row,
            "column": cell.column,
            "polygon": np.round(cell.polygon).astype(int).tolist(),
        }
        for cell in read.cells
    ]
    return {"kind": read.kind, "text": read.text, "box": list(read.box), "cells": cells}


def _unread_record(place: Unread) -> dict[str, Any]:
    polygon = np.round(place.polygon).astype(int).tolist()
    return {"why": place.why, "box": list(place.box), "polygon": polygon}


def _annotated_line(line: LineOfPage, size: tuple[int, int]) -> AnnotatedLine | None:
    """A line; ``None`` where no pixel of it lies on the page."""
    polygon = _on_page(line.whole, size)
    if polygon is None:
        return None
    words = [
        AnnotatedWord(word.text, box_of(corners), word.confidence)
        for word in line.words
        if (corners := _on_page(word, size)) is not None
    ]
    return AnnotatedLine(line.text, polygon, words=tuple(words), confidence=line.confidence)


def _on_page(read: WordRead, size: tuple[int, int]) -> np.ndarray | None:
    return polygon_on_page(np.round(read.polygon).astype(np.int64), *size)


def _facts(read: WordRead) -> dict[str, Any]:
    return {
        "text": read.text,
        "confidence": round(read.confidence, 4),
        "is_sure": read.is_sure,
        "box": list(read.box),
        "polygon": np.round(read.polygon).astype(int).tolist(),
    }
