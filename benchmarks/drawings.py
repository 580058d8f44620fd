"""Accuracy on real drawings: plainly shrunk, converted, converted and with the size.

    python benchmarks/drawings.py RUN ../shared/drawings [--quick]

The folder holds pictures of a whole canvas and a labels.csv with the columns file, character and
writer. Nothing was trained on the drawings but the model of sizes: it is fitted anew for each
writer on all the others. All characters count as equally frequent, as they are in such a set, but
in the line "network alone", which is the converter's picture and the network's own answer. The
share of answers that change is that of the converter's pictures when a drawing is moved, scaled, or
drawn with a pen 8 pixels thicker or thinner. The time is that of one drawing on one core, from the
pixels to the answer, median. Writes metrics/drawings.json unless --quick.
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent.parent))

from handwriting.errors import HandwritingError, run_script
from handwriting.files import replacing, save_json
from handwriting.imaging.character import glyph_of_ink, ink_of, open_picture
from handwriting.datasets.external import read_labels
from handwriting.labels import CLASSES, class_index
from handwriting.evaluation.metrics import accuracies
from handwriting.recognition.recognizer import Reading, Recognizer, log_prior_change
from handwriting.runs import METRICS_FOLDER, find_run
from handwriting.recognition.sizes import Sizes, fit, load_sizes

WAYS = ("shrunk", "network_alone", "converted", "converted_and_size")


def plainly_shrunk(picture: Image.Image) -> np.ndarray:
    """What simple demos do: the whole canvas, squeezed to 28x28, white on black."""
    return 255 - np.asarray(picture.convert("L").resize((28, 28), Image.Resampling.BICUBIC))


def resized(ink: np.ndarray, scale: float) -> np.ndarray:
    """The same ink in more or fewer pixels."""
    size = (round(ink.shape[1] * scale), round(ink.shape[0] * scale))
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "moved": lambda ink: np.roll(ink, (-20, 31), axis=(0, 1)),
    "half the size": lambda ink: resized(ink, 0.5),
    "a third larger": lambda ink: resized(ink, 1.33),
    "pen 8 pixels thicker": lambda ink: ndimage.grey_dilation(ink, footprint=_DISC),
    "pen 8 pixels thinner": lambda ink: ndimage.grey_erosion(ink, footprint=_DISC),
}
_ACROSS = np.arange(-4, 5)
_DISC = np.hypot(_ACROSS, _ACROSS[:, None]) <= 4.1


def changed_answers(
    pictures: list[Image.Image], before: np.ndarray, recognizer: Recognizer
) -> dict[str, float]:
    """Share of the answers, int (N,), that each change of the ink changes."""
    inks = [ink_of(picture) for picture in pictures]
    shares = {}
    for name, change in CHANGES.items():
        glyphs = [glyph_of_ink(change(ink)).picture for ink in tqdm(inks, unit="img", desc=name)]
        log_p = np.log(recognizer.probabilities(torch.from_numpy(np.stack(glyphs))) + 1e-12)
        after = (log_p + log_prior_change(recognizer.content, "equal")).argmax(axis=1)
        shares[name] = float((after != before).mean())
    return shares


def classes_of(readings: list[Reading]) -> np.ndarray:
    """int (N,): the characters read."""
    return np.array([reading.probabilities.argmax() for reading in readings])


def confused(readings: list[Reading], labels: np.ndarray) -> dict[str, int]:
    """The pairs of characters that are most often taken for each other, with their mistakes."""
    pairs = Counter(
        " and ".join(sorted((reading.character, CLASSES[label])))
        for reading, label in zip(readings, labels, strict=True)
        if reading.character != CLASSES[label]
    )
    return dict(pairs.most_common(20))


def sizes_of_other_writers(
    places: np.ndarray, heights: np.ndarray, labels: np.ndarray, writers: np.ndarray
) -> np.ndarray:
    """float (N, 62): log p(size | character), fitted without the drawing's writer."""
    evidence = np.empty((len(labels), 62))
    for writer in np.unique(writers):
        own = writers == writer
        sizes = fit(places[~own], heights[~own], labels[~own], writers[~own])
        pairs = zip(places[own], heights[own], strict=True)
        evidence[own] = [sizes.on_canvas(place, height) for place, height in pairs]
    return evidence


