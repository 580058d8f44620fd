"""Python API of the character model: predict an image or strokes.

It wraps `recognizer.Recognizer`; `python -m handwriting.recognition` uses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from handwriting import PROJECT
from handwriting.errors import HandwritingError
from handwriting.imaging.character import CharacterImage, character_from_strokes, open_character
from handwriting.imaging.sources import ImageLike, as_source
from handwriting.recognition.recognizer import (
    PRIORS,
    SURE,
    Recognizer,
    characters_of,
    find_weights,
)
from handwriting.recognition.sizes import SIZES_FILE, Lines, Sizes, load_sizes
from handwriting.runs import MODELS_FOLDER

ALTERNATIVES = 5
"""Number of ranked characters in a prediction."""


@dataclass(frozen=True)
class CharacterPrediction:
    """Prediction of a character model for one image or drawing.

    Attributes:
        alternatives: the top-5 characters with their probabilities in 0..1, the most likely one
            first; empty without ink.
        image: uint8 (28, 28), the model input, white ink on black.
        box: left, top, right, bottom of the pen's centre line, in pixels of the image or in units
            of the strokes; ``None`` without ink.
        is_multiple: whether the image seems to show several characters; the model expects one.
    """

    alternatives: list[tuple[str, float]]
    image: np.ndarray
    box: tuple[float, float, float, float] | None
    is_multiple: bool

    @property
    def character(self) -> str:
        """The most likely character; empty without ink."""
        return self.alternatives[0][0] if self.alternatives else ""

    @property
    def confidence(self) -> float:
        """Calibrated probability of `character`, in 0..1; 0 without ink."""
        return self.alternatives[0][1] if self.alternatives else 0.0

    @property
    def is_sure(self) -> bool:
        """Whether `confidence` is not low (`recognizer.SURE`)."""
        return self.confidence >= SURE


class CharacterModel:
    """A trained model of single characters: 0-9, A-Z, a-z.

    Args:
        recognizer: network of a weights file.
        sizes_file: models of character sizes, for strokes on ruled lines.
    """

    def __init__(self, recognizer: Recognizer, sizes_file: Path = PROJECT / SIZES_FILE) -> None:
        self.recognizer = recognizer
        self._sizes_file = sizes_file

    @classmethod
    def load(
        cls, weights: str | Path = "best", models: Path = PROJECT / MODELS_FOLDER
    ) -> "CharacterModel":
        """Load a trained model.

        Args:
            weights: a weights file, the name of a run, ``latest``, or ``best`` for the highest
                accuracy on the test set.
            models: folder of the runs.

        Raises:
            HandwritingError: the weights are missing or damaged.
        """
        return cls(Recognizer.load(find_weights(str(weights), models)))

    def read(
        self, image: ImageLike, *, characters: str = "all", prior: str = "equal"
    ) -> CharacterPrediction:
        """Predict the character in an image, dark ink on light paper or light on dark.

        Args:
            image: a path, an open file, a Pillow image, or an array uint8 (height, width) or
                (height, width, 3 or 4).
            characters: possible characters: ``all``, ``digits``, ``capitals``, ``small``, or the
                characters themselves, such as ``"ABC123"`` or ``"A-C1-3"``.
            prior: class prior: ``equal`` (uniform) or ``emnist``.

        Raises:
            HandwritingError: the image cannot be read, or an argument has none of these values.
        """
        return self._predict(open_character(*as_source(image)), None, characters, prior)

    def read_strokes(
        self,
        strokes: Sequence[np.ndarray],
        *,
        lines: Lines | None = None,
        characters: str = "all",
        prior: str = "equal",
    ) -> CharacterPrediction:
        """Predict the character in pen strokes.

        Args:
            strokes: float (points, 2) each, x to the right and y downwards, in any unit.
            lines: the ruled lines below the writing, which distinguish ``s`` from ``S``: y of the
                baseline and of the top of capitals, in units of the strokes.
            characters: as for :meth:`read`.
            prior: as for :meth:`read`.

        Raises:
            HandwritingError: the strokes are not such arrays, or an argument has none of these
                values.
        """
        character = character_from_strokes(_sound(strokes))
        size = None
        if lines is not None and character.bbox is not None:
            size = self._sizes.on_lines(character.bbox, lines)
        return self._predict(character, size, characters, prior)

    @cached_property
    def _sizes(self) -> Sizes:
        return load_sizes(self._sizes_file)

    def _predict(
        self, character: CharacterImage, size: np.ndarray | None, characters: str, prior: str
    ) -> CharacterPrediction:
        allowed = characters_of(characters)
        if prior not in PRIORS:
            raise HandwritingError(f"{prior!r} is not a prior: give one of {', '.join(PRIORS)}.")
        alternatives: list[tuple[str, float]] = []
        if character.bbox is not None:
            reading = self.recognizer.read(character.image, size, prior, allowed)
            alternatives = reading.ranked(min(ALTERNATIVES, len(allowed)))
        return CharacterPrediction(
            alternatives, character.image, character.bbox, character.is_multiple
        )


def _sound(strokes: Sequence[np.ndarray]) -> list[np.ndarray]:
    try:
        arrays = [np.asarray(stroke, dtype=float) for stroke in strokes]
    except (TypeError, ValueError) as error:
        raise HandwritingError(f"strokes must be numbers ({error}).") from error
    for number, stroke in enumerate(arrays, start=1):
        if stroke.ndim != 2 or stroke.shape[1] != 2 or not np.isfinite(stroke).all():
            raise HandwritingError(
                f"stroke {number} of {len(arrays)} is {stroke.shape}: give finite x, y of each "
                "point, shape (points, 2)."
            )
    return arrays
