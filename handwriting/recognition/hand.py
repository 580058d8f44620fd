"""Writer adaptation from about one sample of any of the 62 characters.

It has two parts. Shape: a likelihood ratio of the network's features, this writer against all
writers (`handwriting.recognition.shapes`). It redistributes probability among the sampled
characters alone, so the others lose nothing. Size: the writer's offset from the mean height and
position of characters on ruled lines. Nothing is trained, and inference takes half a millisecond
more; `studies.taught_hand` measures the gain.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, FIRST_SMALL, NUM_CLASSES, class_index
from handwriting.recognition.shapes import Shapes
from handwriting.recognition.sizes import SizeMixture, SizeModel, Sizes

FORMAT = "handwriting hand"
VERSION = 2
MOST_BYTES = 500_000
"""Maximum size of a file; 62 characters take 52,000."""

SHAPE_WEIGHT, MOST_AGAINST = 0.1, 2.0
"""Weight of the features' log-likelihood ratio, because its directions are not independent; and its
maximum penalty, because a writer may have two shapes of a character."""

DOUBTED = 8.0
"""Samples whose label is less likely than another by this log ratio give no shape, because they
are probably in the wrong box."""

SIZE_WEIGHT, COMMON_WEIGHT, COMMON_PRIOR = 0.4, 0.5, 4
"""Shrinkage of a character's size, and of the size common to capitals and digits or to small
letters, towards the writer's own; the last is the prior's weight in characters."""

SPREAD = 0.8
"""Factor on the covariances of sizes, because one writer varies less than all writers."""

_MOST_SHIFT = 0.7
_MOST_PLACE = 1e3
_TEACH_AGAIN = "Teach your hand again, or load another file."


@dataclass(frozen=True)
class Taught:
    """A labelled sample of a writer.

    Attributes:
        character: label, one of the 62.
        image: uint8 (28, 28), white ink on black.
        size: float (2,), (log height, top) of `sizes.Lines.measure`, or ``None`` without ruled
            lines.
    """

    character: str
    image: np.ndarray
    size: np.ndarray | None = None


@dataclass(frozen=True)
class Hand:
    """Adaptation of the character model to one writer.

    Attributes:
        network: `Recognizer.fingerprint` of the model that it was made with.
        characters: label of each sample.
        shaped: label of each sample that is used for its shape.
        places: float (len(shaped), features), whitened features of these samples.
        size_shifts: float (62, 2), offset of each character's (log height, top) from the mean.
    """

    network: str
    characters: str
    shaped: str
    places: np.ndarray
    size_shifts: np.ndarray

    @classmethod
    def fit(
        cls,
        network: str,
        log_probs: np.ndarray,
        features: np.ndarray,
        taught: Sequence[Taught],
        shapes: Shapes | None,
        sizes: Sizes | None,
    ) -> "Hand":
        """Fit the adaptation to samples; `Recognizer.teach` does it from images.

        Args:
            network: `Recognizer.fingerprint` of the model.
            log_probs: float (samples, 62), predictions of the network.
            features: float (samples, features), inputs of its last layer.
            taught: the samples, at least one.
            shapes: model of shapes, or ``None`` to adapt sizes alone.
            sizes: model of sizes, or ``None`` to adapt shapes alone.
        """
        characters = "".join(sample.character for sample in taught)
        shaped, places = "", np.zeros((0, features.shape[1]))
        if shapes is not None:
            own = log_probs[np.arange(len(taught)), _labels(characters)]
            believed = np.flatnonzero(log_probs.max(axis=1) - own < DOUBTED)
            shaped = "".join(characters[k] for k in believed)
            places = shapes.places(features[believed])
        shifts = np.zeros((NUM_CLASSES, 2))
        measured = [sample for sample in taught if sample.size is not None]
        if sizes is not None and measured:
            shifts = _size_shifts(measured, sizes.ruled)
        return cls(network, characters, shaped, places, shifts)

    def adapt(
        self, log_probs: np.ndarray, features: np.ndarray, shapes: Shapes | None
    ) -> np.ndarray:
        """float (..., 62): log-probabilities adapted to the shapes of the writer.

        Args:
            log_probs: float (..., 62) log p(character | image), up to a constant.
            features: float (..., features), of the network in ``network``.
            shapes: model of shapes of that network.
        """
        # A crafted file may hold features of another length.
        if shapes is None or self.places.shape[1] != len(shapes.means[0]) or not self.shaped:
            return log_probs
        places, labels = shapes.places(features), _labels(self.shaped)
        taught, counts = np.unique(labels, return_counts=True)
        own = np.array([self.places[labels == c].mean(axis=0) for c in taught])
        ratios = shapes.log_ratios(places, own, np.stack((taught, counts), axis=1))
        gains = np.maximum(SHAPE_WEIGHT * ratios, -MOST_AGAINST)
        before = log_probs[..., taught]
        after = before + gains
        kept = _log_sum(before) - _log_sum(after)
        adapted = log_probs.copy()
        adapted[..., taught] = after + kept
        return adapted

    def own_sizes(self, sizes: Sizes) -> Sizes:
        """The model of sizes, adapted to the writer on ruled lines."""
        models = tuple(
            SizeModel(model.means + self.size_shifts, model.covariances * SPREAD)
            for model in sizes.ruled.models
        )
        return replace(sizes, ruled=SizeMixture(models, sizes.ruled.weights))

    def to_bytes(self) -> bytes:
        """Content of a file, as JSON."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "network": self.network,
            "characters": self.characters,
            "shaped": self.shaped,
            "places": self.places.round(2).tolist(),
            "size_shifts": self.size_shifts.round(4).tolist(),
        }
        return json.dumps(content).encode()

    @classmethod
    def from_bytes(cls, content: bytes, network: str) -> "Hand":
        """Read and check the content of a file.

        Args:
            content: JSON.
            network: `Recognizer.fingerprint` of the model in use.

        Raises:
            HandwritingError: it is too large, damaged, of another version, or of another model.
        """
        if len(content) > MOST_BYTES:
            raise HandwritingError(
                f"The file has {len(content):,} bytes; a hand has at most {MOST_BYTES:,}. "
                f"{_TEACH_AGAIN}"
            )
        try:
            hand = cls._from_json(json.loads(content))
        except (LookupError, ValueError, TypeError, RecursionError, OverflowError) as error:
            raise HandwritingError(
                f"The file is damaged or holds no taught hand. {_TEACH_AGAIN}"
            ) from error
        if hand.network != network:
            raise HandwritingError(
                f"The hand was taught with another character model than this one. {_TEACH_AGAIN}"
            )
        return hand

    @classmethod
    def _from_json(cls, content: dict[str, Any]) -> "Hand":
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        if content["version"] != VERSION:
            raise HandwritingError(
                f"The hand was saved by another version of this page ({content['version']!r:.20} "
                f"instead of {VERSION}). {_TEACH_AGAIN}"
            )
        network, characters = content["network"], content["characters"]
        shaped, places = content["shaped"], content["places"]
        if not all(isinstance(text, str) for text in (network, characters, shaped)):
            raise TypeError("network, characters and shaped must be text")
        if not characters or not set(shaped) <= set(characters) <= set(CLASSES):
            raise ValueError("the characters must be some of the 62")
        width = len(places[0]) if shaped else 0
        places = _numbers(places, (len(shaped), width) if shaped else (0,), _MOST_PLACE)
        shifts = _numbers(content["size_shifts"], (NUM_CLASSES, 2), _MOST_SHIFT)
        return cls(network, characters, shaped, places.reshape(len(shaped), width), shifts)


