"""One person's hand, taught with one sample or so of any of the 62 characters.

Two things of a person are kept. Shape: where the own samples lie in the network's features; a new
drawing that lies nearer to the own `a` than other people's `a` would is more likely an `a`
(`handwriting.recognition.shapes`). What the network gave to the taught characters together is only
divided anew among them, so that one that was not taught loses nothing. Size: how far the person's
heights and places on the lines lie from other people's. Nothing is trained, so a hand is there at
once, and reading with it costs half a millisecond; `studies.taught_hand` measures what it is worth.
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
"""Of a file; one of 62 characters has 52,000."""

SHAPE_WEIGHT, MOST_AGAINST = 0.1, 2.0
"""How much the features' log ratio counts, for the directions are not independent; and how much it
may speak against a character, for a person may write it in two ways."""

DOUBTED = 8.0
"""A sample whose name the network finds less likely than another by e to this teaches no shape: it
is rather in the wrong box."""

SIZE_WEIGHT, COMMON_WEIGHT, COMMON_PRIOR = 0.4, 0.5, 4
"""How far a character's size, and that which capitals and digits or small letters have in common,
move towards the person's own; the last counts as so many characters that are like others'."""

SPREAD = 0.8
"""One person's sizes vary less than those of all: what their covariances are multiplied by."""

_MOST_SHIFT = 0.7
_MOST_PLACE = 1e3
_TEACH_AGAIN = "Teach your hand again, or take another file."


@dataclass(frozen=True)
class Taught:
    """One sample of a person's.

    Attributes:
        character: one of the 62.
        image: uint8 (28, 28), white ink on black.
        size: float (2,) of (log height, top), as `sizes.Lines.measure` gives it, or ``None`` where
            there are no lines.
    """

    character: str
    image: np.ndarray
    size: np.ndarray | None = None


@dataclass(frozen=True)
class Hand:
    """What is known of a person's writing.

    Attributes:
        network: fingerprint of what it was taught with.
        characters: of each sample.
        shaped: of each sample whose shape counts.
        places: float (len(shaped), features), where these lie.
        size_shifts: float (62, 2), what a character's (log height, top) is beyond other people's.
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
        """The hand of some samples; `Recognizer.teach` is the simpler way.

        Args:
            network: fingerprint of what it is taught with.
            log_probs: float (samples, 62), the network's answers.
            features: float (samples, features), those behind them.
            taught: the samples, at least one.
            shapes: how shapes differ, or ``None`` for a hand by size alone.
            sizes: the model of sizes, or ``None`` for a hand without them.
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
        """float (..., 62): answers that count where the person's own samples lie.

        Args:
            log_probs: float (..., 62) log p(character | image), up to a constant.
            features: float (..., features), of the network that it was taught with.
            shapes: those that it was taught with.
        """
        # A crafted file may hold places of another length.
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
        """The model of sizes with this person's on ruled lines."""
        models = tuple(
            SizeModel(model.means + self.size_shifts, model.covariances * SPREAD)
            for model in sizes.ruled.models
        )
        return replace(sizes, ruled=SizeMixture(models, sizes.ruled.weights))

    def to_bytes(self) -> bytes:
        """The content of a file, JSON."""
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
        """Read a file's content and check it.

        Args:
            content: JSON.
            network: fingerprint of the network to read with.

        Raises:
            HandwritingError: it is too large, another version's, taught with another network, or
                no sound hand.
        """
        if len(content) > MOST_BYTES:
            raise HandwritingError(
                f"The file has {len(content):,} bytes, a hand has at most {MOST_BYTES:,}. "
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
                "The hand was taught with another network than this page reads with. "
                f"{_TEACH_AGAIN}"
            )
        return hand

    @classmethod
    def _from_json(cls, content: dict[str, Any]) -> "Hand":
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        if content["version"] != VERSION:
            raise HandwritingError(
                f"The hand was kept by another version of this page ({content['version']!r:.20}, "
                f"this one reads {VERSION}). {_TEACH_AGAIN}"
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
        ValueError: another shape, or a number that is none or beyond ``most``.
        TypeError: no numbers.
    """
    array = np.array(values, dtype=float)
    # Written so that nan fails too.
    if array.shape != shape or not (np.abs(array) <= most).all():
        raise ValueError(f"expected {shape} numbers up to {most}")
    return array


def _labels(characters: str) -> np.ndarray:
    return np.array([class_index(character) for character in characters], dtype=int)


def _log_sum(log_weights: np.ndarray) -> np.ndarray:
    return np.logaddexp.reduce(log_weights, axis=-1, keepdims=True)


def _size_shifts(measured: Sequence[Taught], ruled: SizeMixture) -> np.ndarray:
    """float (62, 2): how far this person's sizes lie from the general ones, shrunk towards 0."""
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
