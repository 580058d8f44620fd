"""One character alone in a picture goes to the character model, if that is surer.

It is sure of a shape: the share of ``c`` and that of ``C`` count together."""

import cv2
import numpy as np
from PIL import Image

from handwriting.imaging.character import CharacterImage, character_from_ink
from handwriting.imaging.frames import without_frame
from handwriting.imaging.ink import find_ink
from handwriting.imaging.masks import connected_parts, without_fragments
from handwriting.lines.decoding import CharacterRead, Decoder
from handwriting.pages.cutting import Strip
from handwriting.pages.page_text import LineOfPage, WordRead
from handwriting.pages.photographs import Photograph
from handwriting.recognition.recognizer import Reading, Recognizer

FREE = ("greedy", "language", "programs")
"""Names of decoders that do not restrict the text."""

_WIDEST, _MOST_PARTS, _SPECK = 1.3, 3, 0.002


def as_character(
    recognizer: Recognizer | None, strip: Strip, read: LineOfPage, decoder: Decoder
) -> LineOfPage:
    """The line as the character model reads it, if it shows one character and the model is surer.

    Args:
        recognizer: the character model, or ``None``.
        strip: the only line of a picture.
        read: its prediction by the text-line model.
        decoder: of that prediction; one that restricts the text is obeyed.
    """
    left, top, right, bottom = strip.box
    is_narrow = right - left < _WIDEST * (bottom - top)
    if recognizer is None or decoder.name not in FREE or not is_narrow or len(read.text) > 2:
        return read
    ink = strip.contrast[top:bottom, left:right]
    found = _read(recognizer, character_from_ink(ink), ink)
    if found is None or found.clearness <= read.confidence:
        return read
    return _line(found, read.whole.polygon, read.clearness)


def read_alone(
    recognizer: Recognizer | None, photograph: Photograph, decoder: Decoder
) -> LineOfPage | None:
    """The whole picture as one character, in a drawn frame or without one; ``None`` where it shows
    something else. In a frame it is clear.

    Args:
        recognizer: the character model, or ``None``.
        photograph: the picture.
        decoder: that of its text; one that restricts the text is obeyed.
    """
    if recognizer is None or decoder.name not in FREE:
        return None
    drawn = find_ink(Image.fromarray(photograph.colours))
    unframed = without_frame(drawn)
    ink = without_fragments(unframed)
    character = character_from_ink(ink)
    found = _read(recognizer, character, ink)
    if found is None:
        return None
    left, top, right, bottom = character.bbox
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    # Who draws a frame around one character has written it there.
    clearness = 0.0 if unframed is drawn else 1.0
    return _line(found, corners / photograph.scales, clearness)


def _read(recognizer: Recognizer, character: CharacterImage, ink: np.ndarray) -> Reading | None:
    """The prediction for an image that can show one character."""
    if character.bbox is None or character.is_multiple or _parts(ink) > _MOST_PARTS:
        return None
    return recognizer.read(character.image)


def _line(found: Reading, polygon: np.ndarray, clearness: float) -> LineOfPage:
    ranked = found.ranked()
    text, sure = ranked[0]
    word = WordRead(text, sure, polygon, [CharacterRead(0, 0, ranked)])
    return LineOfPage(word, [word], clearness=max(found.clearness, clearness))


def _parts(ink: np.ndarray) -> int:
    """Number of connected parts that are more than specks."""
    _, boxes = connected_parts(ink > 127)
    return int((boxes[:, cv2.CC_STAT_AREA] > _SPECK * ink.size).sum())
