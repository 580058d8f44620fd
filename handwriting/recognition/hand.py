"""One person's hand, taught with one sample or so of any of the 62 characters.

Two things of a person are kept. Shape: what the network answers for each of the person's own
samples; a new drawing whose answer is like that for the own `a` is more likely an `a`. What the
network gave to the taught characters together is only divided anew among them, so that one that
was not taught loses nothing. Size: how far the person's heights and places on the lines lie from
other people's. Nothing is trained, so a hand is there at once, and reading with it costs a tenth
of a millisecond at most (`studies.taught_hand` measures what it is worth).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, FIRST_SMALL, NUM_CLASSES, class_index
from handwriting.recognition.sizes import SizeMixture, SizeModel, Sizes

FORMAT = "handwriting hand"
VERSION = 1
MOST_BYTES = 500_000
"""Of a file; one of 62 characters has 31,000."""

SHAPE_WEIGHT = 0.01
"""Of the squared distance between two answers' logarithms, against the network's own answer."""

SIZE_WEIGHT, COMMON_WEIGHT, COMMON_PRIOR = 0.4, 0.5, 4
"""How far a character's size, and that which capitals and digits or small letters have in common,
move towards the person's own; the last counts as so many characters that are like others'."""

SPREAD = 0.8
"""One person's sizes vary less than those of all: what their covariances are multiplied by."""

_MOST_SHIFT = 0.7
_MOST_LOG = 1e3
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
        network: fingerprint of the network whose answers these are.
        characters: of each sample.
        answers: float (samples, 62), the network's log p(character | image), less their mean.
        size_shifts: float (62, 2), what a character's (log height, top) is beyond other people's.
    """

    network: str
    characters: str
    answers: np.ndarray
    size_shifts: np.ndarray

    @classmethod
    def fit(
        cls, network: str, log_probs: np.ndarray, taught: Sequence[Taught], sizes: Sizes | None
    ) -> "Hand":
        """The hand of some samples; `Recognizer.teach` is the simpler way.

        Args:
            network: fingerprint of the network.
            log_probs: float (samples, 62), its answers.
            taught: the samples, at least one.
            sizes: the model of sizes, or ``None`` for a hand without them.
        """
        characters = "".join(sample.character for sample in taught)
        shifts = np.zeros((NUM_CLASSES, 2))
        measured = [sample for sample in taught if sample.size is not None]
        if sizes is not None and measured:
            shifts = _size_shifts(measured, sizes.ruled)
        return cls(network, characters, _centred(log_probs), shifts)

    def adapt(self, log_probs: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """float (62,): an answer that counts how like the own samples' answers it is.

        Args:
            log_probs: float (62,) log p(character | image), up to a constant.
            seen: float (62,), the same by the network and prior that the samples were read with.
        """
        distances = ((_centred(seen) - self.answers) ** 2).sum(axis=1)
        labels = np.array([class_index(character) for character in self.characters])
        nearest = np.full(NUM_CLASSES, np.inf)
        np.minimum.at(nearest, labels, distances)
        taught = np.isfinite(nearest)
        before = log_probs[taught]
        after = before - SHAPE_WEIGHT * nearest[taught]
        adapted = log_probs.copy()
        adapted[taught] = after + np.logaddexp.reduce(before) - np.logaddexp.reduce(after)
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
            "answers": self.answers.round(3).tolist(),
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
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
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
        if not isinstance(network, str) or not isinstance(characters, str):
            raise TypeError("network and characters must be text")
        if not characters or not set(characters) <= set(CLASSES):
            raise ValueError("the characters must be some of the 62")
        answers = _numbers(content["answers"], (len(characters), NUM_CLASSES), _MOST_LOG)
        shifts = _numbers(content["size_shifts"], (NUM_CLASSES, 2), _MOST_SHIFT)
        return cls(network, characters, answers, shifts)


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


def _centred(log_probs: np.ndarray) -> np.ndarray:
    return log_probs - log_probs.mean(axis=-1, keepdims=True)


def _size_shifts(measured: Sequence[Taught], ruled: SizeMixture) -> np.ndarray:
    """float (62, 2): how far this person's sizes lie from the general ones, shrunk towards 0."""
    general = np.average([model.means for model in ruled.models], axis=0, weights=ruled.weights)
    labels = np.array([class_index(sample.character) for sample in measured])
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
