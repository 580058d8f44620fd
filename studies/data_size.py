"""Accuracy against the number of distinct training images, and a forecast for the full archive.

    python model_training.py --model compactcnn --fraction 0.25 --name quarter
    python -m studies.data_size RUN…          evaluates such runs, fits, forecasts

Runs are evaluated on the `byclass` test images. At least one fraction needs several seeds, which
give the spread between seeds. The curve is error = a + b * images^-c (Hestness et al. 2017, arXiv
1712.00409). The forecast's interval is the middle 80% of curves fitted to resampled accuracies; it
covers the sampling of test images and the choice of seed, but no deviation from the power law. The
last line printed is the command that checks the forecast. With --save: data_size.json and
data_size.png.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import curve_fit

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.datasets.prepared import PROCESSED, LabelledImages, load_images, load_split
from handwriting.errors import HandwritingError
from handwriting.evaluation.every_split import FULL_TRAINING_IMAGES
from handwriting.evaluation.metrics import accuracies
from handwriting.plots import BLUE, ORANGE, save_figure
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import MODELS_FOLDER, find_run
from studies.common import FIGURES

TRAINING_SHARE = 0.9
_FEWEST = 4
_CHECK = (
    "python data_preprocessing.py --download && python data_split.py && "
    "python model_training.py --model compactcnn && python model_evaluation.py"
)


def measure(recognizer: Recognizer, training_images: int, test: LabelledImages) -> dict[str, Any]:
    """One point of the curve."""
    used = recognizer.content["hyperparameters"]
    answers, labels = recognizer.log_probs(test.images).argmax(axis=1), test.labels.numpy()
    return {
        "images": round(training_images * used["fraction"]),
        "epochs": used["epochs"],
        "seed": used["seed"],
        **accuracies(answers, labels),
    }


def seed_spread(points: list[dict[str, Any]]) -> float:
    """Standard deviation of the accuracy between seeds, from all fractions with several.

    Raises:
        HandwritingError: no fraction has several seeds.
    """
    fractions = [
        [point["accuracy"] for point in points if point["images"] == images]
        for images in {point["images"] for point in points}
    ]
    several = [np.array(accuracies) for accuracies in fractions if len(accuracies) > 1]
    if not several:
        raise HandwritingError("give several seeds of at least one fraction, for their spread.")
    squares = sum(((group - group.mean()) ** 2).sum() for group in several)
    return float(np.sqrt(squares / sum(len(group) - 1 for group in several)))


def error_curve(images: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    """Error at a number of images, in thousands."""
    return a + b * images**-c


def fit(images: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Fit a, b and c of the curve; the asymptotic error a is at least 0."""
    bounds = ([0, 0, 0.05], [errors.min(), 10, 2])
    start = (errors.min() / 2, errors.max(), 0.4)
    return curve_fit(error_curve, images / 1000, errors, start, bounds=bounds, max_nfev=5000)[0]


def forecast(
    points: list[dict[str, Any]], spread: float, test_images: int, draws: int = 500
) -> dict[str, Any]:
    """The fitted curve and its forecast of the accuracy on the full archive.

    Args:
        points: from :func:`measure`.
        spread: standard deviation of the accuracy between seeds.
        test_images: number of test images behind the accuracies.
        draws: number of curves for the interval.
    """
    images = np.array([point["images"] for point in points], dtype=float)
    errors = 1 - np.array([point["accuracy"] for point in points])
    full = np.array([TRAINING_SHARE * FULL_TRAINING_IMAGES])
    curve = fit(images, errors)
    generator = np.random.default_rng(0)
    # All runs share the test images: this part of the uncertainty moves all points together.
    sampling = np.sqrt(errors.mean() * (1 - errors.mean()) / test_images)
    together = generator.normal(0, sampling, (draws, 1))
    apart = generator.normal(0, spread, (draws, len(errors)))
    drawn = [fit(images, row) for row in errors + together + apart]
    promised = [1 - float(error_curve(full / 1000, *row)[0]) for row in drawn]
    low, high = np.quantile(promised, [0.1, 0.9])
    return {
        "curve": {name: float(value) for name, value in zip("abc", curve, strict=True)},
        "full_archive_images": int(full[0]),
        "accuracy": 1 - float(error_curve(full / 1000, *curve)[0]),
        "interval_80": [float(low), float(high)],
    }


def plot_data_size(result: dict[str, Any], path: Path) -> None:
    """Plot accuracy by number of training images, the fitted curve and its forecast."""
    promised = result["forecast"]
    images = np.array([row["images"] for row in result["runs"]])
    end = promised["full_archive_images"]
    line = np.geomspace(images.min(), end, 100)
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    axes.set_title(f"{result['model']} on {result['test_images']:,} byclass test images")
    fitted = 1 - error_curve(line / 1000, *promised["curve"].values())
    axes.plot(line, fitted, color="grey", label="fitted curve")
    axes.plot(images, [row["accuracy"] for row in result["runs"]], "o", color=BLUE, label="trained")
    low, high = promised["interval_80"]
    middle = promised["accuracy"]
    axes.errorbar(
        end,
        middle,
        [[max(0, middle - low)], [max(0, high - middle)]],
        fmt="D",
        color=ORANGE,
        capsize=5,
        label=f"forecast {middle:.3f} ({low:.3f} to {high:.3f})",
    )
    axes.set_xscale("log")
    ticks = [*np.unique(images), end]
    axes.set_xticks(ticks, [f"{tick / 1000:,.0f},000" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("Distinct training images, rounded (logarithmic)")
    axes.set_ylabel("Accuracy, 62 classes")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    save_figure(figure, path, "python -m studies.data_size RUN… --save")


def load_runs(args: argparse.Namespace) -> list[Recognizer]:
    """The runs given on the command line.

    Raises:
        HandwritingError: a run is missing, lacks training metadata, or is of another network.
    """
    found = [Recognizer.load(find_run(name, args.models).weights) for name in args.runs]
    for name, recognizer in zip(args.runs, found, strict=True):
        if "fraction" not in recognizer.content.get("hyperparameters", {}):
            raise HandwritingError(f"{name} does not record the fraction that it was trained on.")
    if len({recognizer.content["model"] for recognizer in found}) > 1:
        raise HandwritingError("give runs of the same network.")
    return found


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, draws=20)
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="runs of the same network on different fractions")
    add("--draws", type=int, default=500, help="number of curves for the forecast's interval")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Evaluate, fit, and print one JSON object."""
    test = load_images(args.processed, "test")
    training_images = len(load_split(args.processed)["train"])
    recognizers = load_runs(args)
    points = [measure(recognizer, training_images, test) for recognizer in recognizers]
    points.sort(key=lambda point: point["images"])
    if len({point["images"] for point in points}) < _FEWEST:
        raise HandwritingError(f"a curve needs runs on at least {_FEWEST} different fractions.")
    spread = seed_spread(points)
    result = {
        "model": recognizers[0].content["model"],
        "test_images": len(test),
        "seed_spread": spread,
        "runs": points,
        "forecast": forecast(points, spread, len(test), args.draws),
        "check": _CHECK,
    }
    print(json.dumps(result, indent=1))
    print(f"to check it: {_CHECK}")
    save_measured(args, "data_size.json", result)
    if args.save:
        plot_data_size(result, args.out / "data_size.png")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
