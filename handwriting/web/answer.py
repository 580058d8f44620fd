"""What the page answers: a pure function of strokes, network, sizes and options."""

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
    """What a person can choose.

    Attributes:
        characters: one of `labels.CHARACTER_SETS`; others are not read.
        pattern: an expression of `lines.pattern.Pattern` that the whole text must match; empty for
            none.
        use_language: whether words of a language are expected where several characters stand.
        use_size: whether the height on the lines counts.
        prior: one of `recognizer.PRIORS`, how frequent the characters are.
    """

    characters: str = "All"
    pattern: str = ""
    use_language: bool = True
    use_size: bool = True
    prior: str = "equal"

    @property
    def expression(self) -> str:
        """The pattern, or that of the chosen characters; empty where any text may stand."""
        if self.pattern or self.characters == "All":
            return self.pattern
        one = "".join(CHARACTER_SETS[self.characters])
        return f"[{one}]+( [{one}]+)*"

    @property
    def allowed(self) -> Collection[str]:
        """What a single character may be: none where the pattern is that of longer texts.

        Raises:
            HandwritingError: the pattern is not sound.
        """
        if not self.expression:
            return CLASSES
        return [c for c in CLASSES if matches(self.expression, c)]


@dataclass(frozen=True)
class Answer:
    """What was seen and what each recogniser reads in it.

    Attributes:
        character: the drawing as 28x28.
        readings: one per recogniser, by its name; none where nothing is drawn.
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
    """Read one character, drawn on the canvas.

    Args:
        strokes: float (points, 2) of x, y each, in the canvas's pixels.
        recognizers: by name.
        sizes: the model of sizes; without it the height does not count.
        options: what the person chose.
        lines: where the canvas is ruled, in its pixels.
        hand: the person's, where it was taught.
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
    """Read a 28x28 image; without ink there is nothing to read."""
    if character.bbox is None:
        return Answer(character, {})
    readings = {
        name: recognizer.read(
            character.image, size_log_likelihood, options.prior, options.allowed, hand
        )
        for name, recognizer in recognizers.items()
    }
    return Answer(character, readings)
