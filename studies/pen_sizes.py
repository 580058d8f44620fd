"""Do pens tell how tall people write and where on the line, and does that help with others?

    python -m studies.pen_sizes ../shared/pen/characters.npz --drawings ../shared/drawings

By provider of a pen archive: how tall small letters are against the same writers' capitals and
digits, how far the latter's lower ends are spread, and where g, p, q and y end, all in heights of a
capital, 0 being the baseline. Where a provider's characters stand on a common line, the ends are
close together and g reaches below it. Then what the model of size for ruled lines is worth among
look-alikes (log loss in nats and accuracy, without any shape): for each such provider, and for the
drawings writer by writer, fitted on drawings alone, on pens alone, and a mixture, never with the
provider or the writer that it is measured on. With --save: pen_sizes.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.datasets.external import load_external
from handwriting.datasets.pen import load_pen
from handwriting.errors import HandwritingError
from handwriting.labels import FIRST_SMALL, class_index
from handwriting.recognition.recognizer import LOOKALIKES
from handwriting.recognition.sizes import SizeMixture, SizeModel
from handwriting.training.fit_sizes import (
    ON_A_LINE,
    PEN_WEIGHT,
    PenSizes,
    fit_model,
    pen_sizes,
    sizes_on_own_lines,
)
from studies.common import FIGURES

SMALL, DESCENDING = tuple("acemnorsuvwxz"), tuple("gpqy")
Model = SizeModel | SizeMixture


def _is(labels: np.ndarray, characters: tuple[str, ...]) -> np.ndarray:
    return np.isin(labels, [class_index(c) for c in characters])


def where(pens: PenSizes) -> dict[str, Any]:
    """How tall one provider's characters are and where they end; medians."""
    heights, tops = np.exp(pens.sizes[:, 0]), pens.sizes[:, 1]
    ends = tops - heights
    tall = pens.labels < FIRST_SMALL

    def median(values: np.ndarray) -> float | None:
        return round(float(np.median(values)), 2) if len(values) else None

    return {
        "writers": len(np.unique(pens.writers)),
        "samples": len(pens.labels),
        "height_of_small": median(heights[_is(pens.labels, SMALL)]),
        "spread_of_ends": round(float(ends[tall].std()), 2),
        "end_of_gpqy": median(ends[_is(pens.labels, DESCENDING)]),
    }


def among_lookalikes(log_p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Sums of log loss and of right answers, and their number; float (N, 62) and int (N,)."""
    total = np.zeros(3)
    for group in LOOKALIKES:
        classes = np.array([class_index(c) for c in group])
        rows = np.isin(labels, classes)
        own = log_p[rows][:, classes]
        own = own - np.logaddexp.reduce(own, axis=1, keepdims=True)
        right = labels[rows][:, None] == classes
        total += (-own[right].sum(), (own.argmax(1) == right.argmax(1)).sum(), rows.sum())
    return total


def judged(model: Model, pens: PenSizes) -> np.ndarray:
    """:func:`among_lookalikes` of a model."""
    return among_lookalikes(model.log_likelihood(pens.sizes), pens.labels)


def mixture(first: SizeModel, second: SizeModel) -> SizeMixture:
    """As `fit_sizes` mixes drawings and pens."""
    return SizeMixture((first, second), (1 - PEN_WEIGHT, PEN_WEIGHT))


def fitted(pens: PenSizes) -> SizeModel:
    """A model of these sizes."""
    return fit_model(pens.sizes, pens.labels)


def compare(drawings: PenSizes, pens: PenSizes) -> dict[str, dict[str, dict[str, float]]]:
    """The three models on each provider left out and on the drawings' writers left out."""
    result = {}
    from_drawings = fitted(drawings)
    for provider in ON_A_LINE:
        own = pens.providers == provider
        others = fitted(pens.part(~own).one_of_each())
        models = (from_drawings, others, mixture(from_drawings, others))
        result[provider] = _figures([judged(model, pens.part(own)) for model in models])
    from_pens, totals = fitted(pens.one_of_each()), np.zeros((3, 3))
    for writer in np.unique(drawings.writers):
        own = drawings.writers == writer
        others = fitted(drawings.part(~own))
        models = (others, from_pens, mixture(others, from_pens))
        totals += [judged(model, drawings.part(own)) for model in models]
    return result | {"drawings": _figures(list(totals))}


def _figures(totals: list[np.ndarray]) -> dict[str, dict[str, float]]:
    names = ("drawings alone", "pens alone", "mixture")
    return {
        name: {"log_loss": float(loss / number), "accuracy": float(right / number)}
        for name, (loss, right, number) in zip(names, totals, strict=True)
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, few=5000)
    parser.add_argument("pens", type=Path, metavar="FILE", help="pen archive")
    parser.add_argument("--few", type=int, default=200, help="least samples of a provider")
    parser.add_argument("--drawings", type=Path, required=True, help="folder with a labels.csv")
    return parser


def main(args: argparse.Namespace) -> None:
    """Measure and print one JSON object."""
    pictures = load_external(args.drawings)
    if pictures.writers is None:
        raise HandwritingError(f"{args.drawings / 'labels.csv'} needs the column writer.")
    labels, writers = pictures.labels.numpy().astype(int), pictures.writers
    shares = pictures.bboxes / pictures.heights[:, None]
    own = sizes_on_own_lines(shares, labels, writers)
    drawings = PenSizes(own, labels, writers, np.full(len(labels), "drawings"))
    pens = pen_sizes(load_pen(args.pens))
    names, counts = np.unique(pens.providers, return_counts=True)
    providers = {
        str(name): where(pens.part(pens.providers == name))
        for name, count in zip(names, counts, strict=True)
        if count >= args.few
    }
    on_a_line = pens.part(np.isin(pens.providers, ON_A_LINE))
    result = {"providers": providers, "models": compare(drawings, on_a_line)}
    print(json.dumps(result, indent=1))
    save_measured(args, "pen_sizes.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
