"""Fit the temperature of a run's out-of-domain head, so that it is right on foreign ground as well.

    python -m handwriting.training.fit_temperature RUN --data WORDS.npz --without CHARACTERS.npz

Stage 3 fits it on held-out writers of the collections that it trains on. Writers of other
collections are read worse, and the model is too sure of them. The new temperature is the geometric
mean of stage 3's and of the one that fits the single characters of ``--data``, but for writers who
are in an archive of ``--without``. The weights stay as they are.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from handwriting.cli import make_parser, run_script
from handwriting.datasets.external import load_external
from handwriting.datasets.pen import load_pen
from handwriting.datasets.prepared import LabelledImages
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import calibration_error, reliability
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, find_run, has_hands_head, save_weights
from handwriting.training.calibration import fit_temperature

STAGE_3 = "held_out_temperature"
"""Entry of the weights file: the temperature before this command."""


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("run", metavar="RUN", help="run with an out-of-domain head")
    add("--data", nargs="+", type=Path, required=True, metavar="SET",
        help="sets it was not trained on, as for model_training.py --extra-data")  # fmt: skip
    add("--without", nargs="*", type=Path, default=[], metavar="PENS",
        help="pen archives it was trained on; their writers are left out")  # fmt: skip
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def foreign_images(sets: Sequence[Path], without: Sequence[Path]) -> LabelledImages:
    """The images of sets whose writers are not in any archive of ``without``.

    Raises:
        HandwritingError: see `datasets.external.load_external`; or no image is left.
    """
    known = [writer for path in without for writer in np.unique(load_pen(path).writer).tolist()]
    found = [data.part(~np.isin(data.hands, known)) for data in map(load_external, sets)]
    images, labels = (torch.cat([getattr(d, name) for d in found]) for name in ("images", "labels"))
    if not len(images):
        raise HandwritingError("all writers of --data are in the archives of --without.")
    return LabelledImages(images, labels)


def error_at(logits: torch.Tensor, labels: torch.Tensor, temperature: float) -> float:
    """Expected calibration error of logits, float (N, 62), divided by a temperature."""
    confidence, read = (logits / temperature).softmax(dim=1).max(dim=1)
    return calibration_error(reliability(confidence.numpy(), (read == labels).numpy()))


def main(args: argparse.Namespace) -> None:
    """Fit the temperature and write it into the weights file."""
    run = find_run(args.run, args.models)
    recognizer = Recognizer.load(run.weights)
    content = recognizer.content
    if not has_hands_head(content):
        raise HandwritingError(f"{run.weights} has no out-of-domain head.")
    data = foreign_images(args.data, args.without)
    before = content["hands_temperature"]
    logits = before * torch.from_numpy(recognizer.log_probs(data.images, "equal"))
    labels = data.labels.long()
    stage_3 = content.get(STAGE_3, before)
    found = float(np.sqrt(stage_3 * fit_temperature(logits, labels)))
    facts = content | {STAGE_3: stage_3, "hands_temperature": found}
    save_weights(run.weights, facts.pop("weights"), facts)
    print(
        f"{len(labels)} images; temperature {before:.3f} to {found:.3f}, expected calibration "
        f"error {error_at(logits, labels, before):.4f} to {error_at(logits, labels, found):.4f}"
    )


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
