"""Would a network read other hands better by several views, or with statistics of their own?

    python -m studies.reading_ways RUN --data ../shared/pen/characters.npz ../shared/drawings …

On the writers that RUN's training left out (`model_training.py --extra-held-out`), by shape, all
characters being equally frequent: as it is; the answers to several views of an image averaged (it
turned, slanted, scaled, shifted); and with the statistics of batch norm taken anew from the set's
other writers. With --save: reading_ways.json.
"""

import argparse
import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.datasets.external import ExternalSet, held_out_hands, load_external
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import accuracies
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, build_network, find_run
from models import normalise, predict_logits
from studies.common import FIGURES

STILL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
VIEWS = {
    "two views, turned by 6 degrees either way": [
        (np.cos(a), -np.sin(a), 0.0, np.sin(a), np.cos(a), 0.0) for a in (-0.105, 0.105)
    ],
    "three views, upright and slanted either way": [
        STILL,
        *((1.0, slant, 0.0, 0.0, 1.0, 0.0) for slant in (-0.12, 0.12)),
    ],
    "three views, as it is, smaller and larger": [
        STILL,
        *((scale, 0.0, 0.0, 0.0, scale, 0.0) for scale in (0.94, 1.07)),
    ],
    "two views, a pixel up and down": [(1.0, 0.0, 0.0, 0.0, 1.0, y) for y in (-1 / 14, 1 / 14)],
}
"""Affine matrices, row by row, in units of half an image."""


def viewed(images: torch.Tensor, matrix: tuple[float, ...]) -> torch.Tensor:
    """uint8 (N, 28, 28), each image moved by the matrix."""
    theta = torch.tensor(matrix, dtype=torch.float32).view(1, 2, 3).expand(len(images), 2, 3)
    pictures = images.unsqueeze(1).float()
    grid = F.affine_grid(theta, pictures.shape, align_corners=False)
    moved = F.grid_sample(pictures, grid, align_corners=False)
    return moved.squeeze(1).round().clamp(0, 255).to(torch.uint8)


@torch.inference_mode()
def with_statistics_of(network: nn.Module, images: torch.Tensor) -> nn.Module:
    """A copy of a network whose batch norms have the means and variances of these images."""
    network = copy.deepcopy(network)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None
    network.train()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    for rows in order.split(256):
        if len(rows) > 1:
            network(normalise(images[rows]))
    return network.eval()


def measure(
    data: ExternalSet,
    fraction: float,
    recognizer: Recognizer,
    network: nn.Module,
    most: int | None,
) -> dict[str, Any]:
    """Accuracies of each way on a set's hands left out, on ``most`` of their images."""
    left_out = held_out_hands(data.hands, fraction)
    chosen = data.part(left_out & (left_out.cumsum() <= (most or len(data))))
    others = data.part(~left_out)
    labels = chosen.labels.numpy().astype(int)

    def figures(log_probs: np.ndarray) -> dict[str, float]:
        return accuracies(log_probs.argmax(axis=1), labels)

    result: dict[str, Any] = {"images": len(chosen)}
    result["as it is"] = figures(recognizer.log_probs(chosen.images, "equal"))
    for name, matrices in VIEWS.items():
        views = (viewed(chosen.images, matrix) for matrix in matrices)
        result[name] = figures(sum(recognizer.log_probs(view, "equal") for view in views))
    own = with_statistics_of(network, others.images)
    result["batch norm of the set"] = figures(predict_logits(own, chosen.images).numpy())
    return result


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, most=200)
    add = parser.add_argument
    add("run", metavar="RUN", help="run whose training left writers out")
    add("--data", nargs="+", type=Path, required=True, metavar="PATH", help="what it trained on")
    add("--most", type=int, default=None, help="images of each set, all without it")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    run = find_run(args.run, args.models)
    recognizer = Recognizer.load(run.weights)
    fraction = recognizer.content.get("hyperparameters", {}).get("extra_held_out", 0.0)
    if not fraction:
        raise HandwritingError(f"the training of {run.name} left no writers out.")
    network = build_network(recognizer.content, run.weights, "equal")
    sets = {
        path.stem: measure(load_external(path), fraction, recognizer, network, args.most)
        for path in args.data
    }
    result = {"run": run.name, "sets": sets}
    print(json.dumps(result, indent=1))
    save_measured(args, "reading_ways.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
