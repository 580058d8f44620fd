"""Accuracy against the number of distinct training images, and a forecast for the full archive.

    python model_training.py --model compactcnn --fraction 0.25 --epochs 16 --name quarter
    python benchmarks/data_size.py RUN…       measures runs that were trained so, fits, forecasts

Each run is measured on the `byclass` test images; several seeds of one fraction at least give the
spread between seeds. The curve is error = a + b * images^-c (Hestness et al. 2017, arXiv
1712.00409). The forecast's interval holds the middle 80% of the curves fitted to accuracies that
are drawn anew from their uncertainty: the test images are a sample, and another seed gives other
weights. It knows nothing of what would bend the curve. Writes metrics/data_size.json and
metrics/data_size.png; what checks the forecast is the last line printed.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import curve_fit

sys.path.insert(0, str(Path(__file__).parent.parent))

from handwriting.errors import HandwritingError, run_script
from handwriting.evaluation.every_split import FULL_TRAINING_IMAGES
from handwriting.files import replacing, save_json
from handwriting.evaluation.metrics import accuracies
from handwriting.plots import plot_data_size
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images, load_split
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import METRICS_FOLDER, MODELS_FOLDER, find_run

TRAINING_SHARE = 0.9
_DRAWS = 500
_FEWEST = 4
_CHECK = (
    "python data_preprocessing.py --download && python data_split.py && "
    "python model_training.py --model compactcnn && python model_evaluation.py"
)


def measure(recognizer: Recognizer, training_images: int, test: LabelledImages) -> dict[str, Any]:
    """One point of the curve."""
    used = recognizer.content["hyperparameters"]
    answers, labels = recognizer.probabilities(test.images).argmax(axis=1), test.labels.numpy()
    return {
        "images": round(training_images * used["fraction"]),
        "epochs": used["epochs"],
        "seed": used["seed"],
        **accuracies(answers, labels),
    }


def seed_spread(points: list[dict[str, Any]]) -> float:
    """Standard deviation of the accuracy between seeds, from all fractions with several.

    Raises:
        HandwritingError: no fraction has several.
    """
    fractions = [
        [point["accuracy"] for point in points if point["images"] == images]
        for images in {point["images"] for point in points}
    ]
    several = [np.array(accuracies) for accuracies in fractions if len(accuracies) > 1]
    if not several:
        raise HandwritingError("give several seeds of one fraction at least, for their spread.")
    squares = sum(((group - group.mean()) ** 2).sum() for group in several)
    return float(np.sqrt(squares / sum(len(group) - 1 for group in several)))


def error_curve(images: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    """Error at a number of images in thousands."""
    return a + b * images**-c


def fit(images: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """a, b and c of the curve; an error never falls below a >= 0."""
    bounds = ([0, 0, 0.05], [errors.min(), 10, 2])
    start = (errors.min() / 2, errors.max(), 0.4)
    return curve_fit(error_curve, images / 1000, errors, start, bounds=bounds, max_nfev=5000)[0]


def forecast(points: list[dict[str, Any]], spread: float, test_images: int) -> dict[str, Any]:
    """The fitted curve and the accuracy that it promises for the full archive."""
    images = np.array([point["images"] for point in points], dtype=float)
    errors = 1 - np.array([point["accuracy"] for point in points])
    full = np.array([TRAINING_SHARE * FULL_TRAINING_IMAGES])
    curve = fit(images, errors)
    generator = np.random.default_rng(0)
    # All runs read the same test images: that part of the uncertainty moves all points together.
    sampling = np.sqrt(errors.mean() * (1 - errors.mean()) / test_images)
    together = generator.normal(0, sampling, (_DRAWS, 1))
    apart = generator.normal(0, spread, (_DRAWS, len(errors)))
    drawn = [fit(images, row) for row in errors + together + apart]
    accuracies = [1 - float(error_curve(full / 1000, *row)[0]) for row in drawn]
    low, high = np.quantile(accuracies, [0.1, 0.9])
    return {
        "curve": {name: float(value) for name, value in zip("abc", curve, strict=True)},
        "full_archive_images": int(full[0]),
        "accuracy": 1 - float(error_curve(full / 1000, *curve)[0]),
        "interval_80": [float(low), float(high)],
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="runs of the same network on different fractions")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for the table and the plot")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure, fit, save and print."""
    test = load_images(args.processed, "test")
    training_images = len(load_split(args.processed)["train"])
    found = [Recognizer(find_run(name, args.models).weights) for name in args.runs]
    points = [measure(recognizer, training_images, test) for recognizer in found]
    points.sort(key=lambda point: point["images"])
    if len({point["images"] for point in points}) < _FEWEST:
        raise HandwritingError(f"a curve needs runs on at least {_FEWEST} different fractions.")
    spread = seed_spread(points)
    result = {
        "test_images": len(test),
        "seed_spread": spread,
        "runs": points,
        "forecast": forecast(points, spread, len(test)),
        "check": _CHECK,
    }
    with replacing(args.metrics / "data_size.json") as (part,):
        save_json(result, part)
    plot_data_size(result, error_curve, args.metrics / "data_size.png")
    print(json.dumps(result, indent=1))
    print(f"to check it: {_CHECK}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
