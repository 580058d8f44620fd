"""Fit the height and position of each character: p(size | character).

    python -m handwriting.training.fit_sizes ../shared/drawings \\
        --pens ../shared/pen/characters.npz --out models/sizes.json

Both models of `handwriting.recognition.sizes` are fitted on drawings on a whole canvas without
ruled lines. For the ``ruled`` model, each writer's capitals and digits define that writer's lines.
With a pen archive, the ``ruled`` model is a mixture of two: one fitted on the drawings, one on the
pen strokes whose position on the line is known.
"""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from handwriting.cli import make_parser, run_script
from handwriting.datasets.external import ExternalSet, load_external
from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, FIRST_SMALL, NUM_CLASSES, class_index
from handwriting.recognition.sizes import Lines, SizeMixture, SizeModel, Sizes, save_sizes
from handwriting.training.claims import check_output

_SHRINKAGE = 15
"""Weight of the pooled covariance of all characters, in drawings of a character."""

_SMALL = tuple("acemnorsuvwxz")

ON_A_LINE = ("aga", "art", "ced")
"""Providers of UNIPEN whose characters stand on a common line: their capitals end within a fifth of
their height, and their g, p, q and y descend as far as on paper (docs/log.md)."""

PEN_WEIGHT = 0.3


def _lines_of(shares: np.ndarray, labels: np.ndarray) -> Lines:
    """The line on which capitals and digits stand, from top and bottom, float (N, 2)."""
    tall = labels < FIRST_SMALL
    top, bottom = np.median(shares[tall], axis=0)
    return Lines(baseline=float(bottom), capital=float(top))


def sizes_on_own_lines(bboxes: np.ndarray, labels: np.ndarray, writers: np.ndarray) -> np.ndarray:
    """(log height, top) of characters relative to their writers' lines.

    Takes float (N, 4), int (N,) and (N,). Returns float (N, 2): nan for a writer without capitals
    and digits, or whose capitals have no height.
    """
    sizes = np.full((len(labels), 2), np.nan)
    for writer in np.unique(writers):
        own = writers == writer
        if not (labels[own] < FIRST_SMALL).any():
            continue
        lines = _lines_of(bboxes[own][:, [1, 3]], labels[own])
        if lines.baseline > lines.capital:
            sizes[own] = [lines.measure(bbox) for bbox in bboxes[own]]
    return sizes


@dataclass(frozen=True)
class PenSizes:
    """Heights and positions of characters on their writers' lines.

    Attributes:
        sizes: float (N, 2) of (log height, top).
        labels: int (N,) in 0..61.
        writers: str (N,).
    """

    sizes: np.ndarray
    labels: np.ndarray
    writers: np.ndarray

    def part(self, rows: np.ndarray) -> "PenSizes":
        """A subset, by a mask or indices."""
        return PenSizes(*(getattr(self, field.name)[rows] for field in fields(self)))

    def one_of_each(self) -> "PenSizes":
        """The first sample of each character per writer, so that all writers weigh the same."""
        pairs = np.char.add(self.writers.astype(str), np.char.add(" ", self.labels.astype(str)))
        return self.part(np.sort(np.unique(pairs, return_index=True)[1]))


def pen_sizes(archive: PenArchive) -> PenSizes:
    """Sizes of the characters of writers who wrote capitals or digits.

    Only the providers ``ON_A_LINE`` are measured.
    """
    samples = archive.characters()
    samples = samples[np.isin(archive.provider[samples], ON_A_LINE)]
    labels = np.array([class_index(text) for text in archive.text[samples].tolist()])
    joined = (np.concatenate(archive.strokes(sample)) for sample in samples)
    boxes = np.array([(*points.min(axis=0), *points.max(axis=0)) for points in joined])
    writers = archive.writer[samples]
    sizes = sizes_on_own_lines(boxes, labels, writers)
    return PenSizes(sizes, labels, writers).part(~np.isnan(sizes[:, 0]))


