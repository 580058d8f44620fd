"""Export of networks to ONNX with a table of facts, for programs without PyTorch."""

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from handwriting.errors import HandwritingError
from handwriting.files import replacing, save_json

ENDING = ".onnx"


def path_for_export(out: Path | None, weights: Path) -> Path:
    """Output path: ``out``, or the path of the weights with the ending .onnx.

    Raises:
        HandwritingError: it does not end in .onnx, or is the weights file itself.
    """
    path = out or weights.with_suffix(ENDING)
    if path.suffix != ENDING:
        raise HandwritingError(f"{path} does not end in {ENDING}. Give --out a file that does.")
    if path.exists() and path.samefile(weights):
        raise HandwritingError(f"{path} is the weights file. Give --out another file.")
    return path


def save_onnx(
    network: nn.Module,
    example: torch.Tensor,
    output: str,
    dimensions: Mapping[int, str],
    path: Path,
    table: tuple[str, dict[str, Any]],
) -> None:
    """Write a network to ``path`` and a table beside it, both or neither.

    Args:
        network: in evaluation mode; its input is named ``pictures``.
        example: of the input, uint8.
        output: name of the output.
        dimensions: names of the input's dynamic dimensions, by number.
        path: of the ONNX file.
        table: suffix of the table's file name, and its content.
    """
    content = io.BytesIO()
    shapes = {number: torch.export.Dim(name, min=1) for number, name in dimensions.items()}
    # PyTorch warns about its own code.
    with warnings.catch_warnings(action="ignore"):
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["pictures"],
            output_names=[output],
            dynamic_shapes={"pictures": shapes},
            verbose=False,
        )
    program.save(content)
    ending, facts = table
    with replacing(path, path.with_name(f"{path.stem}_{ending}")) as (network_file, table_file):
        network_file.write_bytes(content.getvalue())
        save_json(facts, table_file)
