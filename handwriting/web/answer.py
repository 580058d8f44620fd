"""Prediction for one drawn character, a pure function of strokes, models and options."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from handwriting.imaging.character import CharacterImage, character_from_strokes
from handwriting.labels import CHARACTER_SETS, CLASSES
from handwriting.lines.pattern import matches
from handwriting.recognition.hand import Hand
from handwriting.recognition.recognizer import Reading, Recognizer
from handwriting.recognition.sizes import Lines, Sizes
from handwriting.web.canvas import LINES


@dataclass(frozen=True)
class Options:
    """Options of the tab Write.

    Attributes:
        characters: name of the possible characters, a key of `labels.CHARACTER_SETS`.
        pattern: expression of `lines.pattern.Pattern` for the whole text; empty for none.
        use_size: whether the size on the ruled lines counts.
        prior: class prior, one of `recognizer.PRIORS`.
    """

    characters: str = "All"
    pattern: str = ""
    use_size: bool = True
    prior: str = "equal"

    @property
    def expression(self) -> str:
        """The pattern, or a pattern of the chosen characters; empty if any text is possible."""
        if self.pattern or self.characters == "All":
            return self.pattern
        one = "".join(CHARACTER_SETS[self.characters])
        return f"[{one}]+( [{one}]+)*"

    @property
    def allowed(self) -> Collection[str]:
        """Possible single characters; none if the pattern requires longer texts.

        Raises:
            HandwritingError: the pattern is invalid.
        """
        if not self.expression:
            return CLASSES
        return [c for c in CLASSES if matches(self.expression, c)]


@dataclass(frozen=True)
class Answer:
    """Model input and predictions for one drawing.

    Attributes:
        character: the drawing as a 28x28 image.
        readings: prediction of each character model, by name; empty without ink.
    """

    character: CharacterImage
    readings: dict[str, Reading]


def answer_strokes(
    strokes: Sequence[np.ndarray],
    recognizers: dict[str, Recognizer],
    sizes: Sizes | None,
    options: Options,
    lines: Lines = LINES,
    hand: Hand | None = None,
) -> Answer:
    """Predict one character drawn on the canvas.

    Args:
        strokes: float (points, 2) of x, y each, in pixels of the canvas.
        recognizers: character models by name.
        sizes: model of sizes; without it the size does not count.
        options: as chosen.
        lines: ruled line of the canvas, in its pixels.
        hand: writer adaptation, if there is any.
    """
    character = character_from_strokes(list(strokes))
    log_size = None
    if sizes and options.use_size and character.bbox is not None:
        own = hand.own_sizes(sizes) if hand else sizes
        log_size = own.on_lines(character.bbox, lines)
    return answer_character(character, recognizers, log_size, options, hand)


def answer_character(
    character: CharacterImage,
    recognizers: dict[str, Recognizer],
    size_log_likelihood: np.ndarray | None,
    options: Options,
    hand: Hand | None = None,
) -> Answer:
    """Predict a 28x28 image.

    Args:
        character: the image.
        recognizers: character models by name.
        size_log_likelihood: float (62,) log p(size | character), or ``None`` without a size.
        options: as chosen.
        hand: writer adaptation, if there is any.
    """
    if character.bbox is None:
        return Answer(character, {})
    readings = {
        name: recognizer.read(
            character.image, size_log_likelihood, options.prior, options.allowed, hand
        )
        for name, recognizer in recognizers.items()
    }
    return Answer(character, readings)
