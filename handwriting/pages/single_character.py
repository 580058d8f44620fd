"""One character alone in a picture goes to the character model, if that is surer."""

import dataclasses

from handwriting.imaging.character import character_from_ink
from handwriting.lines.decoding import CharacterRead, Decoder
from handwriting.pages.cutting import Strip
from handwriting.pages.page_text import LineOfPage
from handwriting.recognition.recognizer import Recognizer

_FREE = ("greedy", "language", "programs")
_WIDEST = 1.3


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
    character = character_from_ink(strip.contrast[top:bottom, left:right])
    if character.bbox is None or character.is_multiple:
        return read
    ranked = recognizer.read(character.image).ranked()
    if ranked[0][1] <= read.confidence:
        return read
    text, sure = ranked[0]
    characters = [CharacterRead(0, 0, ranked)]
    whole = dataclasses.replace(read.whole, text=text, confidence=sure, characters=characters)
    # The character model knows no picture without a character, so both have a say.
    clearness = max(read.clearness, (sure + read.clearness) / 2)
    return dataclasses.replace(read, whole=whole, words=[whole], clearness=clearness)
