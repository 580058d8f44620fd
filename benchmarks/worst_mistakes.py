"""A picture of a run's worst mistakes on the test set, the surest first.

    python benchmarks/worst_mistakes.py RUN [--output worst.png]

Under each image stand its true character, the one read, and how sure the network was. The picture
holds images of the archive, so it is written where you say and is no part of the project.
"""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from handwriting.errors import HandwritingError, run_script
from handwriting.labels import CLASSES
from handwriting.plots import save_figure
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, find_run

COLUMNS = 12


def worst(probabilities: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """Rows that are read wrongly, int (at most ``most``,), the most probable wrong answer first.

    Args:
        probabilities: float (N, 62).
        labels: int (N,) in 0..61.
        most: how many rows.
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:most]


def draw(
    test: LabelledImages, probabilities: np.ndarray, rows: np.ndarray, title: str, path: Path
) -> None:
    """Write the images of the rows, a true and a read character under each."""
    lines = -(-len(rows) // COLUMNS)
    figure, grid = plt.subplots(
        lines, COLUMNS, figsize=(COLUMNS, 1.35 * lines), layout="constrained", squeeze=False
    )
    figure.suptitle(f"{title}: true character → read as (probability)")
    for axes in grid.flat:
        axes.axis("off")
    for axes, row in zip(grid.flat, rows, strict=False):
        read = int(probabilities[row].argmax())
        axes.imshow(test.images[row], cmap="gray_r")
        true = CLASSES[int(test.labels[row])]
        axes.set_title(f"{true} → {CLASSES[read]} ({probabilities[row, read]:.2f})", fontsize=8)
    save_figure(figure, path)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="run in models/")
    add("--most", type=int, default=96, help="mistakes to show")
    add("--output", type=Path, default=Path("worst.png"), help="file to write")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the test set and draw."""
    test = load_images(args.processed, "test")
    run = find_run(args.run, args.models)
    probabilities = Recognizer(run.weights).probabilities(test.images)
    rows = worst(probabilities, test.labels.numpy(), args.most)
    if not len(rows):
        raise HandwritingError(f"{run.name} makes no mistake on the test set.")
    draw(test, probabilities, rows, run.name, args.output)
    print(f"wrote {args.output}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
