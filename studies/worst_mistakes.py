"""A run's worst mistakes on the test set, the surest first.

    python -m studies.worst_mistakes RUN --save

Prints a line for each: the row of the test set, its true character, the one read, and how sure the
network was. With --save: a picture of them, worst_mistakes.png; it holds images of the archive, so
it goes to data/studies, which is no part of the project.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from handwriting.cli import command_line, make_measuring_parser, run_script
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.plots import save_figure
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, find_run

COLUMNS = 12


def worst(probs: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """Rows that are read wrongly, int (at most ``most``,), the most probable wrong answer first.

    Args:
        probs: float (N, 62).
        labels: int (N,) in 0..61.
        most: how many rows.
    """
    wrong = np.flatnonzero(probs.argmax(axis=1) != labels)
    return wrong[np.argsort(-probs[wrong].max(axis=1), kind="stable")][:most]


def captions_of(probs: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> list[str]:
    """As "S → s (0.97)": the true character, the one read, and its probability."""
    return [
        f"{CLASSES[labels[row]]} → {CLASSES[probs[row].argmax()]} ({probs[row].max():.2f})"
        for row in rows
    ]


def draw(
    test: LabelledImages, rows: np.ndarray, captions: list[str], title: str, path: Path
) -> None:
    """Write the images of the rows, each with its caption."""
    lines = -(-len(rows) // COLUMNS)
    figure, grid = plt.subplots(
        lines, COLUMNS, figsize=(COLUMNS, 1.35 * lines), layout="constrained", squeeze=False
    )
    figure.suptitle(f"{title}: true character → read as (probability)")
    for axes in grid.flat:
        axes.axis("off")
    for axes, row, caption in zip(grid.flat, rows, captions, strict=False):
        axes.imshow(test.images[row], cmap="gray_r")
        axes.set_title(caption, fontsize=8)
    save_figure(figure, path, command_line())


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, Path("data/studies"), most=12)
    add = parser.add_argument
    add("run", metavar="RUN", help="run in models/")
    add("--most", type=int, default=96, help="mistakes to show")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the test set, print the mistakes, draw them."""
    test = load_images(args.processed, "test")
    run = find_run(args.run, args.models)
    probs, labels = Recognizer.load(run.weights).probs(test.images), test.labels.numpy()
    rows = worst(probs, labels, args.most)
    if not len(rows):
        raise HandwritingError(f"{run.name} makes no mistake on the test set.")
    captions = captions_of(probs, labels, rows)
    for row, caption in zip(rows, captions, strict=True):
        print(f"{row:>7}: {caption}")
    if args.save:
        draw(test, rows, captions, run.name, args.out / "worst_mistakes.png")
        print(f"wrote {args.out / 'worst_mistakes.png'}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
