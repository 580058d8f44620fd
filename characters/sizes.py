"""How tall people draw each character and where it stands on the line: p(size | character).

    python -m characters.sizes ../shared/drawings       fit it, write models/sizes.json

EMNIST pictures have lost their size, so a network alone cannot tell `s` from `S`. Sizes are in
units of a ruled line: 0 is the baseline, 1 the height of capitals. The model is a Student t
distribution per character over (log height, top), mixed with a flat part, so that someone who does
not respect the lines is not punished much. It is fitted twice on drawings of a whole canvas
without lines. ``free`` is for such drawings: the lines are where capitals and digits stand on
average. ``ruled`` is for ruled paper, which gives all writers the same lines: each writer's lines
are where that writer's own capitals and digits stand.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from characters.errors import CharactersError, run_script
from characters.files import replacing, save_json
from characters.labelled_sets import load_labelled
from characters.labels import CLASSES, NUM_CLASSES, class_index

SIZES_FILE = Path("models/sizes.json")

DEGREES_OF_FREEDOM = 8
FLAT_SHARE = 0.02
FLAT_DENSITY = 1 / 6
"""Uniform over about 3 units of log height and 2 units of top."""

_SHRINKAGE = 15
"""The covariance of all characters together counts as much as so many drawings of a character."""

_LEAST_HEIGHT = 0.03
_SMALL = tuple("acemnorsuvwxz")


@dataclass(frozen=True)
class Lines:
    """Where a ruled line is: y of the baseline and of the capital line, growing downwards."""

    baseline: float
    capital: float

    def measure(self, place: Sequence[float]) -> np.ndarray:
        """(log height, top) of the ink's left, top, right, bottom, in units of the line."""
        _, top, _, bottom = place
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
        """float (62,): log p(size | character) of one (log height, top)."""
        offset = size - self.means
        inverse = np.linalg.inv(self.covariances)
        distance = np.einsum("ci,cij,cj->c", offset, inverse, offset)
        _, log_volume = np.linalg.slogdet(self.covariances)
        nu = DEGREES_OF_FREEDOM
        # In two dimensions the t density's constant is 1 / (2 pi) for any nu.
        log_t = -(nu + 2) / 2 * np.log1p(distance / nu) - log_volume / 2 - np.log(2 * np.pi)
        return np.logaddexp(np.log1p(-FLAT_SHARE) + log_t, np.log(FLAT_SHARE * FLAT_DENSITY))


@dataclass(frozen=True)
class Sizes:
    """The two models and what belongs to them.

    Attributes:
        ruled: for drawings on ruled lines.
        free: for drawings on a canvas without lines.
        canvas: the lines of such a canvas, in shares of its height.
        x_height: top of small letters on ruled lines, in units of the line.
    """

    ruled: SizeModel
    free: SizeModel
    canvas: Lines
    x_height: float

    def on_lines(self, place: Sequence[float], lines: Lines) -> np.ndarray:
        """float (62,): log p(size | character) of a drawing on ruled lines."""
        return self.ruled.log_likelihood(lines.measure(place))

    def on_canvas(self, place: Sequence[float], height: float) -> np.ndarray:
        """float (62,): log p(size | character) of a drawing on a canvas of this many pixels."""
        return self.free.log_likelihood(_scaled(self.canvas, height).measure(place))


def _scaled(lines: Lines, height: float) -> Lines:
    return Lines(lines.baseline * height, lines.capital * height)


def _lines_of(shares: np.ndarray, labels: np.ndarray) -> Lines:
    """Where capitals and digits stand; takes top and bottom, float (N, 2)."""
    tall = labels < class_index("a")
    top, bottom = np.median(shares[tall], axis=0)
    return Lines(baseline=float(bottom), capital=float(top))


def fit(places: np.ndarray, heights: np.ndarray, labels: np.ndarray, writers: np.ndarray) -> Sizes:
    """Fit both models on drawings of a whole canvas.

    Args:
        places: float (N, 4), left, top, right, bottom in pixels.
        heights: float (N,), of the canvases.
        labels: int (N,) in 0..61; every character at least once.
        writers: (N,), who drew it; each wrote capitals or digits.
    """
    shares = places / heights[:, None]
    canvas = _lines_of(shares[:, [1, 3]], labels)
    free = np.array([canvas.measure(place) for place in shares])
    ruled = np.empty_like(free)
    for writer in np.unique(writers):
        own = writers == writer
        lines = _lines_of(shares[own][:, [1, 3]], labels[own])
        ruled[own] = [lines.measure(place) for place in shares[own]]
    small = np.isin(labels, [class_index(c) for c in _SMALL])
    x_height = float(np.median(ruled[small, 1]))
    return Sizes(_fit_model(ruled, labels), _fit_model(free, labels), canvas, x_height)


def _fit_model(sizes: np.ndarray, labels: np.ndarray) -> SizeModel:
    means = np.array([np.median(sizes[labels == c], axis=0) for c in range(NUM_CLASSES)])
    offsets = sizes - means[labels]
    pooled = offsets.T @ offsets / len(offsets)
    covariances = np.array([_shrunk(offsets[labels == c], pooled) for c in range(NUM_CLASSES)])
    return SizeModel(means, covariances)


def _shrunk(offsets: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    count = len(offsets)
    return (offsets.T @ offsets + _SHRINKAGE * pooled) / (count + _SHRINKAGE)


def save_sizes(sizes: Sizes, path: Path, about: str) -> None:
    """Write the models as readable JSON."""
    content = {
        "about": about,
        "canvas": {name: round(value, 4) for name, value in vars(sizes.canvas).items()},
        "x_height": round(sizes.x_height, 4),
        "ruled": _as_json(sizes.ruled),
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
        CharactersError: the file is missing or damaged.
    """
    remedy = "Fit it with 'python -m characters.sizes FOLDER'."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        ruled, free = (_from_json(content[name]) for name in ("ruled", "free"))
        return Sizes(ruled, free, Lines(**content["canvas"]), float(content["x_height"]))
    except FileNotFoundError as error:
        raise CharactersError(f"{path} does not exist. {remedy}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise CharactersError(f"{path} is damaged ({error!r}). {remedy}") from error


def _from_json(content: dict[str, dict[str, object]]) -> SizeModel:
    rows = [content[character] for character in CLASSES]
    means = [[row["log_height"], row["top"]] for row in rows]
    covariances = [[[v[0], v[1]], [v[1], v[2]]] for v in (row["covariance"] for row in rows)]
    return SizeModel(np.array(means, dtype=float), np.array(covariances, dtype=float))


def main(args: argparse.Namespace) -> None:
    """Fit on a folder of drawings and save."""
    drawings = load_labelled(args.drawings)
    if drawings.writers is None:
        raise CharactersError(f"{args.drawings / 'labels.csv'} needs the column writer.")
    if not drawings.places.any(axis=1).all():
        raise CharactersError(f"{args.drawings} holds a picture without ink. Take it out.")
    labels, number = drawings.images.labels.numpy(), len(np.unique(drawings.writers))
    about = f"p(size | character), fitted on {len(labels)} drawings of {number} writers"
    sizes = fit(drawings.places, drawings.heights, labels, drawings.writers)
    save_sizes(sizes, args.out, about)
    print(f"{about}; wrote {args.out}")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of the fit."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "drawings", type=Path, help="folder with labels.csv (file, character, writer)"
    )
    parser.add_argument("--out", type=Path, default=SIZES_FILE, help="file to write")
    return parser


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
