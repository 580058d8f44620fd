"""Accuracy on real drawings: plainly shrunk, converted, converted and with the size.

    python benchmarks/drawings.py ../shared/drawings [--run RUN] [--quick]

The folder holds pictures of a whole canvas and a labels.csv with the columns file, character and
writer. Nothing was trained on the drawings but the model of sizes: it is fitted anew for each
writer on all the others. All characters count as equally frequent, as they are in such a set, but
in the line "network alone", which is the converter's picture and the network's own answer. The
time is that of one drawing on one core, from the pixels to the answer, median.
"""

import argparse
import csv
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent.parent))

from characters.errors import run_script
from characters.glyphs import glyph_of_ink, ink_of, open_picture
from characters.labels import WITHOUT_CASE, class_index
from characters.recognizer import Recognizer
from characters.runs import available_runs, find_run
from characters.sizes import Sizes, fit, load_sizes

WAYS = ("shrunk", "network_alone", "converted", "converted_and_size")


def plainly_shrunk(picture: Image.Image) -> np.ndarray:
    """What simple demos do: the whole canvas, squeezed to 28x28, white on black."""
    return 255 - np.asarray(picture.convert("L").resize((28, 28), Image.Resampling.BICUBIC))


def accuracies(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy over 62 classes and over 36, without case."""
    read = probabilities.argmax(axis=1)
    return {
        "accuracy": float((read == labels).mean()),
        "accuracy_without_case": float((WITHOUT_CASE[read] == WITHOUT_CASE[labels]).mean()),
    }


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
    with (folder / "labels.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
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
    figures = {
        way: accuracies(np.stack([r.probabilities for r in answers[way]]), labels) for way in WAYS
    }
    torch.set_num_threads(1)
    sizes = load_sizes()
    times = [milliseconds(p, recognizer, sizes) for p in pictures[:: max(1, len(pictures) // 200)]]
    return {
        "drawings": len(rows),
        "writers": len(chosen),
        **figures,
        "median_milliseconds": round(statistics.median(times), 2),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("drawings", type=Path, help="folder with labels.csv")
    parser.add_argument("--run", default=None, help="run in models/; the best one without it")
    parser.add_argument("--quick", action="store_true", help="every third writer only")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, print a table and one JSON object."""
    run = find_run(args.run) if args.run else next(iter(available_runs()))
    result = measure(args.drawings, Recognizer(run.weights), 3 if args.quick else 1)
    print(f"{run.name}, {result['drawings']} drawings of {result['writers']} writers")
    print(f"{'':24}{'62 classes':>12}{'without case':>14}")
    for way in WAYS:
        figures = result[way]
        name = way.replace("_", " ")
        print(f"{name:24}{figures['accuracy']:>12.4f}{figures['accuracy_without_case']:>14.4f}")
    print(f"pixels to answer, one core: {result['median_milliseconds']} ms")
    print(json.dumps({"run": run.name, **result}))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
