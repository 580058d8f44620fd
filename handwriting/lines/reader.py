"""The text-line model of a weights file, from images of lines to text."""

import copy
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.alphabet import ALPHABET, ASCII, NUM_OUTPUTS, plain_outputs
from handwriting.compute.devices import choose_precision
from handwriting.errors import HandwritingError
from handwriting.files import load_torch
from handwriting.imaging.line import HEIGHT
from handwriting.lines.decoding import (
    GREEDY,
    Calibration,
    Decoder,
    LineRead,
    looks_like_writing,
    read_line,
)
from handwriting.lines.languages import ENGLISH, Language, restricted
from handwriting.lines.network import LineReader, pad, steps_of
from handwriting.runs import are_finite, find_run
from models import fuse_batch_norm, memory_format

LINES_FOLDER = Path("models/lines")
KIND = "line reader"

_COLUMNS = 4096
_SELDOM = 8.0
_REMEDY = "Take a file that 'python text_training.py' wrote."


class Reader:
    """A trained text-line model, in bf16 where the processor computes in it (equal accuracy, half
    the time).

    Args:
        content: of a weights file, as :func:`load_reader_weights` returns it.
        language: of the texts.

    Attributes:
        calibrations: by name of the decoder, fitted by `handwriting.training.text_calibration`.
        held_out: part of the writers held out of the training, in 0..1; 0 if unknown.
        characters: the possible ones, or ``None`` for all of the language.
        trained_pages: file names of the photographed pages in the training data.
    """

    def __init__(self, content: dict[str, Any], language: Language = ENGLISH) -> None:
        self.content, self.language = content, language
        self.characters: Collection[str] | None = None
        precision = choose_precision("auto", torch.device("cpu"))
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.network = fuse_batch_norm(build_reader_network(content)).to(dtype)
        self.calibrations = {
            str(decoder): Calibration(**{name: float(n) for name, n in fitted.items()})
            for decoder, fitted in content.get("calibration", {}).items()
        }
        if not all(np.isfinite(list(vars(c).values())).all() for c in self.calibrations.values()):
            raise ValueError("its calibration is not finite")
        self.held_out = float(content.get("hyperparameters", {}).get("held_out", 0.0))
        self.trained_pages: list[str] = list(content.get("trained_pages", []))

    @classmethod
    def load(cls, path: Path) -> "Reader":
        """Load a weights file.

        Raises:
            HandwritingError: the file is missing, damaged or something else, or its outputs are
                not finite.
        """
        content = load_reader_weights(path)
        try:
            reader = cls(content)
        except (RuntimeError, LookupError, TypeError, AttributeError, ValueError) as error:
            raise HandwritingError(f"{path} is damaged ({error}). {_REMEDY}") from error
        probe = np.zeros((HEIGHT, 2 * HEIGHT), dtype=np.uint8)
        probe[:, HEIGHT:] = 255
        try:
            reader.log_probs([probe])
        except HandwritingError as error:
            raise HandwritingError(f"{path}: {error}") from error
        return reader

    def for_language(self, language: Language) -> "Reader":
        """The same model, for texts in a language."""
        other = copy.copy(self)
        other.language = language
        return other

    def for_characters(self, characters: Collection[str]) -> "Reader":
        """The same model, for texts of these characters, with spaces between words."""
        other = copy.copy(self)
        other.characters = characters
        return other

    def read(
        self, pictures: Sequence[np.ndarray], decoder: Decoder = GREEDY, least_clear: float = 0.0
    ) -> list[LineRead]:
        """Predict the text of images.

        Args:
            pictures: uint8 (40, width) each, white ink on black, a word or a line.
            decoder: GREEDY, a `beam.BeamDecoder`, a `pattern.Pattern` or a `word_list.WordList`.
            least_clear: if positive, images of only marks or of lower clearness, which a page
                drops, are decoded greedily: on them a search takes the most time.
        """
        outputs = self.log_probs(pictures)
        if decoder is GREEDY:
            return [self.decode(rows) for rows in outputs]
        return [
            self.decode(rows, decoder if looks_like_writing(rows, least_clear) else GREEDY)
            for rows in outputs
        ]

    def decode(self, log_probs: np.ndarray, decoder: Decoder = GREEDY) -> LineRead:
        """Decode float (steps, outputs), the :meth:`log_probs` of one image."""
        return read_line(log_probs, decoder, self.calibrations.get(decoder.name, Calibration()))

    def log_probs(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """float32 (steps, outputs) for each image: log p(output) at each step.

        It is -inf for characters that the language lacks or that are not possible.

        Args:
            pictures: uint8 (40, width) each, white ink on black.

        Raises:
            HandwritingError: the outputs are not finite, because weights are too large.
        """
        found = predict_log_probs(self.network, pictures)
        if not all(np.isfinite(rows).all() for rows in found):
            raise HandwritingError(
                f"the outputs are not finite, because weights are too large. {_REMEDY}"
            )
        found = [self.language.possible(rows) for rows in found]
        if self.characters is None:
            return found
        return [restricted(rows, self.characters) for rows in found]


def build_reader_network(content: dict[str, Any]) -> LineReader:
    """The network of a weights file's content, in evaluation mode, float32, on the CPU.

    Raises:
        ValueError: the weights do not have the size that the file names.
    """
    weights = content["weights"]
    size = (content["width"], content["hidden"], content.get("layers", 1))
    # Before the network is built, because a damaged size may be huge.
    if size != _size_of(weights):
        raise ValueError(f"its weights are not of the size {size}")
    network = LineReader(*size)
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return network.eval()


def _size_of(weights: dict[str, torch.Tensor]) -> tuple[int, int, int]:
    """Width, LSTM units and layers of the network with these weights."""
    layers = sum(name.startswith("lstm.weight_hh_l") for name in weights) // 2
    return len(weights["convolutions.0.weight"]), weights["lstm.weight_hh_l0"].shape[1], layers


@torch.inference_mode()
def predict_log_probs(network: LineReader, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """float32 (steps, outputs) for each image, uint8 (40, width); batches have images of similar
    width."""
    network.eval()
    # The weights of a copied LSTM are scattered, and CUDA would compact them at every batch.
    network.lstm.flatten_parameters()
    first = next(network.parameters())
    order = np.argsort([picture.shape[1] for picture in pictures], kind="stable").tolist()
    found: list[np.ndarray] = [np.empty((0, 0))] * len(pictures)
    while order:
        count = 1
        while count < len(order) and (count + 1) * pictures[order[count]].shape[1] <= _COLUMNS:
            count += 1
        rows, order = order[:count], order[count:]
        batch, widths = pad([torch.from_numpy(pictures[row]) for row in rows])
        layout = memory_format(first.device)
        logits = network(batch.to(first.device, first.dtype, memory_format=layout)).float()
        log_probs = logits.log_softmax(dim=2).cpu().numpy()
        for row, steps, values in zip(rows, steps_of(widths).tolist(), log_probs, strict=True):
            found[row] = values[:steps]
    return found


def find_reader(name: str, models: Path = LINES_FOLDER) -> Path:
    """Path of a weights file.

    Args:
        name: any weights file, the name of a run, or ``latest`` for the newest run.
        models: folder of the runs.

    Raises:
        HandwritingError: there is no such file.
    """
    if Path(name).is_file():
        return Path(name)
    return find_run(name, models, program="text_training.py").weights


def load_reader_weights(path: Path) -> dict[str, Any]:
    """Read a weights file of a text-line model.

    Raises:
        HandwritingError: it is missing, damaged, of a character model, or its weights are not
            finite.
    """
    content = load_torch(path, _REMEDY)
    alphabet = content.get("alphabet")
    if content.get("kind") != KIND or alphabet not in (ALPHABET, ASCII):
        other = "is a character model" if "model" in content else "is not a text-line model"
        raise HandwritingError(f"{path} {other}. {_REMEDY}")
    if not are_finite(content.get("weights")):
        raise HandwritingError(f"{path} holds weights that are not finite numbers. {_REMEDY}")
    return content if alphabet == ALPHABET else _with_all_outputs(content)


def _with_all_outputs(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a file whose outputs are printable ASCII.

    The characters that it lacks are seldom predicted, where the plain ones are that stand for them.
    """
    rows = torch.from_numpy(plain_outputs(ASCII))
    weights = dict(content["weights"])
    is_new = rows != torch.arange(NUM_OUTPUTS)
    for name, tensor in weights.items():
        if name.startswith(("outputs.", "shortcut.")) and len(tensor) == len(ASCII) + 1:
            weights[name] = tensor[rows]
            if name.endswith(".bias"):
                weights[name] = weights[name] - _SELDOM * is_new.to(tensor.dtype)
    added = torch.nonzero(is_new).flatten().tolist()
    return content | {"alphabet": ALPHABET, "weights": weights, "added_outputs": added}
