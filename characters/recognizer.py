"""From saved weights to a network, and from pictures to ranked characters with probabilities.

    python -m characters.recognizer FILE…           the five most likely characters of each picture
    python -m characters.recognizer FILE… --json

The network's answer p(character | picture) can be combined with what else is known:
how tall the character stood, p(size | character) of `characters.sizes`; which characters are
possible at all; and that drawn characters are not as frequent as on NIST's forms.
"""

import argparse
import itertools
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from characters.batches import READING_BATCH, normalise
from characters.errors import CharactersError, run_script
from characters.glyphs import read_glyph
from characters.labels import CLASSES, NUM_CLASSES, class_index
from characters.runs import available_runs, find_run, load_weights
from models import MODELS

PRIORS = ("equal", "emnist")

LOOKALIKES = (
    *("0Oo", "1Iil", "2Zz", "5Ss", "9gq"),
    *("Cc", "Ff", "Jj", "Kk", "Mm", "Pp", "Uu", "Vv", "Ww", "Xx", "Yy"),
)
"""Characters that are the same picture, or nearly so, once their size is lost."""

_LEAST = 1e-12
_TELLING = np.log(2)


def build_network(content: dict[str, Any], path: Path) -> nn.Module:
    """The network of a weights file's content, in evaluation mode, float32, on the CPU.

    Raises:
        CharactersError: the weights do not fit the network that the file names.
    """
    if content["model"] not in MODELS:
        raise CharactersError(
            f"{path} is for a model {content['model']!r} that this version does not have "
            f"({', '.join(MODELS)})."
        )
    network = MODELS[content["model"]]()
    try:
        network.load_state_dict({name: t.float() for name, t in content["weights"].items()})
    except (RuntimeError, AttributeError) as error:
        raise CharactersError(
            f"{path}: the weights do not fit the model {content['model']!r}. "
            "Take a file that 'python model_training.py' wrote (stage 3)."
        ) from error
    return network.eval().to(memory_format=torch.channels_last)


def fused(network: nn.Module) -> nn.Module:
    """The same network for reading alone: batch norms become part of the convolutions before them.

    Changes the network in evaluation mode that is given; scores stay the same but for rounding.
    Only in chains, and only plain convolutions: others may have no place for the bias.
    """
    for chain in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for place, (first, second) in enumerate(itertools.pairwise(chain)):
            if type(first) is nn.Conv2d and isinstance(second, nn.BatchNorm2d):
                chain[place] = fuse_conv_bn_eval(first, second)
                chain[place + 1] = nn.Identity()
    return network.to(memory_format=torch.channels_last)


@torch.inference_mode()
def scores_of(network: nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """float (N, 62), on the CPU: a network's scores of uint8 (N, 28, 28), a part at a time."""
    network.eval()
    device = next(network.parameters()).device
    parts = (normalise(part.to(device)) for part in pictures.split(READING_BATCH))
    return torch.cat([network(part).float().cpu() for part in parts])


def log_prior_change(content: dict[str, Any], prior: str) -> np.ndarray:
    """float (62,): log of the new prior over the trained one; zeros for ``emnist``.

    ``equal`` takes all characters as equally frequent. A file without class frequencies (bare
    reference weights, an unfinished run) is left as it is.
    """
    frequencies = content.get("frequencies")
    if prior == "emnist" or frequencies is None:
        return np.zeros(NUM_CLASSES)
    return -np.log(np.array(frequencies) * NUM_CLASSES)


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        probabilities: float (62,), all things considered.
        shape: float (62,), without the size.
        log_size: float (62,) log p(size | character), or ``None`` where no size was given.
    """

    probabilities: np.ndarray
    shape: np.ndarray
    log_size: np.ndarray | None = None

    @property
    def character(self) -> str:
        """The most likely character."""
        return CLASSES[int(self.probabilities.argmax())]

    def ranked(self, most: int = 5) -> list[tuple[str, float]]:
        """The most likely characters with their probabilities."""
        order = np.argsort(-self.probabilities, kind="stable")[:most]
        return [(CLASSES[c], float(self.probabilities[c])) for c in order]

    def lookalikes(self) -> str:
        """The characters that look like the one read, itself included; often only itself."""
        return next((group for group in LOOKALIKES if self.character in group), self.character)

    def sentence(self) -> str:
        """Why it was read so, as "read as s: shape says S or s (97%), height says lower case"."""
        group = self.lookalikes()
        share = sum(self.shape[class_index(c)] for c in group)
        shown = [c for c in group if self.shape[class_index(c)] > 0.01 or c == self.character]
        text = f"read as {self.character}: shape says {join_words(shown)} ({share:.0%})"
        if self.log_size is None or len(shown) == 1:
            return text
        return f"{text}, {self._height_words(shown)}"

    def _height_words(self, shown: list[str]) -> str:
        own = self.log_size[class_index(self.character)]
        others = [self.log_size[class_index(c)] for c in shown if c != self.character]
        if own - max(others) < _TELLING:
            return "height does not tell them apart"
        return "height says lower case" if self.character.islower() else "height says full height"


def join_words(words: Collection[str]) -> str:
    """As "o, O or 0"."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


class Recognizer:
    """A trained network that reads 28x28 pictures."""

    def __init__(self, path: Path) -> None:
        self.content = load_weights(path)
        self.network = fused(build_network(self.content, path))
        self.temperature = float(self.content.get("temperature", 1.0))

    def probabilities(self, pictures: torch.Tensor) -> np.ndarray:
        """float (N, 62) from any number of uint8 (N, 28, 28), upright, white ink on black."""
        scores = scores_of(self.network, pictures) / self.temperature
        return scores.softmax(dim=1).numpy()

    def read(
        self,
        picture: np.ndarray,
        log_size: np.ndarray | None = None,
        prior: str = "equal",
        allowed: Collection[str] = CLASSES,
    ) -> Reading:
        """Read one uint8 (28, 28) picture: p(c | picture, size) ∝ p(c | picture) · p(size | c).

        Args:
            picture: white ink on black.
            log_size: float (62,) log p(size | character), or ``None`` without a size.
            prior: one of PRIORS.
            allowed: the characters that are possible.
        """
        own = self.probabilities(torch.from_numpy(picture).unsqueeze(0))[0].astype(np.float64)
        log_shape = np.log(own + _LEAST) + log_prior_change(self.content, prior)
        log_shape[[c not in allowed for c in CLASSES]] = -np.inf
        shape = _normalised(log_shape)
        if log_size is None:
            return Reading(shape, shape)
        return Reading(_normalised(log_shape + log_size), shape, log_size)


def _normalised(log_weights: np.ndarray) -> np.ndarray:
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="The five most likely characters of each picture file.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="picture to read")
    parser.add_argument("--run", default=None, help="run in models/; the best one without it")
    parser.add_argument("--prior", choices=PRIORS, default="equal", help="how frequent classes are")
    parser.add_argument("--json", action="store_true", help="print one JSON object per file")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the files and print a line for each."""
    run = find_run(args.run) if args.run else next(iter(available_runs()), find_run("latest"))
    recognizer = Recognizer(run.weights)
    for file in args.files:
        glyph = read_glyph(file)
        ranked = []
        if glyph.place is not None:
            ranked = recognizer.read(glyph.picture, prior=args.prior).ranked()
        if args.json:
            print(json.dumps({"file": str(file), "characters": dict(ranked)}, ensure_ascii=False))
        else:
            words = "  ".join(f"{c} {p:.1%}" for c, p in ranked) or "no ink found"
            print(f"{file}: {words}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
