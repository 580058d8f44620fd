"""How one person's shapes of a character differ from other people's, in a network's features.

Features are the inputs of the network's last layer. They are turned and stretched so that what one
person writes for one character varies by 1 in every direction; by how much the persons' own means
of a character vary around everybody's is ``between``. That makes a sample's likelihood ratio, by
this person against by anybody, simple sums of squares (S. Ioffe, Probabilistic Linear Discriminant
Analysis, ECCV 2006). `handwriting.training.fit_shapes` fits it, in a file of its own.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from handwriting.errors import HandwritingError
from handwriting.files import load_torch, replacing, save_torch
from handwriting.labels import NUM_CLASSES

_REMEDY = (
    "Fit it with 'python -m handwriting.training.fit_shapes RUN PENS', or remove it: hands are "
    "then taught by size alone."
)


@dataclass(frozen=True)
class Shapes:
    """What is known of all people's shapes.

    Attributes:
        network: digest of the weights whose features these are.
        whitening: float (features, features), turns features into places.
        means: float (62, features), everybody's place of each character.
        between: variance of persons' own means of a character, in any direction.
    """

    network: str
    whitening: np.ndarray
    means: np.ndarray
    between: float

    @classmethod
    def fit(
        cls, network: str, features: np.ndarray, labels: np.ndarray, writers: np.ndarray
    ) -> "Shapes":
        """Fit on samples of many writers.

        Args:
            network: digest of the weights.
            features: float (N, features).
            labels: int (N,) in 0..61, every character at least once.
            writers: (N,), who wrote it; some wrote a character twice.
        """
        numbers = np.unique(writers, return_inverse=True)[1] * NUM_CLASSES + labels
        _, group, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        own = np.zeros((len(counts), features.shape[1]))
        np.add.at(own, group, features)
        own /= counts[:, None]
        offsets = features - own[group]
        within = offsets.T @ offsets / (len(features) - len(counts))
        # A little of the mean variance in all directions, so that none is without any.
        within += 1e-3 * np.trace(within) / len(within) * np.eye(len(within))
        variances, directions = np.linalg.eigh(within)
        whitening = directions / np.sqrt(variances)
        own = own @ whitening
        characters = np.zeros(len(counts), dtype=int)
        characters[group] = labels
        means = np.array([own[characters == c].mean(axis=0) for c in range(NUM_CLASSES)])
        # An own mean varies by 1 / count around its person's, too.
        between = ((own - means[characters]) ** 2).mean() - (1 / counts).mean()
        return cls(network, whitening, means, max(float(between), 0.0))

    def places(self, features: np.ndarray) -> np.ndarray:
        """float (..., features): where features lie."""
        return features @ self.whitening

    def log_ratios(self, places: np.ndarray, own: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """float (..., K): log of p(place | this person's character) / p(place | anybody's).

        Args:
            places: float (..., features).
            own: float (K, features), mean place of the person's own samples of K characters.
            labels: int (K, 2), each character, in 0..61, and its number of samples, at least 1.
        """
        characters, counts = labels.T
        means, seen = self.means[characters], counts * self.between
        trust = seen / (seen + 1)
        expected = means + trust[:, None] * (own - means)
        here, anywhere = 1 + self.between * (1 - trust), 1 + self.between
        nearer = _distances(places, means) / anywhere - _distances(places, expected) / here
        return (nearer + places.shape[-1] * np.log(anywhere / here)) / 2


def _distances(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """float (..., K): squared, from (..., features) to (K, features)."""
    lengths = (places**2).sum(axis=-1, keepdims=True) + (others**2).sum(axis=-1)
    return lengths - 2 * places @ others.T


def shapes_file(weights: Path) -> Path:
    """Where the shapes for a weights file are."""
    return weights.parent / "shapes" / weights.name


def save_shapes(shapes: Shapes, path: Path) -> None:
    """Write them in half precision."""
    content = {
        "network": shapes.network,
        "whitening": torch.from_numpy(shapes.whitening).half(),
        "means": torch.from_numpy(shapes.means).half(),
        "between": shapes.between,
    }
    with replacing(path) as (part,):
        save_torch(content, part)


def load_shapes(path: Path) -> Shapes:
    """Read them.

    Raises:
        HandwritingError: the file is missing or damaged.
    """
    content = load_torch(path, _REMEDY)
    try:
        whitening, means = (content[name].double().numpy() for name in ("whitening", "means"))
        shapes = Shapes(str(content["network"]), whitening, means, float(content["between"]))
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise HandwritingError(f"{path} holds no shapes ({error}). {_REMEDY}") from error
    width = whitening.shape[-1:]
    sound = whitening.shape == width * 2 and means.shape == (NUM_CLASSES, *width)
    numbers = (whitening, means, shapes.between)
    if not sound or not all(np.isfinite(n).all() for n in numbers) or shapes.between < 0:
        raise HandwritingError(f"{path}: its arrays do not fit each other. {_REMEDY}")
    return shapes
