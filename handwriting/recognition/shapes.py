"""Model of shapes for writer adaptation: how writers differ in a network's features.

Features are the inputs of the last layer. Whitening gives them variance 1, in each direction,
within one writer's samples of one character. ``between`` is the variance of the writers' means
around the mean of all writers. The likelihood ratio of a sample, this writer against all, is then a
sum of squares (S. Ioffe, Probabilistic Linear Discriminant Analysis, ECCV 2006).
`handwriting.training.fit_shapes` fits the model and writes its file.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from handwriting.errors import HandwritingError
from handwriting.files import load_torch, replacing, save_torch
from handwriting.labels import NUM_CLASSES

_REMEDY = (
    "Fit it with 'python -m handwriting.training.fit_shapes RUN PENS', or remove it: writer "
    "adaptation then uses sizes alone."
)


@dataclass(frozen=True)
class Shapes:
    """Distribution of the features over characters and writers.

    Attributes:
        network: `Recognizer.weights_digest` of the network.
        whitening: float (features, features), whitens features.
        means: float (62, features), whitened mean of each character over all writers.
        between: variance of the writers' means of a character, in each direction.
    """

    network: str
    whitening: np.ndarray
    means: np.ndarray
    between: float

    @classmethod
    def fit(
        cls, network: str, features: np.ndarray, labels: np.ndarray, writers: np.ndarray
    ) -> "Shapes":
        """Fit to samples of many writers.

        Args:
            network: `Recognizer.weights_digest` of the network.
            features: float (N, features).
            labels: int (N,) in 0..61, each character at least once.
            writers: (N,), writer of each sample; some have several samples of a character.
        """
        numbers = np.unique(writers, return_inverse=True)[1] * NUM_CLASSES + labels
        _, group, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        own = np.zeros((len(counts), features.shape[1]))
        np.add.at(own, group, features)
        own /= counts[:, None]
        offsets = features - own[group]
        within = offsets.T @ offsets / (len(features) - len(counts))
        # Regularisation, so that no direction has variance 0.
        within += 1e-3 * np.trace(within) / len(within) * np.eye(len(within))
        variances, directions = np.linalg.eigh(within)
        whitening = directions / np.sqrt(variances)
        own = own @ whitening
        characters = np.zeros(len(counts), dtype=int)
        characters[group] = labels
        means = np.array([own[characters == c].mean(axis=0) for c in range(NUM_CLASSES)])
        # The mean of `count` samples itself has variance 1 / count.
        between = ((own - means[characters]) ** 2).mean() - (1 / counts).mean()
        return cls(network, whitening, means, max(float(between), 0.0))

    def places(self, features: np.ndarray) -> np.ndarray:
        """float (..., features): whitened features of float (..., features)."""
        return features @ self.whitening

    def log_ratios(self, places: np.ndarray, own: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """float (..., K): log p(features | character, this writer) / p(features | character).

        Args:
            places: float (..., features), whitened.
            own: float (K, features), whitened means of the writer's samples of K characters.
            labels: int (K, 2), each character in 0..61 and its number of samples, at least 1.
        """
        characters, counts = labels.T
        means, seen = self.means[characters], counts * self.between
        trust = seen / (seen + 1)
        expected = means + trust[:, None] * (own - means)
        here, anywhere = 1 + self.between * (1 - trust), 1 + self.between
        nearer = _distances(places, means) / anywhere - _distances(places, expected) / here
        return (nearer + places.shape[-1] * np.log(anywhere / here)) / 2


def _distances(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """float (..., K): squared distances from (..., features) to (K, features)."""
    lengths = (places**2).sum(axis=-1, keepdims=True) + (others**2).sum(axis=-1)
    return lengths - 2 * places @ others.T


def shapes_file(weights: Path) -> Path:
    """Path of the model of shapes of a weights file."""
    return weights.parent / "shapes" / weights.name


def save_shapes(shapes: Shapes, path: Path) -> None:
    """Write the model in half precision."""
    content = {
        "network": shapes.network,
        "whitening": torch.from_numpy(shapes.whitening).half(),
        "means": torch.from_numpy(shapes.means).half(),
        "between": shapes.between,
    }
    with replacing(path) as (part,):
        save_torch(content, part)


def load_shapes(path: Path) -> Shapes:
    """Read the model.

    Raises:
        HandwritingError: the file is missing or damaged.
    """
    content = load_torch(path, _REMEDY)
    try:
        whitening, means = (content[name].double().numpy() for name in ("whitening", "means"))
        shapes = Shapes(str(content["network"]), whitening, means, float(content["between"]))
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise HandwritingError(f"{path} holds no model of shapes ({error}). {_REMEDY}") from error
    width = whitening.shape[-1:]
    sound = whitening.shape == width * 2 and means.shape == (NUM_CLASSES, *width)
    numbers = (whitening, means, shapes.between)
    if not sound or not all(np.isfinite(n).all() for n in numbers) or shapes.between < 0:
        raise HandwritingError(f"{path}: the shapes of its arrays do not match. {_REMEDY}")
    return shapes
