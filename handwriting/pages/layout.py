"""The layout network of a weights file, from a picture to its maps."""

import argparse
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from handwriting import PROJECT
from handwriting.compute.devices import choose_precision
from handwriting.errors import HandwritingError
from handwriting.files import load_torch
from handwriting.imaging.text_lines import CELL, HEIGHT_UNIT
from handwriting.pages.layout_maps import LayoutMaps
from handwriting.pages.layout_network import LAYOUT_KIND, MULTIPLE, LayoutNetwork
from handwriting.runs import are_finite, find_run
from models import fuse_batch_norm

LAYOUT_FOLDER = Path("models/layout")

LONGEST = 1024
"""Pixels of the longer side of a picture as the network sees it."""

_REMEDY = "Take a file that 'python layout_training.py' wrote."


class Layout:
    """A trained layout network, in bf16 where the processor computes in it.

    Args:
        content: of a weights file, as :func:`load_layout_weights` returns it.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        network = LayoutNetwork()
        network.load_state_dict({name: t.float() for name, t in content["weights"].items()})
        precision = choose_precision("auto", torch.device("cpu"))
        self.dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.network = fuse_batch_norm(network.eval()).to(self.dtype)

    @classmethod
    def load(cls, path: Path) -> "Layout":
        """Load a weights file.

        Raises:
            HandwritingError: the file is missing, damaged or something else, or its outputs are
                not finite.
        """
        content = load_layout_weights(path)
        try:
            layout = cls(content)
        except (RuntimeError, LookupError, TypeError, AttributeError, ValueError) as error:
            raise HandwritingError(f"{path} is damaged ({error}). {_REMEDY}") from error
        probe = torch.linspace(0, 1, MULTIPLE**2, dtype=layout.dtype)
        with torch.inference_mode():
            outputs = layout.network(probe.view(1, 1, MULTIPLE, MULTIPLE))
        if not all(output.isfinite().all() for output in outputs):
            raise HandwritingError(
                f"{path}: the outputs are not finite, because weights are too large. {_REMEDY}"
            )
        return layout

    @torch.inference_mode()
    def maps(self, colours: np.ndarray, longest: int = LONGEST) -> tuple[LayoutMaps, np.ndarray]:
        """The maps of a picture, and the evidence for its direction.

        Args:
            colours: uint8 (height, width, 3).
            longest: pixels of the longer side as the network sees it.

        Returns:
            The maps; and float (4,), for each number of quarter turns counter-clockwise how many
            letters say that it makes the picture upright, as the sum of their probabilities; a
            square of the core zone counts as a letter.
        """
        grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
        height, width = grey.shape
        scale = longest / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        seen = cv2.resize(grey, size, interpolation=how)
        padding = [(0, -length % MULTIPLE) for length in size[::-1]]
        padded = torch.from_numpy(np.pad(seen, padding, mode="edge"))
        batch = padded[None, None].to(self.dtype) / 255
        logits, directions = self.network(batch.contiguous(memory_format=torch.channels_last))
        rows, columns = (-(-length // CELL) for length in size[::-1])
        core, printed, rules, level = logits[0].float()[:, :rows, :columns].unbind()
        zone = core.sigmoid().numpy()
        heights = HEIGHT_UNIT * np.exp2(np.clip(level.numpy(), -4, 7))
        maps = LayoutMaps(
            zone,
            printed.sigmoid().numpy(),
            rules.sigmoid().numpy(),
            (heights / scale).astype(np.float32),
            CELL / scale,
        )
        return maps, _votes(directions[0].float(), zone, heights)


def _votes(directions: torch.Tensor, zone: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """float (4,): probabilities of the directions, summed over squares of the core zones."""
    letters = zone * (zone > 0.5) * (CELL / heights) ** 2
    probs = directions.softmax(dim=0).numpy().transpose(1, 2, 0)
    wide = cv2.resize(probs, letters.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return (wide * letters[:, :, None]).sum(axis=(0, 1))


def find_layout(name: str, models: Path = LAYOUT_FOLDER) -> Path:
    """Path of a weights file.

    Args:
        name: any weights file, the name of a run, or ``latest`` for the newest run.
        models: folder of the runs.

    Raises:
        HandwritingError: there is no such file.
    """
    if Path(name).is_file():
        return Path(name)
    return find_run(name, models, program="layout_training.py").weights


def add_layout_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of the layout network."""
    parser.add_argument(
        "--layout-model",
        default="latest",
        metavar="RUN",
        help="layout network that finds the lines: a run in models/layout/, or a weights file",
    )


def load_layout_weights(path: Path) -> dict[str, Any]:
    """Read a weights file of a layout network.

    Raises:
        HandwritingError: it is missing, damaged, of another network, or not finite.
    """
    content = load_torch(path, _REMEDY)
    if content.get("kind") != LAYOUT_KIND:
        raise HandwritingError(f"{path} is not a layout network. {_REMEDY}")
    if not are_finite(content.get("weights")):
        raise HandwritingError(f"{path} holds weights that are not finite numbers. {_REMEDY}")
    return content


@cache
def layout_of_project() -> Layout:
    """The newest layout network, which finds and cuts the lines of pages."""
    return Layout.load(find_layout("latest", PROJECT / LAYOUT_FOLDER))