def _numbers(values: object, shape: tuple[int, int], most: float) -> np.ndarray:
    """A checked array.

    Raises:
        ValueError: another shape, or a number that is NaN or beyond ``most`` in size.
        TypeError: no numbers.
    """
    array = np.array(values, dtype=float)
    # NaN fails this comparison too.
    if array.shape != shape or not (np.abs(array) <= most).all():
        raise ValueError(f"expected {shape} numbers up to {most}")
    return array


def _labels(characters: str) -> np.ndarray:
    return np.array([class_index(character) for character in characters], dtype=int)


def _log_sum(log_weights: np.ndarray) -> np.ndarray:
    return np.logaddexp.reduce(log_weights, axis=-1, keepdims=True)


def _size_shifts(measured: Sequence[Taught], ruled: SizeMixture) -> np.ndarray:
    """float (62, 2): offsets of the writer's sizes from the mean, shrunk towards 0."""
    general = np.average([model.means for model in ruled.models], axis=0, weights=ruled.weights)
    labels = _labels("".join(sample.character for sample in measured))
    own = np.array([sample.size for sample in measured]) - general[labels]
    own = own.clip(-_MOST_SHIFT, _MOST_SHIFT)
    shifts = np.zeros((NUM_CLASSES, 2))
    for small in (False, True):
        rows = (labels >= FIRST_SMALL) == small
        if rows.any():
            share = COMMON_WEIGHT * rows.sum() / (rows.sum() + COMMON_PRIOR)
            shifts[(np.arange(NUM_CLASSES) >= FIRST_SMALL) == small] = share * np.median(
                own[rows], axis=0
            )
    for label in np.unique(labels):
        mean = own[labels == label].mean(axis=0)
        shifts[label] += SIZE_WEIGHT * (mean - shifts[label])
    return shifts
