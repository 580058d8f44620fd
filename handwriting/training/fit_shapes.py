"""Fit how writers' shapes of a character differ, in the features of a run's network.

    python -m handwriting.training.fit_shapes RUN ../shared/pen/characters.npz

The output models/shapes/RUN.pt adapts a model to a writer by shape
(`handwriting.recognition.shapes`). Writers that RUN's training held out are held out here too.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from handwriting.cli import make_parser, run_script
from handwriting.datasets.external import held_out_hands
from handwriting.datasets.pen import draw_samples, load_pen
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, NUM_CLASSES, class_index
from handwriting.recognition.recognizer import Recognizer
from handwriting.recognition.shapes import Shapes, save_shapes, shapes_file
from handwriting.runs import MODELS_FOLDER, find_run

_MOST = 4
"""Most samples of a character per writer, so that all writers weigh about the same."""


def first_of_each(labels: np.ndarray, writers: np.ndarray) -> np.ndarray:
    """int: the first few samples of each character per writer."""
    pairs = np.unique(writers, return_inverse=True)[1] * NUM_CLASSES + labels
    order = np.argsort(pairs, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(pairs[order]) > 0])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return np.sort(order[place < _MOST])


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of the fit."""
    parser = make_parser(__doc__)
    parser.add_argument("run", metavar="RUN", help="run whose model is adapted to writers")
    parser.add_argument("pens", type=Path, metavar="PENS", help="pen archive of many writers")
    parser.add_argument("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Fit and save beside the weights."""
    run, pens = find_run(args.run, args.models), load_pen(args.pens)
    recognizer = Recognizer.load(run.weights)
    samples = pens.characters()
    fraction = recognizer.content.get("hyperparameters", {}).get("extra_held_out", 0.0)
    samples = samples[~held_out_hands(pens.writer[samples], fraction)]
    labels = np.array([class_index(text) for text in pens.text[samples].tolist()])
    kept = first_of_each(labels, pens.writer[samples])
    samples, labels = samples[kept], labels[kept]
    writers = pens.writer[samples]
    missing = [CLASSES[c] for c in range(NUM_CLASSES) if c not in labels]
    if missing:
        raise HandwritingError(f"{args.pens} lacks {' '.join(missing)}. Take a larger archive.")
    if len({*zip(writers.tolist(), labels.tolist(), strict=True)}) == len(labels):
        raise HandwritingError(f"{args.pens} holds no character that one writer wrote twice.")
    images = np.stack([character.image for character in draw_samples(pens, samples)])
    _, features = recognizer.answers(torch.from_numpy(images))
    shapes = Shapes.fit(recognizer.weights_digest, features, labels, writers)
    save_shapes(shapes, shapes_file(run.weights))
    print(
        f"{len(labels)} samples of {len(np.unique(writers))} writers; "
        f"wrote {shapes_file(run.weights)}"
    )


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
