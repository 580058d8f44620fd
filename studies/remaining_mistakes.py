"""Irreducible errors: errors on held-out writers that several networks have in common.

    python -m studies.remaining_mistakes RUN… --data ../shared/pen/characters.npz FOLDER…

All runs held out the same writers (`model_training.py --extra-held-out`). They predict these
writers' images by shape, with a uniform prior. Each set gives the errors of each run, the errors
common to all, how many of these confuse look-alikes or cases, and the accuracy of the runs' mean.
--plate draws random errors of the first run for inspection; its images belong to the sets and must
not be published. With --save: remaining_mistakes.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from handwriting.cli import command_line, make_measuring_parser, run_script, save_measured
from handwriting.datasets.external import ExternalSet, held_out_hands, load_external
from handwriting.datasets.prepared import LabelledImages
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, WITHOUT_CASE, class_index
from handwriting.plots import save_figure
from handwriting.recognition.recognizer import LOOKALIKES, Recognizer
from handwriting.runs import MODELS_FOLDER, find_run
from studies.common import FIGURES

COLUMNS = 12


def lookalike_classes() -> np.ndarray:
    """bool (62, 62): whether two classes are the same character or letter, or look-alikes."""
    like = WITHOUT_CASE[:, None] == WITHOUT_CASE
    for group in LOOKALIKES:
        classes = [class_index(c) for c in group]
        like[np.ix_(classes, classes)] = True
    return like


def common_mistakes(log_probs: dict[str, np.ndarray], labels: np.ndarray) -> dict[str, Any]:
    """Errors of each run, and errors common to all.

    Args:
        log_probs: float (N, 62) by run.
        labels: int (N,) in 0..61.
    """
    answers = {name: rows.argmax(axis=1) for name, rows in log_probs.items()}
    wrong = {name: found != labels for name, found in answers.items()}
    by_all = np.logical_and.reduce(list(wrong.values()))
    like = lookalike_classes()[next(iter(answers.values())), labels]
    mean = sum(log_probs.values()).argmax(axis=1)
    return {
        "images": len(labels),
        "missed": {name: int(missed.sum()) for name, missed in wrong.items()},
        "missed_by_all": int(by_all.sum()),
        "missed_by_all_as_lookalike": int((by_all & like).sum()),
        "missed_by_the_mean": int((mean != labels).sum()),
    }


def left_out(path: Path, fraction: float) -> ExternalSet:
    """The images of a set's held-out writers."""
    data = load_external(path)
    return data.part(held_out_hands(data.hands, fraction))


def draw_some(
    recognizer: Recognizer, sets: list[ExternalSet], number: int, seed: int, path: Path
) -> None:
    """Some errors of all sets, without confused look-alikes, numbered from 1."""
    images = torch.cat([data.images for data in sets])
    labels = torch.cat([data.labels for data in sets])
    answers = recognizer.log_probs(images, "equal").argmax(axis=1)
    rows = np.flatnonzero(~lookalike_classes()[answers, labels.numpy()])
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:number])
    captions = [
        f"{k} {CLASSES[labels[row]]} → {CLASSES[answers[row]]}" for k, row in enumerate(rows, 1)
    ]
    draw(LabelledImages(images, labels), rows, captions, "number, label", path)


def draw(
    test: LabelledImages, rows: np.ndarray, captions: list[str], title: str, path: Path
) -> None:
    """Write the images of the rows with their captions."""
    lines = -(-len(rows) // COLUMNS)
    figure, grid = plt.subplots(
        lines, COLUMNS, figsize=(COLUMNS, 1.35 * lines), layout="constrained", squeeze=False
    )
    figure.suptitle(f"{title}: true → predicted character (probability)")
    for axes in grid.flat:
        axes.axis("off")
    for axes, row, caption in zip(grid.flat, rows, captions, strict=False):
        axes.imshow(test.images[row], cmap="gray_r")
        axes.set_title(caption, fontsize=8)
    save_figure(figure, path, command_line())


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, number=12)
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="runs that held out the same writers")
    add("--data", nargs="+", type=Path, required=True, metavar="PATH", help="their training data")
    add("--plate", type=Path, default=None, metavar="FILE", help="PNG file of random errors")
    add("--number", type=int, default=200, help="errors on the plate")
    add("--seed", type=int, default=0, help="random seed of the plate")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Evaluate, print one JSON object and draw the plate."""
    runs = [find_run(name, args.models) for name in args.runs]
    recognizers = {run.name: Recognizer.load(run.weights) for run in runs}
    fractions = {
        recognizer.content.get("hyperparameters", {}).get("extra_held_out", 0.0)
        for recognizer in recognizers.values()
    }
    if len(fractions) != 1 or not max(fractions):
        raise HandwritingError(
            f"the runs held out different parts of the writers: {sorted(fractions)}. Give runs "
            "trained with the same --extra-held-out."
        )
    (fraction,) = fractions
    sets = {path.stem: left_out(path, fraction) for path in args.data}
    result: dict[str, Any] = {"runs": list(recognizers), "held_out": fraction, "sets": {}}
    for name, data in sets.items():
        log_probs = {run: r.log_probs(data.images, "equal") for run, r in recognizers.items()}
        result["sets"][name] = common_mistakes(log_probs, data.labels.numpy().astype(int))
    print(json.dumps(result, indent=1))
    save_measured(args, "remaining_mistakes.json", result)
    if args.plate:
        first = next(iter(recognizers.values()))
        draw_some(first, list(sets.values()), args.number, args.seed, args.plate)
        print(f"wrote {args.plate}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
