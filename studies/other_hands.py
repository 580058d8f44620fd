"""Accuracy on out-of-domain handwriting of held-out writers: pen strokes, drawings, photographs.

    python -m studies.other_hands RUN… --data ../shared/pen/characters.npz ../shared/drawings …

All runs predict the same images, those of writers held out of the last RUN's training
(`model_training.py --extra-held-out`), with a uniform class prior. For images of a whole canvas,
size comes from a model fitted without these writers. The 95% intervals (Wilson 1927) take images as
independent; images of one writer are not, so the intervals are somewhat too narrow. With --save:
other_hands.json.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.datasets.external import held_out_hands, load_external
from handwriting.errors import HandwritingError
from handwriting.evaluation.every_split import interval
from handwriting.evaluation.metrics import accuracies, accuracy_within, topk_predictions
from handwriting.recognition.recognizer import Recognizer, size_weight
from handwriting.runs import MODELS_FOLDER, find_run
from handwriting.training.fit_sizes import fit_sizes
from studies.common import FIGURES


def figures(log_probs: np.ndarray, labels: torch.Tensor) -> dict[str, Any]:
    """Accuracies of float (N, 62) against labels uint8 (N,)."""
    predictions = topk_predictions(torch.from_numpy(log_probs), labels)
    found = accuracies(predictions.topk[:, 0], predictions.labels)
    return found | {
        "interval": interval(found["accuracy"], len(labels)),
        "accuracy_within": accuracy_within(predictions.within, predictions.labels),
    }


def measure(
    path: Path, fraction: float, recognizers: dict[str, Recognizer], most: int | None
) -> dict[str, Any]:
    """Metrics of each recogniser on the held-out writers of one set."""
    data = load_external(path)
    left_out = held_out_hands(data.hands, fraction)
    others = data.part(~left_out)
    chosen = data.part(left_out & (left_out.cumsum() <= (most or len(data))))
    log_sizes = None
    if data.heights is not None and data.writers is not None:
        labels = others.labels.numpy().astype(int)
        sizes = fit_sizes(others.bboxes, others.heights, labels, others.writers)
        log_sizes = sizes.on_canvases(chosen.bboxes, chosen.heights)
    result: dict[str, Any] = {"images": len(chosen), "hands": len(np.unique(chosen.hands))}
    for name, recognizer in recognizers.items():
        log_probs = recognizer.log_probs(chosen.images, "equal")
        result[name] = {"shape": figures(log_probs, chosen.labels)}
        if log_sizes is not None:
            result[name]["shape and size"] = figures(
                log_probs + size_weight(recognizer.content) * log_sizes, chosen.labels
            )
    return result


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, most=200)
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="runs to evaluate; the last one held writers out")
    add("--data", nargs="+", type=Path, required=True, metavar="PATH", help="its training data")
    add("--most", type=int, default=None, help="images per set; all by default")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Evaluate and print one JSON object."""
    runs = [find_run(name, args.models) for name in args.runs]
    recognizers = {run.name: Recognizer.load(run.weights) for run in runs}
    last = recognizers[runs[-1].name].content.get("hyperparameters", {})
    fraction = last.get("extra_held_out", 0.0)
    if not fraction:
        raise HandwritingError(f"the training of {runs[-1].name} held out no writers.")
    result = {
        "runs": list(recognizers),
        "held_out": fraction,
        "sets": {p.stem: measure(p, fraction, recognizers, args.most) for p in args.data},
    }
    report_measured(args, "other_hands.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
