"""The character model of a weights file, from 28x28 images to probabilities.

The network's p(character | image) can be combined with a class prior, a set of possible characters,
the size on ruled lines (`handwriting.recognition.sizes`) and writer adaptation
(`handwriting.recognition.hand`).
"""

import copy
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, NUM_CLASSES, SETS, characters_named, class_index
from handwriting.recognition.hand import Hand, Taught
from handwriting.recognition.shapes import Shapes, load_shapes, shapes_file
from handwriting.recognition.sizes import Sizes
from handwriting.runs import (
    METRICS_FOLDER,
    MODELS_FOLDER,
    available_runs,
    build_network,
    find_run,
    has_hands_head,
    load_weights,
    temperature,
)
from models import fuse_batch_norm, pass_features, predict_logits

SURE = 0.6
"""Confidence of a character or a word below which a person should look at it."""

PRIORS = ("equal", "emnist")

LOOKALIKES = (
    *("0Oo", "1Iil", "2Zz", "5Ss", "9gq"),
    *("Cc", "Ff", "Jj", "Kk", "Mm", "Pp", "Uu", "Vv", "Ww", "Xx", "Yy"),
)
"""Groups of characters with about the same image once their size is lost."""

_TELLING = np.log(2)


def characters_of(words: str) -> tuple[str, ...]:
    """Those of the 62 characters that words name, as for `labels.characters_named`.

    Raises:
        HandwritingError: the text is empty, or has other characters than the 62.
    """
    named = set(characters_named(words))
    if not named or not named <= set(CLASSES):
        raise HandwritingError(
            f"{words!r:.60} is not a set of characters. Give characters of 0-9, A-Z and a-z, or "
            f"one of {', '.join(SETS)}."
        )
    return tuple(c for c in CLASSES if c in named)


def find_weights(name: str, models: Path = MODELS_FOLDER) -> Path:
    """Path of a weights file.

    Args:
        name: any weights file, the name of a run, ``latest`` for the newest run, or ``best`` for
            the highest accuracy on the test set.
        models: folder of the runs.

    Raises:
        HandwritingError: there is no such file.
    """
    if Path(name).is_file():
        return Path(name)
    if name == "best":
        best = next(iter(available_runs(models, models.parent / METRICS_FOLDER)), None)
        return (best or find_run("latest", models)).weights
    return find_run(name, models).weights


def log_prior_change(content: dict[str, Any], prior: str) -> np.ndarray:
    """float (62,): log ratio of the new class prior to the trained one; zeros for ``emnist``.

    ``equal`` is the uniform prior, which the out-of-domain head was trained with. Files without
    class frequencies (bare reference weights) are left unchanged.
    """
    frequencies = content.get("frequencies")
    if prior == "emnist" or frequencies is None or has_hands_head(content):
        return np.zeros(NUM_CLASSES)
    return -np.log(np.array(frequencies) * NUM_CLASSES)


def size_weight(content: dict[str, Any]) -> float:
    """Weight of log p(size | character) against log p(character | image), on a canvas without
    ruled lines.

    Shape and size are not independent given the character: a `c` in the shape of a `C` is large.
    The best weight on held-out writers is 1 without an out-of-domain head and 0.7 with one.
    """
    return 0.7 if has_hands_head(content) else 1.0


@dataclass(frozen=True)
class Reading:
    """Prediction for one image.

    Attributes:
        probs: float (62,), p(character | image, size).
        image_probs: float (62,), p(character | image).
        size_log_likelihood: float (62,) log p(size | character), or ``None`` without a size.
    """

    probs: np.ndarray
    image_probs: np.ndarray
    size_log_likelihood: np.ndarray | None = None

    @property
    def character(self) -> str:
        """The most likely character."""
        return CLASSES[int(self.probs.argmax())]

    def ranked(self, most: int = 5) -> list[tuple[str, float]]:
        """The ``most`` likely characters with their probabilities, the most likely one first."""
        order = np.argsort(-self.probs, kind="stable")[:most]
        return [(CLASSES[c], float(self.probs[c])) for c in order]

    def lookalikes(self) -> str:
        """Characters with about the same image as the predicted one, which is included."""
        return next((group for group in LOOKALIKES if self.character in group), self.character)

    @property
    def clearness(self) -> float:
        """p(predicted character or one of its look-alikes | image), in 0..1."""
        return float(sum(self.image_probs[class_index(c)] for c in self.lookalikes()))

    def sentence(self) -> str:
        """Explanation, such as "read as s: shape says S or s (97%), height says lower case"."""
        group = self.lookalikes()
        share = self.clearness
        shown = [c for c in group if self.image_probs[class_index(c)] > 0.01 or c == self.character]
        text = f"read as {self.character}: shape says {join_words(shown)} ({share:.0%})"
        if self.size_log_likelihood is None or len(shown) == 1:
            return text
        return f"{text}, {self._height_words(shown)}"

    def _height_words(self, shown: list[str]) -> str:
        own = self.size_log_likelihood[class_index(self.character)]
        others = [self.size_log_likelihood[class_index(c)] for c in shown if c != self.character]
        if own - max(others) < _TELLING:
            return "height does not tell them apart"
        return "height says lower case" if self.character.islower() else "height says full height"


