"""One character alone in a picture goes to the character model, if that is surer."""

import dataclasses

import cv2
import numpy as np

from handwriting.imaging.character import character_from_ink
from handwriting.imaging.ink import connected_parts
from handwriting.lines.decoding import CharacterRead, Decoder
from handwriting.pages.cutting import Strip
from handwriting.pages.page_text import LineOfPage
from handwriting.recognition.recognizer import Recognizer

_FREE = ("greedy", "language", "programs")
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
    if recognizer is None or decoder.name not in _FREE or not is_narrow or len(read.text) > 2:
        return read
    ink = strip.contrast[top:bottom, left:right]
    character = character_from_ink(ink)
    if character.bbox is None or character.is_multiple or _parts(ink) > _MOST_PARTS:
        return read
    ranked = recognizer.read(character.image).ranked()
    if ranked[0][1] <= read.confidence:
        return read
    text, sure = ranked[0]
    characters = [CharacterRead(0, 0, ranked)]
    whole = dataclasses.replace(read.whole, text=text, confidence=sure, characters=characters)
    return dataclasses.replace(
        read, whole=whole, words=[whole], clearness=max(sure, read.clearness)
    )


def _parts(ink: np.ndarray) -> int:
    """Number of connected parts that are more than specks."""
    _, boxes = connected_parts(ink > 127)
    return int((boxes[:, cv2.CC_STAT_AREA] > _SPECK * ink.size).sum())
