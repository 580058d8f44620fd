"""What the page answers: a pure function of strokes, network, sizes and options."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handwriting.imaging.character import CharacterImage, character_from_strokes
from handwriting.labels import CHARACTER_SETS
from handwriting.recognition.hand import Hand
from handwriting.recognition.recognizer import Reading, Recognizer
from handwriting.recognition.sizes import Sizes
from handwriting.web.canvas import LINES


@dataclass(frozen=True)
class Options:
    """What a person can choose.

    Attributes:
        characters: one of `labels.CHARACTER_SETS`; others are not read.
        use_size: whether the height on the lines counts.
        prior: one of `recognizer.PRIORS`, how frequent the characters are.
    """

    characters: str = "All"
    use_size: bool = True
    prior: str = "equal"


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
    hand: Hand | None = None,
) -> Answer:
    """Read one character, drawn on the canvas.

    Args:
        strokes: float (points, 2) of x, y each, in the canvas's pixels.
        recognizers: by name.
        sizes: the model of sizes; without it the height does not count.
        options: what the person chose.
        hand: the person's, where it was taught.
    """
    character = character_from_strokes(list(strokes))
    log_size = None
    if sizes and options.use_size and character.bbox is not None:
        sizes = hand.own_sizes(sizes) if hand else sizes
        log_size = sizes.on_lines(character.bbox, LINES)
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
    allowed = CHARACTER_SETS[options.characters]
    readings = {
        name: recognizer.read(character.image, size_log_likelihood, options.prior, allowed, hand)
        for name, recognizer in recognizers.items()
    }
    return Answer(character, readings)