def fit_sizes(
    bboxes: np.ndarray,
    heights: np.ndarray,
    labels: np.ndarray,
    writers: np.ndarray,
    pens: PenSizes | None = None,
) -> Sizes:
    """Fit both models on drawings on a whole canvas.

    Args:
        bboxes: float (N, 4): left, top, right, bottom in pixels.
        heights: float (N,), canvas heights in pixels.
        labels: int (N,) in 0..61; every character at least once.
        writers: (N,), the writer of each; every writer drew capitals or digits.
        pens: sizes of pen strokes for the ruled model; every character at least once.
    """
    shares = bboxes / heights[:, None]
    canvas = _lines_of(shares[:, [1, 3]], labels)
    free = np.array([canvas.measure(bbox) for bbox in shares])
    ruled = sizes_on_own_lines(shares, labels, writers)
    small = np.isin(labels, [class_index(c) for c in _SMALL])
    x_height = float(np.median(ruled[small, 1]))
    models, weights = (fit_model(ruled, labels),), (1.0,)
    if pens is not None:
        models = (*models, fit_model(pens.sizes, pens.labels))
        weights = (1 - PEN_WEIGHT, PEN_WEIGHT)
    return Sizes(SizeMixture(models, weights), fit_model(free, labels), canvas, x_height)


def fit_model(sizes: np.ndarray, labels: np.ndarray) -> SizeModel:
    """Fit on (log height, top), float (N, 2), and labels, int (N,) with every character."""
    means = np.array([np.median(sizes[labels == c], axis=0) for c in range(NUM_CLASSES)])
    offsets = sizes - means[labels]
    pooled = offsets.T @ offsets / len(offsets)
    covariances = np.array([_shrunk(offsets[labels == c], pooled) for c in range(NUM_CLASSES)])
    return SizeModel(means, covariances)


def _shrunk(offsets: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    count = len(offsets)
    return (offsets.T @ offsets + _SHRINKAGE * pooled) / (count + _SHRINKAGE)


def left_out_log_likelihoods(drawings: ExternalSet, groups: np.ndarray) -> np.ndarray:
    """float (N, 62): log p(size | character) of each drawing, cross-validated by group.

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
            f"there is no capital or digit of writer {without[0]}, so where that writer's "
            "lines are is not known. Add some or leave the writer out."
        )


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of the fit."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "drawings", type=Path, help="folder with labels.csv (file, character, writer)"
    )
    parser.add_argument("--pens", type=Path, default=None, help="pen archive for ruled lines")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    return parser


def main(args: argparse.Namespace) -> None:
    """Fit on a folder of drawings and save."""
    check_output(args.out, *([args.pens] if args.pens else []))
    drawings = load_external(args.drawings)
    if drawings.writers is None:
        raise HandwritingError(f"{args.drawings / 'labels.csv'} needs the column writer.")
    if not drawings.bboxes.any(axis=1).all():
        raise HandwritingError(f"{args.drawings} holds an image without ink. Take it out.")
    labels, number = drawings.labels.numpy().astype(int), len(np.unique(drawings.writers))
    missing = [CLASSES[c] for c in range(NUM_CLASSES) if c not in labels]
    if missing:
        raise HandwritingError(f"{args.drawings} lacks drawings of {' '.join(missing)}. Add some.")
    _check_writers(labels, drawings.writers)
    about = f"p(size | character), fitted on {len(labels)} drawings of {number} writers"
    pens = None
    if args.pens is not None:
        pens = _pens_on_a_line(args.pens)
        about += f" and, for ruled lines, pens of {len(np.unique(pens.writers))} writers"
    sizes = fit_sizes(drawings.bboxes, drawings.heights, labels, drawings.writers, pens)
    save_sizes(sizes, args.out, about)
    print(f"{about}; wrote {args.out}")


def _pens_on_a_line(path: Path) -> PenSizes:
    pens = pen_sizes(load_pen(path)).one_of_each()
    missing = [CLASSES[c] for c in range(NUM_CLASSES) if c not in pens.labels]
    if missing:
        raise HandwritingError(
            f"{path} lacks {' '.join(missing)} of the providers {', '.join(ON_A_LINE)}, whose "
            "characters stand on a line. Fit without --pens."
        )
    return pens


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