def milliseconds(picture: Image.Image, recognizer: Recognizer, sizes: Sizes) -> float:
    """The whole way of one drawing."""
    start = time.perf_counter()
    glyph = glyph_of_ink(ink_of(picture))
    recognizer.read(glyph.picture, sizes.on_canvas(glyph.place, picture.height))
    return 1000 * (time.perf_counter() - start)


def measure(folder: Path, recognizer: Recognizer, step: int) -> dict[str, object]:
    """Figures of the three ways over every ``step``-th writer's drawings."""
    rows = read_labels(folder / "labels.csv")
    chosen = sorted({row["writer"] for row in rows})[::step]
    rows = [row for row in rows if row["writer"] in chosen]
    pictures = [open_picture(folder / row["file"]) for row in tqdm(rows, unit="img")]
    glyphs = [glyph_of_ink(ink_of(picture)) for picture in tqdm(pictures, unit="img")]
    labels = np.array([class_index(row["character"]) for row in rows])
    writers = np.array([row["writer"] for row in rows])
    places = np.array([glyph.place for glyph in glyphs])
    heights = np.array([picture.height for picture in pictures], dtype=float)
    evidence = sizes_of_other_writers(places, heights, labels, writers)
    read = recognizer.read
    answers = {
        "shrunk": [read(plainly_shrunk(p)) for p in pictures],
        "network_alone": [read(glyph.picture, prior="emnist") for glyph in glyphs],
        "converted": [read(glyph.picture) for glyph in glyphs],
        "converted_and_size": [read(g.picture, e) for g, e in zip(glyphs, evidence, strict=True)],
    }
    figures = {way: accuracies(classes_of(answers[way]), labels) for way in WAYS}
    changed = changed_answers(pictures, classes_of(answers["converted"]), recognizer)
    torch.set_num_threads(1)
    sizes = load_sizes()
    times = [milliseconds(p, recognizer, sizes) for p in pictures[:: max(1, len(pictures) // 200)]]
    return {
        "drawings": len(labels),
        "writers": len(chosen),
        **figures,
        "changed_answers": changed,
        "most_confused": confused(answers["converted_and_size"], labels),
        "median_milliseconds": round(statistics.median(times), 2),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="run in models/, trained on EMNIST alone")
    parser.add_argument("drawings", type=Path, help="folder with labels.csv")
    parser.add_argument("--quick", action="store_true", help="every third writer only")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, print a table and save the figures."""
    run = find_run(args.run)
    recognizer = Recognizer(run.weights)
    if recognizer.content.get("hyperparameters", {}).get("extra"):
        raise HandwritingError(
            f"{run.name} was trained on drawings too: its figures on them would be too good. "
            "benchmarks/left_out_writers.py measures such a training on writers left out."
        )
    result = measure(args.drawings, recognizer, 3 if args.quick else 1)
    print(f"{run.name}, {result['drawings']} drawings of {result['writers']} writers")
    print(f"{'':24}{'62 classes':>12}{'without case':>14}")
    for way in WAYS:
        figures = result[way]
        name = way.replace("_", " ")
        print(f"{name:24}{figures['accuracy']:>12.4f}{figures['accuracy_without_case']:>14.4f}")
    for name, share in result["changed_answers"].items():
        print(f"answers changed when {name}: {share:.2%}")
    print(f"pixels to answer, one core: {result['median_milliseconds']} ms")
    if not args.quick:
        with replacing(METRICS_FOLDER / "drawings.json") as (part,):
            save_json({"run": run.name, **result}, part)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
