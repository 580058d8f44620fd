"""Export a character model to ONNX, for programs without PyTorch.

    python -m handwriting.recognition.export RUN                 EMNIST head and class prior
    python -m handwriting.recognition.export RUN --prior equal   out-of-domain head, uniform prior

Writes models/<run>.onnx and <run>_classes.json. Input: ``pictures``, uint8 (N, 28, 28), upright,
white ink on black. Output: ``probabilities``, float32 (N, 62), calibrated, in the order of the
table of classes.
"""

import argparse
from pathlib import Path

import torch
from torch import nn

from handwriting.cli import make_parser, run_script
from handwriting.labels import CLASSES
from handwriting.recognition.onnx_file import path_for_export, save_onnx
from handwriting.recognition.recognizer import PRIORS, Recognizer, find_weights, log_prior_change
from handwriting.runs import MODELS_FOLDER, temperature


class _Calibrated(nn.Module):
    """Images to calibrated probabilities: normalisation, network, temperature, class prior."""

    def __init__(self, recognizer: Recognizer, prior: str) -> None:
        super().__init__()
        self.network = recognizer.networks[prior]
        self.temperature = temperature(recognizer.content, prior)
        change = torch.from_numpy(log_prior_change(recognizer.content, prior))
        self.register_buffer("prior_change", change.float())

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        logits = self.network(pictures.unsqueeze(1).float() / 255)
        return (logits / self.temperature + self.prior_change).softmax(dim=1)


def export(recognizer: Recognizer, path: Path, prior: str = "emnist") -> None:
    """Write the network to ``path`` and its classes beside it, both or neither.

    Args:
        recognizer: the model to export.
        path: of the ONNX file.
        prior: class prior, one of PRIORS.
    """
    calibrated = _Calibrated(recognizer, prior).eval()
    facts = {
        "classes": list(CLASSES),
        "model": recognizer.content["model"],
        "prior": prior,
        "temperature": calibrated.temperature,
        "frequencies": recognizer.content.get("frequencies"),
        "fingerprint": recognizer.content.get("fingerprint"),
    }
    save_onnx(
        calibrated,
        example=torch.zeros(2, 28, 28, dtype=torch.uint8),
        output="probabilities",
        dimensions={0: "pictures"},
        path=path,
        table=("classes.json", facts),
    )


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "run", nargs="?", default="latest", metavar="RUN", help="a run, or a weights file"
    )
    parser.add_argument(
        "--prior", choices=PRIORS, default="emnist", help="class prior: uniform, or EMNIST's"
    )
    parser.add_argument("--out", type=Path, default=None, help="file instead of models/<run>.onnx")
    parser.add_argument("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Export one run and print the path."""
    weights = find_weights(args.run, args.models)
    path = path_for_export(args.out, weights)
    export(Recognizer.load(weights), path, args.prior)
    print(f"wrote {path} ({path.stat().st_size / 2**20:.1f} MiB) and its table of classes")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