def join_words(words: Collection[str]) -> str:
    """A list in words, such as "o, O or 0"."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


class Recognizer:
    """A trained character model, from 28x28 images to probabilities.

    Args:
        content: of a weights file, as `handwriting.runs.load_weights` returns it.
        source: path of the file, for errors and for its model of shapes.

    Attributes:
        network: with the EMNIST head.
        networks: by prior; ``equal`` has the out-of-domain head if there is one.
        shapes: model of shapes for writer adaptation, or ``None`` to adapt sizes alone.
        possible: the characters that :meth:`read` may answer.

    Raises:
        HandwritingError: the weights do not fit the architecture that they name, or the model of
            shapes beside them is damaged.
    """

    def __init__(self, content: dict[str, Any], source: Path) -> None:
        self.content = content
        self.shapes = self._find_shapes(shapes_file(source))
        self.network = fuse_batch_norm(build_network(content, source))
        self.temperature = temperature(content, "emnist")
        self.possible: Collection[str] = CLASSES
        self.networks = dict.fromkeys(PRIORS, self.network)
        if has_hands_head(content):
            self.networks["equal"] = fuse_batch_norm(build_network(content, source, "equal"))

    @classmethod
    def load(cls, path: Path) -> "Recognizer":
        """Load a weights file.

        Raises:
            HandwritingError: the file is missing, damaged or something else.
        """
        return cls(load_weights(path), path)

    def for_characters(self, characters: Collection[str]) -> "Recognizer | None":
        """The same model, for images of these characters; ``None`` if it knows none of them."""
        possible = [c for c in CLASSES if c in characters]
        if not possible:
            return None
        other = copy.copy(self)
        other.possible = possible
        return other

    def log_probs(self, images: torch.Tensor, prior: str = "emnist") -> np.ndarray:
        """float64 (N, 62): log p(character | image), calibrated.

        Args:
            images: uint8 (N, 28, 28), upright, white ink on black.
            prior: class prior, one of PRIORS; another one than the trained prior leaves a constant
                per image.

        Raises:
            HandwritingError: the outputs are not finite, because weights are too large.
        """
        logits = _predict(self.networks[prior], images)
        logits /= temperature(self.content, prior)
        return logits.log_softmax(dim=1).numpy() + log_prior_change(self.content, prior)

    def probs(self, images: torch.Tensor) -> np.ndarray:
        """float64 (N, 62): p(character | image); see :meth:`log_probs`."""
        return np.exp(self.log_probs(images))

    def answers(self, images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Predictions with a uniform prior, and the features.

        Args:
            images: uint8 (N, 28, 28).

        Returns:
            float64 (N, 62), :meth:`log_probs` with the prior ``equal``; and float64 (N, features),
            the inputs of the last layer.

        Raises:
            HandwritingError: the outputs are not finite, because weights are too large.
        """
        both = _predict(self._network_with_features, images)
        logits = both[:, :NUM_CLASSES] / temperature(self.content, "equal")
        log_probs = logits.log_softmax(dim=1).numpy() + log_prior_change(self.content, "equal")
        return log_probs, both[:, NUM_CLASSES:].numpy()

    @cached_property
    def _network_with_features(self) -> nn.Module:
        return pass_features(copy.deepcopy(self.networks["equal"]))

    def _find_shapes(self, path: Path) -> Shapes | None:
        """The model of shapes, if it belongs to these weights; runs can share a name."""
        if not path.is_file():
            return None
        shapes = load_shapes(path)
        return shapes if shapes.network == self.weights_digest else None

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of the weights, hexadecimal."""
        tensors = self.content["weights"].values()
        # NumPy lacks bf16.
        return _digest(tensor.flatten().view(torch.uint8).numpy() for tensor in tensors)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the weights and of the model of shapes if there is one, hexadecimal."""
        if self.shapes is None:
            return self.weights_digest
        arrays = (self.shapes.whitening, self.shapes.means, np.array(self.shapes.between))
        return _digest((np.array(self.weights_digest), *arrays))

    def teach(self, taught: Sequence[Taught], sizes: Sizes | None) -> Hand:
        """Fit writer adaptation to samples.

        Args:
            taught: samples of one writer, at least one.
            sizes: model of sizes, or ``None`` to adapt shapes alone.
        """
        images = torch.from_numpy(np.stack([sample.image for sample in taught]))
        log_probs, features = self.answers(images)
        return Hand.fit(self.fingerprint, log_probs, features, taught, self.shapes, sizes)

    def read(
        self,
        image: np.ndarray,
        size_log_likelihood: np.ndarray | None = None,
        prior: str = "equal",
        allowed: Collection[str] = CLASSES,
        hand: Hand | None = None,
    ) -> Reading:
        """Predict one image: p(c | image, size) ∝ p(c | image) · p(size | c).

        Args:
            image: uint8 (28, 28), white ink on black.
            size_log_likelihood: float (62,) log p(size | character), or ``None`` without a size.
            prior: class prior, one of PRIORS.
            allowed: possible characters.
            hand: writer adaptation; ignored if it was made with another model.
        """
        images = torch.from_numpy(image).unsqueeze(0)
        if hand is not None and hand.network == self.fingerprint:
            log_image = self._read_hand(images, prior, hand)
        else:
            (log_image,) = self.log_probs(images, prior)
        log_image[[c not in allowed or c not in self.possible for c in CLASSES]] = -np.inf
        image_probs = _normalised(log_image)
        if size_log_likelihood is None:
            return Reading(image_probs, image_probs)
        return Reading(
            _normalised(log_image + size_log_likelihood), image_probs, size_log_likelihood
        )

    def _read_hand(self, images: torch.Tensor, prior: str, hand: Hand) -> np.ndarray:
        (log_image,), (features,) = self.answers(images)
        if prior != "equal":
            (log_image,) = self.log_probs(images, prior)
        return hand.adapt(log_image, features, self.shapes)


def _predict(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    logits = predict_logits(network, images).double()
    if not logits.isfinite().all():
        raise HandwritingError(
            "the character model's outputs are not finite: its weights are damaged, or its "
            "training diverged. Take other weights."
        )
    return logits


def _digest(arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def _normalised(log_weights: np.ndarray) -> np.ndarray:
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()
