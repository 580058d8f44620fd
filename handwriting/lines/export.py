"""A trained line reader as ONNX, for programs without PyTorch.

    python -m handwriting.lines.export RUN

Writes models/lines/<run>.onnx and <run>_alphabet.json. The network takes ``pictures``, uint8 (N,
40, width), white ink on black, of any number and width, and gives ``log_probs``, float32 (N, steps,
96), log p of the blank and of the characters in the table, every four columns. Pictures of unlike
width are padded with black on the right; of a narrower one only the first ceil(width / 4) steps
count.
"""

import argparse
import io
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from handwriting.cli import make_parser, run_script
from handwriting.files import replacing, save_json
from handwriting.imaging.line import HEIGHT
from handwriting.lines.alphabet import ALPHABET, BLANK
from handwriting.lines.network import COLUMNS_PER_STEP
from handwriting.lines.reader import LINES_FOLDER, Reader, build_reader_network, find_reader


class _LogProbs(nn.Module):
    """Pictures to log p, with all that lies between."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.network = build_reader_network(reader.content)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        missing = -pictures.shape[2] % COLUMNS_PER_STEP
        floats = F.pad(pictures.unsqueeze(1).float() / 255, (0, missing))
        return self.network(floats).log_softmax(dim=2)


def export(reader: Reader, path: Path) -> None:
    """Write the network to ``path`` and its alphabet beside it, both or none."""
    content = io.BytesIO()
    dim = torch.export.Dim
    program = torch.onnx.export(
        _LogProbs(reader).eval(),
        (torch.zeros(2, HEIGHT, 102, dtype=torch.uint8),),
        input_names=["pictures"],
        output_names=["log_probs"],
        dynamic_shapes={"pictures": {0: dim("pictures", min=1), 2: dim("width", min=1)}},
        verbose=False,
    )
    program.save(content)
    facts = {
        "alphabet": ALPHABET,
        "blank": BLANK,
        "columns_per_step": COLUMNS_PER_STEP,
        "height": HEIGHT,
        "calibration": reader.content.get("calibration", {}),
    }
    with replacing(path, path.with_name(f"{path.stem}_alphabet.json")) as (network, table):
        network.write_bytes(content.getvalue())
        save_json(facts, table)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="run to export")
    add("--out", type=Path, default=None, help="file instead of models/lines/<run>.onnx")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Export one run and say where it went."""
    weights = find_reader(args.run, args.models)
    path = args.out or weights.with_suffix(".onnx")
    export(Reader.load(weights), path)
    print(f"wrote {path} ({path.stat().st_size / 2**20:.1f} MiB) and its alphabet")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
