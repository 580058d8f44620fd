"""Accuracy on real drawings: plainly shrunk, converted, converted and with the size.

    python -m studies.drawings RUN ../shared/drawings

The folder holds pictures of a whole canvas and a labels.csv with the columns file, character and
writer. Nothing was trained on the drawings but the model of sizes: it is fitted anew for each
writer on all the others. All characters count as equally frequent, as they are in such a set, but
in the line "network alone", which is the converter's image and the network's own answer. The share
of answers that change is that of the converter's images when a drawing is moved, scaled, or drawn
with a pen 8 pixels thicker or thinner. The time is that of one drawing on one core, from the pixels
to the answer, median. With --save: drawings.json.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.datasets.external import ExternalSet, read_labels
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import accuracies
from handwriting.imaging.character import character_from_ink
from handwriting.imaging.ink import find_ink
from handwriting.imaging.photograph import open_picture
from handwriting.labels import CLASSES, class_index
from handwriting.recognition.recognizer import Recognizer, size_weight
from handwriting.recognition.sizes import Sizes, load_sizes
from handwriting.runs import MODELS_FOLDER, find_run
from handwriting.training.fit_sizes import left_out_log_likelihoods
from studies.common import FIGURES

WAYS = ("shrunk", "network_alone", "converted", "converted_and_size")
_MOST_CONFUSED = 20
_MOST_TIMED = 200


def plainly_shrunk(picture: Image.Image) -> np.ndarray:
    """What simple demos do: the whole canvas, squeezed to 28x28, white on black."""
    return 255 - np.asarray(picture.convert("L").resize((28, 28), Image.Resampling.BICUBIC))


def resized(ink: np.ndarray, scale: float) -> np.ndarray:
    """The same ink in more or fewer pixels."""
    size = (round(ink.shape[1] * scale), round(ink.shape[0] * scale))
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))


_ACROSS = np.arange(-4, 5)
_DISC = np.hypot(_ACROSS, _ACROSS[:, None]) <= 4.1
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "moved": lambda ink: np.roll(ink, (-20, 31), axis=(0, 1)),
    "half the size": lambda ink: resized(ink, 0.5),
    "a third larger": lambda ink: resized(ink, 1.33),
    "pen 8 pixels thicker": lambda ink: ndimage.grey_dilation(ink, footprint=_DISC),
    "pen 8 pixels thinner": lambda ink: ndimage.grey_erosion(ink, footprint=_DISC),
}


@dataclass
class Drawings:
    """A folder's drawings, opened once.

    Attributes:
        pictures: the whole canvases.
        inks: uint8 (height, width) each.
        converted: their 28x28 images, labels, boxes and writers.
    """

    pictures: list[Image.Image]
    inks: list[np.ndarray]
    converted: ExternalSet

    @property
    def labels(self) -> np.ndarray:
        """int (N,) in 0..61."""
        return self.converted.labels.numpy().astype(int)


def load_drawings(folder: Path, every: int) -> Drawings:
    """The drawings of every ``every``-th writer.

    Raises:
        HandwritingError: something is missing or damaged, the writers are not named, or a drawing
            has no ink.
    """
    rows = read_labels(folder / "labels.csv")
    if "writer" not in rows[0]:
        raise HandwritingError(f"{folder / 'labels.csv'} needs the column writer.")
    chosen = sorted({row["writer"] for row in rows})[::every]
    rows = [row for row in rows if row["writer"] in chosen]
    files = [folder / row["file"] for row in rows]
    pictures = [open_picture(file) for file in tqdm(files, unit="img", desc="reading")]
    inks = [find_ink(picture) for picture in pictures]
    characters = [character_from_ink(ink) for ink in tqdm(inks, unit="img", desc="converting")]
    for file, character in zip(files, characters, strict=True):
        if character.bbox is None:
            raise HandwritingError(f"{file} has no ink. Take it out of the folder.")
    converted = ExternalSet(
        _stacked([character.image for character in characters]),
        torch.tensor([class_index(row["character"]) for row in rows], dtype=torch.uint8),
        bboxes=np.array([character.bbox for character in characters], dtype=float),
        heights=np.array([character.height for character in characters], dtype=float),
        files=files,
        writers=np.array([row["writer"] for row in rows]),
    )
    return Drawings(pictures, inks, converted)


def _stacked(images: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(images))


def read_all(drawings: Drawings, recognizer: Recognizer) -> dict[str, np.ndarray]:
    """int (N,): the classes read in each of WAYS."""
    shrunk = _stacked([plainly_shrunk(picture) for picture in drawings.pictures])
    converted = drawings.converted
    log_p = recognizer.log_probs(converted.images, "equal")
    log_sizes = left_out_log_likelihoods(converted, converted.writers)
    log_sizes *= size_weight(recognizer.content)
    return {
        "shrunk": recognizer.log_probs(shrunk, "equal").argmax(axis=1),
        "network_alone": recognizer.log_probs(converted.images).argmax(axis=1),
        "converted": log_p.argmax(axis=1),
        "converted_and_size": (log_p + log_sizes).argmax(axis=1),
    }


def changed_answers(
    inks: list[np.ndarray], before: np.ndarray, recognizer: Recognizer
) -> dict[str, float]:
    """Share of the answers, int (N,), that each change of the ink changes."""
    shares = {}
    for name, change in CHANGES.items():
        bar = tqdm(inks, unit="img", desc=name)
        images = _stacked([character_from_ink(change(ink)).image for ink in bar])
        after = recognizer.log_probs(images, "equal").argmax(axis=1)
        shares[name] = float((after != before).mean())
    return shares


def most_confused(answers: np.ndarray, labels: np.ndarray) -> dict[str, int]:
    """The pairs of characters that are most often taken for each other, with their mistakes."""
    pairs = Counter(
        " and ".join(sorted((CLASSES[answer], CLASSES[label])))
        for answer, label in zip(answers, labels, strict=True)
        if answer != label
    )
    return dict(pairs.most_common(_MOST_CONFUSED))


def milliseconds(picture: Image.Image, recognizer: Recognizer, sizes: Sizes) -> float:
    """The whole way of one drawing."""
    start = time.perf_counter()
    character = character_from_ink(find_ink(picture))
    log_size = sizes.on_canvas(character.bbox, character.height)
    recognizer.read(character.image, log_size)
    return 1000 * (time.perf_counter() - start)


def median_milliseconds(pictures: list[Image.Image], recognizer: Recognizer) -> float:
    """The time of one drawing on one core."""
    threads, sizes = torch.get_num_threads(), load_sizes()
    torch.set_num_threads(1)
    timed = pictures[:: max(1, len(pictures) // _MOST_TIMED)]
    median = statistics.median(milliseconds(picture, recognizer, sizes) for picture in timed)
    torch.set_num_threads(threads)
    return median


def measure(drawings: Drawings, recognizer: Recognizer) -> dict[str, Any]:
    """All figures."""
    answers, labels = read_all(drawings, recognizer), drawings.labels
    return {
        "drawings": len(labels),
        "writers": len(np.unique(drawings.converted.writers)),
        **{way: accuracies(answers[way], labels) for way in WAYS},
        "changed_answers": changed_answers(drawings.inks, answers["converted"], recognizer),
        "most_confused": most_confused(answers["converted_and_size"], labels),
        "median_milliseconds": round(median_milliseconds(drawings.pictures, recognizer), 2),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, every=9)
    add = parser.add_argument
    add("run", metavar="RUN", help="run trained on EMNIST alone")
    add("drawings", type=Path, metavar="DRAWINGS", help="folder with labels.csv")
    add("--every", type=int, default=1, help="take every so-many-th writer only")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print a table."""
    run = find_run(args.run, args.models)
    recognizer = Recognizer.load(run.weights)
    if recognizer.content.get("hyperparameters", {}).get("extra_data"):
        raise HandwritingError(
            f"{run.name} was trained on drawings too: its figures on them would be too good. "
            "studies.left_out_writers measures such a training on writers left out."
        )
    result = measure(load_drawings(args.drawings, args.every), recognizer)
    print(f"{run.name}, {result['drawings']} drawings of {result['writers']} writers")
    print(f"{'':24}{'62 classes':>12}{'without case':>14}")
    for way in WAYS:
        figures = result[way]
        name = way.replace("_", " ")
        print(f"{name:24}{figures['accuracy']:>12.4f}{figures['accuracy_without_case']:>14.4f}")
    for name, share in result["changed_answers"].items():
        print(f"answers changed when {name}: {share:.2%}")
    print(f"pixels to answer, one core: {result['median_milliseconds']} ms")
    save_measured(args, "drawings.json", {"run": run.name, **result})


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
