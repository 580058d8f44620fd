"""Export a text-line model to ONNX, for programs without PyTorch.

    python -m handwriting.lines.export RUN

Writes models/lines/<run>.onnx and <run>_alphabet.json. Input: ``pictures``, uint8 (N, 40, width),
white ink on black, N and width dynamic. Output: ``log_probs``, float32 (N, steps, outputs), log p
of the CTC blank and of the characters in the table, one step every four columns. Narrower images of
a batch are padded with black on the right; their first ceil(width / 4) steps are valid.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from handwriting.alphabet import ALPHABET, BLANK
from handwriting.cli import make_parser, run_script
from handwriting.imaging.line import HEIGHT
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.lines.reader import LINES_FOLDER, Reader, build_reader_network, find_reader
from handwriting.recognition.onnx_file import path_for_export, save_onnx


class _LogProbs(nn.Module):
    """Images to log p: normalisation, padding, network, log-softmax."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.network = build_reader_network(reader.content)
        self.network.lstm = _OnnxLstm(self.network.lstm)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        missing = -pictures.shape[2] % COLUMNS_PER_STEP
        floats = F.pad(pictures.unsqueeze(1).float() / 255, (0, missing))
        return self.network(floats).log_softmax(dim=2)


class _OnnxLstm(nn.Module):
    """An LSTM as ONNX's LSTM operators, one for each layer.

    PyTorch's own export unrolls it for one width. This module is for export alone: PyTorch
    evaluates it to zeros.
    """

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.hidden = lstm.hidden_size
        self.layers = lstm.num_layers
        for layer in range(lstm.num_layers):
            for name, values in _onnx_weights(lstm, layer).items():
                self.register_buffer(f"{name}{layer}", values)

    def forward(self, columns: torch.Tensor) -> tuple[torch.Tensor, None]:
        across = columns.transpose(0, 1)
        for layer in range(self.layers):
            steps, pictures, _ = across.shape
            read = torch.onnx.ops.symbolic(
                "LSTM",
                (across, *(getattr(self, f"{name}{layer}") for name in ("w", "r", "b"))),
                {"hidden_size": self.hidden, "direction": "bidirectional"},
                dtype=across.dtype,
                shape=(steps, 2, pictures, self.hidden),
            )
            across = read.transpose(1, 2).flatten(2)
        return across.transpose(0, 1), None


def _onnx_weights(lstm: nn.LSTM, layer: int) -> dict[str, torch.Tensor]:
    """W, R and B of ONNX's LSTM (operator specification, version 22) for one layer, both directions
    and ONNX's order of gates."""

    def both(name: str) -> torch.Tensor:
        return torch.stack(
            [_reordered(getattr(lstm, f"{name}_l{layer}{way}")) for way in ("", "_reverse")]
        )

    bias = torch.cat((both("bias_ih"), both("bias_hh")), dim=1)
    return {"w": both("weight_ih"), "r": both("weight_hh"), "b": bias}


def _reordered(gates: torch.Tensor) -> torch.Tensor:
    """Reorder PyTorch's gates (input, forget, cell, output) to ONNX's (input, output, forget,
    cell)."""
    into, forget, cell, out = gates.detach().chunk(4)
    return torch.cat((into, out, forget, cell))


def export(reader: Reader, path: Path) -> None:
    """Write the network to ``path`` and its alphabet beside it, both or neither."""
    facts = {
        "alphabet": ALPHABET,
        "blank": BLANK,
        "columns_per_step": COLUMNS_PER_STEP,
        "height": HEIGHT,
        "calibration": reader.content.get("calibration", {}),
    }
    save_onnx(
        _LogProbs(reader).eval(),
        example=torch.zeros(2, HEIGHT, 102, dtype=torch.uint8),
        output="log_probs",
        dimensions={0: "pictures", 2: "width"},
        path=path,
        table=("alphabet.json", facts),
    )


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="a run, or a weights file")
    add("--out", type=Path, default=None, help="file instead of models/lines/<run>.onnx")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Export one run and print the path."""
    weights = find_reader(args.run, args.models)
    path = path_for_export(args.out, weights)
    export(Reader.load(weights), path)
    print(f"wrote {path} ({path.stat().st_size / 2**20:.1f} MiB) and its alphabet")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
