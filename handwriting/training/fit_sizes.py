"""Fit how tall people draw each character and where it stands: p(size | character).

    python -m handwriting.training.fit_sizes ../shared/drawings --out models/sizes.json

Both models of `handwriting.recognition.sizes` are fitted on drawings of a whole canvas without
lines. For the ``ruled`` one each writer's lines are where that writer's own capitals and digits
stand.
"""

import argparse
from pathlib import Path

import numpy as np

from handwriting.cli import make_parser, run_script
from handwriting.datasets.external import ExternalSet, load_external
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, FIRST_SMALL, NUM_CLASSES, class_index
from handwriting.recognition.sizes import Lines, SizeModel, Sizes, save_sizes

_SHRINKAGE = 15
"""The covariance of all characters together counts as much as so many drawings of a character."""

_SMALL = tuple("acemnorsuvwxz")


def _lines_of(shares: np.ndarray, labels: np.ndarray) -> Lines:
    """Where capitals and digits stand; takes top and bottom, float (N, 2)."""
    tall = labels < FIRST_SMALL
    top, bottom = np.median(shares[tall], axis=0)
    return Lines(baseline=float(bottom), capital=float(top))


def fit_sizes(
    bboxes: np.ndarray, heights: np.ndarray, labels: np.ndarray, writers: np.ndarray
) -> Sizes:
    """Fit both models on drawings of a whole canvas.

    Args:
        bboxes: float (N, 4), left, top, right, bottom in pixels.
        heights: float (N,), of the canvases.
        labels: int (N,) in 0..61; every character at least once.
        writers: (N,), who drew it; each wrote capitals or digits.
    """
    shares = bboxes / heights[:, None]
    canvas = _lines_of(shares[:, [1, 3]], labels)
    free = np.array([canvas.measure(bbox) for bbox in shares])
    ruled = np.empty_like(free)
    for writer in np.unique(writers):
        own = writers == writer
        lines = _lines_of(shares[own][:, [1, 3]], labels[own])
        ruled[own] = [lines.measure(bbox) for bbox in shares[own]]
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


def left_out_log_likelihoods(drawings: ExternalSet, groups: np.ndarray) -> np.ndarray:
    """float (N, 62): log p(size | character) of each drawing, fitted without its group.

    Args:
        drawings: of a whole canvas, with writers.
        groups: (N,), such as the writers themselves.
    """
    labels = drawings.labels.numpy().astype(int)
    bboxes, heights, writers = drawings.bboxes, drawings.heights, drawings.writers
    found = np.empty((len(labels), NUM_CLASSES))
    for group in np.unique(groups):
        own = groups == group
        sizes = fit_sizes(bboxes[~own], heights[~own], labels[~own], writers[~own])
        found[own] = sizes.on_canvases(bboxes[own], heights[own])
    return found


def _check_writers(labels: np.ndarray, writers: np.ndarray) -> None:
    without = sorted(set(writers) - set(writers[labels < FIRST_SMALL]))
    if without:
        raise HandwritingError(
            f"there is no capital or digit of the writer {without[0]}, so where that writer's "
            "lines are is not known. Add some or leave the writer out."
        )


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of the fit."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "drawings", type=Path, help="folder with labels.csv (file, character, writer)"
    )
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    return parser


def main(args: argparse.Namespace) -> None:
    """Fit on a folder of drawings and save."""
    drawings = load_external(args.drawings)
    if drawings.writers is None:
        raise HandwritingError(f"{args.drawings / 'labels.csv'} needs the column writer.")
    if not drawings.bboxes.any(axis=1).all():
        raise HandwritingError(f"{args.drawings} holds a picture without ink. Take it out.")
    labels, number = drawings.labels.numpy().astype(int), len(np.unique(drawings.writers))
    missing = [CLASSES[c] for c in range(NUM_CLASSES) if c not in labels]
    if missing:
        raise HandwritingError(f"{args.drawings} lacks drawings of {' '.join(missing)}. Add some.")
    _check_writers(labels, drawings.writers)
    about = f"p(size | character), fitted on {len(labels)} drawings of {number} writers"
    sizes = fit_sizes(drawings.bboxes, drawings.heights, labels, drawings.writers)
    save_sizes(sizes, args.out, about)
    print(f"{about}; wrote {args.out}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
