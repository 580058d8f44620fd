"""Photographs of words and lines with their text: folders with a `text.csv` or a `words.json`."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from handwriting.alphabet import in_alphabet
from handwriting.datasets.tables import check_file, read_table
from handwriting.errors import HandwritingError
from handwriting.imaging.contrast import colours_of
from handwriting.imaging.line import contrast_of_line
from handwriting.imaging.photograph import open_picture

_LEVEL = 1.9
"""Largest height of a level line's box, as a multiple of its words' heights."""

_FARTHEST = 100_000
"""Largest coordinate of a word, in pixels."""


@dataclass(frozen=True)
class PhotographedText:
    """Images of one word or line each.

    Attributes:
        contrasts: uint8 (rows, columns) each, 0 paper, 255 ink, from `imaging.contrast`; or the
            result of another ``kept``.
        texts: in the alphabet of `handwriting.alphabet`.
        groups: str (N,), the writer if the table names one, else the photograph.
    """

    contrasts: list[np.ndarray]
    texts: list[str]
    groups: np.ndarray

    def subset(self, rows: np.ndarray) -> "PhotographedText":
        """A subset, by number."""
        chosen = [int(row) for row in rows]
        return PhotographedText(
            [self.contrasts[row] for row in chosen],
            [self.texts[row] for row in chosen],
            self.groups[chosen],
        )


def load_photographed(
    folder: Path,
    variants: bool = False,
    kept: Callable[[np.ndarray], np.ndarray] = contrast_of_line,
    chosen: Callable[[str], bool] = lambda _: True,
) -> PhotographedText:
    """Read a folder of images.

    `text.csv` has the columns ``file`` and ``text`` and optionally ``writer``; each image shows one
    word or line. Where ``text`` is in ASCII by necessity, a column ``text_as_written`` replaces it.
    `words.json` is a list of objects with ``image``, ``text``, ``line``, ``box`` (left, top, right,
    bottom) and ``polygon`` (x, y each): words in larger photographs.

    Args:
        folder: with one of these tables.
        variants: with a `words.json`, also return words cut out by their boxes, and lines, for
            training.
        kept: converts a photograph, uint8 (height, width, 3), to the data to keep.
        chosen: with a `words.json`, which photographs to open, by their names.

    Raises:
        HandwritingError: something is missing or damaged, or a text is in another script.
    """
    if not has_words(folder):
        return _load_table(folder, kept)
    contrasts, texts, groups = [], [], []
    of_image = read_words(folder / "words.json")
    of_image = {image: words for image, words in of_image.items() if chosen(image)}
    for picture, text, image in _words(folder, of_image, variants):
        contrasts.append(kept(picture))
        texts.append(text)
        groups.append(image)
    return PhotographedText(contrasts, texts, np.array(groups))


def has_words(folder: Path) -> bool:
    """Whether a folder has a `words.json`."""
    return (folder / "words.json").is_file()


def _load_table(folder: Path, kept: Callable[[np.ndarray], np.ndarray]) -> PhotographedText:
    rows = read_texts(folder / "text.csv")
    contrasts = [
        kept(colours_of(open_picture(folder / row["file"])))
        for row in tqdm(rows, unit="img", desc="reading")
    ]
    return PhotographedText(contrasts, [row["text"].strip() for row in rows], groups_of(rows))


def groups_of(rows: Sequence[dict[str, str]]) -> np.ndarray:
    """str (N,): the writer of each row of a `text.csv` if the table names one, else its file."""
    return np.array([row.get("writer") or row["file"] for row in rows])


def read_texts(table: Path) -> list[dict[str, str]]:
    """The rows of a `text.csv`, one dictionary each, with texts as written in ``text``.

    Raises:
        HandwritingError: see :func:`datasets.tables.read_table`; or a text is in another script, or
            a file lies outside the table's folder.
    """
    rows = read_table(table, "text")
    for line, row in rows:
        if not row["file"] or not row["text"]:
            raise HandwritingError(f"{table}, line {line}: a file and a text are needed.")
        check_file(table, f"line {line}", row["file"])
        text = row.get("text_as_written") or row["text"]
        lines = [in_alphabet(part) for part in text.splitlines()]
        if None in lines:
            raise HandwritingError(
                f"{table}, line {line}: {text!r:.60} is in another script than Western Europe's."
            )
        row["text"] = "\n".join(map(str, lines))
    return [row for _, row in rows]


def read_words(table: Path) -> dict[str, list[dict[str, Any]]]:
    """The words of each image in the alphabet of `handwriting.alphabet`, from a `words.json`.

    Returns:
        By image, in the table's order: ``text``, ``line`` (str), ``box`` int (4,) and ``polygon``
        int (P, 2) of each word.

    Raises:
        HandwritingError: it is damaged, or has no such word.
    """
    try:
        words = json.loads(table.read_text(encoding="utf-8"))
        of_image: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for number, word in enumerate(words, start=1):
            image, entry = str(word["image"]), _word(word, number)
            check_file(table, f"word {number}", image)
            if text := in_alphabet(entry["text"]):
                of_image[image].append(entry | {"text": text})
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise HandwritingError(f"{table} is not a list of words: {error}") from error
    if not of_image:
        raise HandwritingError(f"{table} has no word in letters of Western Europe.")
    return of_image


def _word(word: dict[str, Any], number: int) -> dict[str, Any]:
    """Text, line, box and polygon of a word.

    Raises:
        ValueError, KeyError, TypeError, OverflowError: one of them is missing or invalid.
    """
    box, polygon = (np.array(word[name], dtype=int) for name in ("box", "polygon"))
    if box.shape != (4,) or polygon.ndim != 2 or polygon.shape[1] != 2:
        raise ValueError(f"word {number} has no box of four or no polygon of points")
    if (box[:2] >= box[2:]).any():
        raise ValueError(f"the box of word {number} is not left, top, right, bottom")
    places = np.concatenate((box, polygon.ravel()))
    if places.min() < -_FARTHEST or places.max() > _FARTHEST:
        raise ValueError(f"word {number} lies beyond {_FARTHEST:,} pixels")
    text, line = str(word["text"]).strip(), str(word["line"])
    return {"text": text, "line": line, "box": box, "polygon": polygon}


def _words(
    folder: Path, of_image: dict[str, list[dict[str, Any]]], variants: bool
) -> Iterator[tuple[np.ndarray, str, str]]:
    """Crop, text and photograph of each word and, with variants, of each line."""
    for image, words in tqdm(of_image.items(), unit="photo", desc="reading"):
        photograph = colours_of(open_picture(folder / image, enough=None))
        for word in words:
            if (word["box"][:2] >= photograph.shape[1::-1]).any() or (word["box"][2:] <= 0).any():
                raise HandwritingError(
                    f"{folder / image}: the box of {word['text']!r} lies outside of it."
                )
            yield _by_polygon(photograph, word), word["text"], image
            if variants:
                yield _by_box(photograph, word["box"]), word["text"], image
        if variants:
            for box, text in _lines(words):
                yield _by_box(photograph, box), text, image


def _by_box(photograph: np.ndarray, box: np.ndarray) -> np.ndarray:
    left, top = np.maximum(box[:2], 0)
    right, bottom = np.minimum(box[2:], photograph.shape[1::-1])
    return photograph[top : max(bottom, top + 1), left : max(right, left + 1)]


def _by_polygon(photograph: np.ndarray, word: dict[str, Any]) -> np.ndarray:
    """The content of the polygon, on a background of its median colour."""
    corner = np.maximum(word["box"][:2], 0)
    return masked(_by_box(photograph, word["box"]), [word["polygon"] - corner])


def masked(picture: np.ndarray, polygons: Sequence[np.ndarray]) -> np.ndarray:
    """What lies in polygons, (P, 2) each, on a background of its median colour.

    Args:
        picture: uint8 (height, width, 3).
        polygons: x and y in its pixels.
    """
    inside = np.zeros(picture.shape[:2], dtype=np.uint8)
    for polygon in polygons:
        cv2.fillPoly(inside, [polygon.astype(np.int32)], 1)
    if not inside.any():
        return picture
    ground = np.median(picture[inside > 0], axis=0).astype(np.uint8)
    return np.where(inside[..., None] > 0, picture, ground)


def _lines(words: list[dict[str, Any]]) -> Iterator[tuple[np.ndarray, str]]:
    """Box and text of the lines of several words that are level enough to crop."""
    of_line: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for word in words:
        of_line[word["line"]].append(word)
    for line in of_line.values():
        line.sort(key=lambda word: word["box"][0])
        boxes = np.array([word["box"] for word in line])
        whole = np.concatenate((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))
        usual = np.median(boxes[:, 3] - boxes[:, 1])
        overlap = boxes[1:, 0] < boxes[:-1, 2] - usual
        if len(line) > 1 and whole[3] - whole[1] < _LEVEL * usual and not overlap.any():
            yield whole, " ".join(word["text"] for word in line)
