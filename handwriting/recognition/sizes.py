"""Model of character sizes, p(size | character): height and position on ruled lines.

EMNIST images have lost their size, so a network alone cannot distinguish `s` from `S`. Sizes are in
units of a ruled line: 0 is the baseline, 1 the height of capitals. Each character has a Student t
distribution over (log height, top). A uniform part limits the penalty of writing off the lines.

``free`` is for a canvas without ruled lines; its baseline and capital height are averages of
capitals and digits. ``ruled`` is for ruled lines, which all writers share. It can be a mixture of
models for writers of unknown origin. `handwriting.training.fit_sizes` fits both.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handwriting.errors import HandwritingError
from handwriting.files import replacing, save_json
from handwriting.labels import CLASSES

SIZES_FILE = Path("models/sizes.json")

DEGREES_OF_FREEDOM = 8
FLAT_SHARE = 0.02
FLAT_DENSITY = 1 / 6
"""Uniform over about 3 units of log height and 2 units of top."""

_LEAST_HEIGHT = 0.03


@dataclass(frozen=True)
class Lines:
    """A ruled line: y of the baseline and of the top of capitals, downwards, in any unit."""

    baseline: float
    capital: float

    def measure(self, bbox: Sequence[float]) -> np.ndarray:
        """float (2,): (log height, top) in units of the line.

        Args:
            bbox: left, top, right, bottom of the ink, in the unit of the line's y.
        """
        _, top, _, bottom = bbox
        unit = self.baseline - self.capital
        height = max((bottom - top) / unit, _LEAST_HEIGHT)
        return np.array([np.log(height), (self.baseline - top) / unit])


@dataclass(frozen=True)
class SizeModel:
    """p(size | character).

    Attributes:
        means: float (62, 2) of (log height, top).
        covariances: float (62, 2, 2).
    """

    means: np.ndarray
    covariances: np.ndarray

    def log_likelihood(self, size: np.ndarray) -> np.ndarray:
        """float (..., 62): log p(size | character) of (log height, top), float (..., 2)."""
        offset = size[..., None, :] - self.means
        inverse = np.linalg.inv(self.covariances)
        distance = np.einsum("...ci,cij,...cj->...c", offset, inverse, offset)
        _, log_volume = np.linalg.slogdet(self.covariances)
        nu = DEGREES_OF_FREEDOM
        # In two dimensions the t density's constant is 1 / (2 pi) for any nu.
        log_t = -(nu + 2) / 2 * np.log1p(distance / nu) - log_volume / 2 - np.log(2 * np.pi)
        return np.logaddexp(np.log1p(-FLAT_SHARE) + log_t, np.log(FLAT_SHARE * FLAT_DENSITY))


@dataclass(frozen=True)
class SizeMixture:
    """p(size | character) as a mixture of several models.

    Attributes:
        models: the components.
        weights: probability of each component, with the sum 1.
    """

    models: tuple[SizeModel, ...]
    weights: tuple[float, ...]

    def log_likelihood(self, size: np.ndarray) -> np.ndarray:
        """float (..., 62): log p(size | character) of (log height, top), float (..., 2)."""
        parts = zip(self.models, self.weights, strict=True)
        return np.logaddexp.reduce([np.log(w) + model.log_likelihood(size) for model, w in parts])


@dataclass(frozen=True)
class Sizes:
    """The two models of sizes, and the lines that they refer to.

    Attributes:
        ruled: for drawings on ruled lines.
        free: for drawings on a canvas without ruled lines.
        canvas: average line of such a canvas, as parts of its height.
        x_height: top of small letters on ruled lines, in units of the line.
    """

    ruled: SizeMixture
    free: SizeModel
    canvas: Lines
    x_height: float

    def on_lines(self, bbox: Sequence[float], lines: Lines) -> np.ndarray:
        """float (62,): log p(size | character) of a drawing on ruled lines."""
        return self.ruled.log_likelihood(lines.measure(bbox))

    def on_canvas(self, bbox: Sequence[float], height: float) -> np.ndarray:
        """float (62,): log p(size | character) of a drawing on a canvas ``height`` pixels high."""
        lines = Lines(self.canvas.baseline * height, self.canvas.capital * height)
        return self.free.log_likelihood(lines.measure(bbox))

    def on_canvases(self, bboxes: np.ndarray, heights: np.ndarray) -> np.ndarray:
        """float (N, 62): :meth:`on_canvas` of many drawings; float (N, 4) and (N,)."""
        pairs = zip(bboxes, heights, strict=True)
        return np.array([self.on_canvas(bbox, height) for bbox, height in pairs])


def save_sizes(sizes: Sizes, path: Path, about: str) -> None:
    """Write the models as readable JSON."""
    content = {
        "about": about,
        "canvas": {name: round(value, 4) for name, value in vars(sizes.canvas).items()},
        "x_height": round(sizes.x_height, 4),
        "ruled": [
            {"weight": weight, "characters": _as_json(model)}
            for model, weight in zip(sizes.ruled.models, sizes.ruled.weights, strict=True)
        ],
        "free": _as_json(sizes.free),
    }
    with replacing(path) as (part,):
        save_json(content, part)


def _as_json(model: SizeModel) -> dict[str, dict[str, object]]:
    return {
        character: {
            "log_height": round(float(mean[0]), 4),
            "top": round(float(mean[1]), 4),
            "covariance": [round(float(v), 5) for v in (cov[0, 0], cov[0, 1], cov[1, 1])],
        }
        for character, mean, cov in zip(CLASSES, model.means, model.covariances, strict=True)
    }


def load_sizes(path: Path = SIZES_FILE) -> Sizes:
    """Read the models.

    Raises:
        HandwritingError: the file is missing or damaged.
    """
    remedy = "Fit it with 'python -m handwriting.training.fit_sizes FOLDER'."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        free, parts = _from_json(content["free"]), content["ruled"]
        if isinstance(parts, dict):
            # Files in the former format hold a single model.
            parts = [{"weight": 1.0, "characters": parts}]
        models = tuple(_from_json(part["characters"]) for part in parts)
        weights = tuple(float(part["weight"]) for part in parts)
        canvas = Lines(**{name: float(y) for name, y in content["canvas"].items()})
        if not 0 < canvas.baseline - canvas.capital < np.inf or not min(weights) > 0:
            raise ValueError("a line or a weight out of range")
        return Sizes(SizeMixture(models, weights), free, canvas, float(content["x_height"]))
    except FileNotFoundError as error:
        raise HandwritingError(f"{path} does not exist. {remedy}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise HandwritingError(f"{path} is damaged ({error!r}). {remedy}") from error


def _from_json(content: dict[str, dict[str, object]]) -> SizeModel:
    rows = [content[character] for character in CLASSES]
    means = [[row["log_height"], row["top"]] for row in rows]
    covariances = [[[v[0], v[1]], [v[1], v[2]]] for v in (row["covariance"] for row in rows)]
    model = SizeModel(np.array(means, dtype=float), np.array(covariances, dtype=float))
    if not np.isfinite(model.means).all() or not (np.linalg.eigvalsh(model.covariances) > 0).all():
        raise ValueError("a mean that is not finite, or a covariance that is not positive definite")
    return model
