"""Effect of writer adaptation, for writers who wrote characters at least twice.

    python -m studies.taught_hand RUN ../shared/pen/characters.npz --save

Held-out writers of a pen archive are used if they wrote at least five characters twice. The model
is adapted to a writer with one random sample of each character. All other samples are read without
and with adaptation, in several draws. All 62 classes stay possible. Three kinds of adaptation are
measured:

- by shape alone, for all writers;
- by shape and height, for writers of digits, capitals and small letters; the unit is the height of
  the taught capitals and digits;
- by shape, height and position, as in the web app, for writers whose characters stand on a common
  line (`fit_sizes.ON_A_LINE`), which the taught capitals and digits define.

Possible harm is measured with few samples, with a tenth of the labels exchanged, and on characters
that were not taught. Metrics are means over writers. With --save: taught_hand.json.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.datasets.external import held_out_hands
from handwriting.datasets.pen import PenArchive, draw_samples, load_pen
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES, FIRST_CAPITAL, FIRST_SMALL, WITHOUT_CASE, class_index
from handwriting.recognition.hand import Hand, Taught
from handwriting.recognition.recognizer import Recognizer
from handwriting.recognition.shapes import Shapes
from handwriting.recognition.sizes import Lines, SizeMixture, SizeModel, Sizes, load_sizes
from handwriting.runs import MODELS_FOLDER, find_run
from handwriting.training.fit_sizes import ON_A_LINE
from studies.common import FIGURES

_FEWEST_TWICE = 5
_ALIKE = 0.64
"""Variance of an unknown position, flat enough to keep the weights of the mixture's parts."""


@dataclass(frozen=True)
class Writer:
    """One writer's samples and the network's outputs for them.

    Attributes:
        name: of the writer.
        provider: who collected it.
        images: uint8 (N, 28, 28).
        bboxes: float (N, 4), in tablet units.
        labels: int (N,) in 0..61.
        log_probs: float (N, 62), with a uniform prior.
        features: float (N, features), inputs of the last layer.
    """

    name: str
    provider: str
    images: np.ndarray
    bboxes: np.ndarray
    labels: np.ndarray
    log_probs: np.ndarray
    features: np.ndarray

    @property
    def has_all_kinds(self) -> bool:
        """Whether there are digits, capitals and small letters."""
        kinds = np.searchsorted((FIRST_CAPITAL, FIRST_SMALL), self.labels, side="right")
        return len(np.unique(kinds)) == 3

    def one_of_each(self, rng: np.random.Generator) -> np.ndarray:
        """int: one random sample of each character."""
        return np.array(
            [rng.choice(np.flatnonzero(self.labels == c)) for c in np.unique(self.labels)]
        )


def read_writers(archive: PenArchive, names: np.ndarray, recognizer: Recognizer) -> list[Writer]:
    """Render and predict the samples of writers with enough repeated characters."""
    samples = archive.characters()
    samples = samples[np.isin(archive.writer[samples], names)]
    labels = np.array([class_index(text) for text in archive.text[samples].tolist()])
    writers = archive.writer[samples]
    enough = [
        name
        for name in np.unique(writers)
        if (np.bincount(labels[writers == name]) > 1).sum() >= _FEWEST_TWICE
    ]
    kept = np.isin(writers, enough)
    samples, labels, writers = samples[kept], labels[kept], writers[kept]
    characters = draw_samples(archive, samples)
    images = np.stack([character.image for character in characters])
    bboxes = np.array([character.bbox for character in characters])
    log_probs, features = recognizer.answers(torch.from_numpy(images))
    providers = archive.provider[samples]
    return [
        Writer(
            str(name),
            str(providers[own][0]),
            *(array[own] for array in (images, bboxes, labels, log_probs, features)),
        )
        for name, own in ((name, writers == name) for name in enough)
    ]


@dataclass(frozen=True)
class Known:
    """Models of all writers.

    Attributes:
        shapes: variation of shapes.
        sizes: heights and positions on the line.
    """

    shapes: Shapes | None
    sizes: Sizes

    def by_height(self) -> "Known":
        """The same models without positions on the line."""
        models = tuple(_heights(model) for model in self.sizes.ruled.models)
        ruled = SizeMixture(models, self.sizes.ruled.weights)
        return replace(self, sizes=replace(self.sizes, ruled=ruled))


def _heights(model: SizeModel) -> SizeModel:
    covariances = np.zeros_like(model.covariances)
    covariances[:, 0, 0] = model.covariances[:, 0, 0]
    covariances[:, 1, 1] = _ALIKE
    return SizeModel(model.means * (1, 0), covariances)


Measure = Callable[[Writer, np.ndarray], np.ndarray | None]
"""From a writer and the taught samples to all sizes, float (N, 2), or ``None`` if unknown."""


def no_size(writer: Writer, taught: np.ndarray) -> None:
    """No sizes: adaptation by shape alone."""


def height(writer: Writer, taught: np.ndarray) -> np.ndarray | None:
    """Heights in units of the taught capitals and digits, with a constant position."""
    heights = writer.bboxes[:, 3] - writer.bboxes[:, 1]
    tall = taught[writer.labels[taught] < FIRST_SMALL]
    if not len(tall) or np.median(heights[tall]) <= 0:
        return None
    lines = Lines(baseline=float(np.median(heights[tall])), capital=0)
    return np.array([lines.measure(bbox) for bbox in writer.bboxes]) * (1, 0)


def height_and_place(writer: Writer, taught: np.ndarray) -> np.ndarray | None:
    """Heights and positions on the line of the taught capitals and digits."""
    lines = lines_of(writer, taught)
    return lines and np.array([lines.measure(bbox) for bbox in writer.bboxes])


def lines_of(writer: Writer, rows: np.ndarray) -> Lines | None:
    """The line of the capitals and digits among samples; ``None`` without a height."""
    tall = rows[writer.labels[rows] < FIRST_SMALL]
    if not len(tall):
        return None
    top, bottom = np.median(writer.bboxes[tall][:, [1, 3]], axis=0)
    return Lines(baseline=float(bottom), capital=float(top)) if bottom > top else None


def teach(
    writer: Writer, rows: np.ndarray, names: np.ndarray, sizes: np.ndarray | None, known: Known
) -> Hand:
    """The adaptation to samples with labels, int (N,) each."""
    taught = [
        Taught(CLASSES[name], writer.images[row], None if sizes is None else sizes[row])
        for row, name in zip(rows, names, strict=True)
    ]
    log_probs, features = writer.log_probs[rows], writer.features[rows]
    return Hand.fit("", log_probs, features, taught, known.shapes, known.sizes)


def answers(
    writer: Writer, rows: np.ndarray, hand: Hand | None, sizes: np.ndarray | None, known: Known
) -> np.ndarray:
    """int (N,): predictions of samples, with size if known."""
    log_probs, model = writer.log_probs[rows], known.sizes
    if hand is not None:
        log_probs = hand.adapt(log_probs, writer.features[rows], known.shapes)
        model = hand.own_sizes(known.sizes)
    if sizes is not None:
        log_probs = log_probs + model.ruled.log_likelihood(sizes[rows])
    return log_probs.argmax(axis=1)


Lesson = Callable[[Writer, np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""From a writer to the taught samples, their labels, and the samples to read."""


def one_each(writer: Writer, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Teach one sample of each character; the rest is read."""
    taught = writer.one_of_each(rng)
    rest = np.setdiff1d(np.arange(len(writer.labels)), taught)
    return taught, writer.labels[taught], rest


def few(writer: Writer, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Teach at most ten random characters; :func:`one_each` selects the samples to read."""
    taught, _, rest = one_each(writer, rng)
    taught = rng.permutation(taught)[:10]
    return taught, writer.labels[taught], rest


def misnamed(writer: Writer, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As :func:`one_each`, with a tenth of the labels exchanged."""
    taught, names, rest = one_each(writer, rng)
    wrong = rng.permutation(len(names))[: max(2, round(0.1 * len(names)))]
    names = names.copy()
    names[wrong] = np.roll(names[wrong], 1)
    return taught, names, rest


def untaught(writer: Writer, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Teach half of the characters; read the others' samples from :func:`one_each`."""
    taught, names, rest = one_each(writer, rng)
    half = rng.permutation(names)[: len(names) // 2]
    taught = taught[np.isin(names, half)]
    return taught, writer.labels[taught], rest[~np.isin(writer.labels[rest], half)]


def measure(
    writers: list[Writer], lesson: Lesson, known: Known, draws: int, sizes_of: Measure = no_size
) -> np.ndarray:
    """float (writers, draws, 2, 2): error rates without and with adaptation, over 62 classes and
    ignoring case."""
    found = np.empty((len(writers), draws, 2, 2))
    for number, writer in enumerate(writers):
        for draw in range(draws):
            rng = np.random.default_rng((draw, *writer.name.encode()))
            taught, names, rest = lesson(writer, rng)
            sizes = sizes_of(writer, taught)
            hand = teach(writer, taught, names, sizes, known)
            right = writer.labels[rest]
            for place, used in enumerate((None, hand)):
                read = answers(writer, rest, used, sizes, known)
                same_letter = WITHOUT_CASE[read] == WITHOUT_CASE[right]
                found[number, draw, place] = (read != right).mean(), 1 - same_letter.mean()
    return found


def figures(found: np.ndarray) -> dict[str, Any]:
    """Means over writers and draws of the results of :func:`measure`."""
    means = found.mean(axis=(0, 1))
    of_draws = found.mean(axis=0)
    removed = 1 - of_draws[:, 1] / of_draws[:, 0]
    by_writer = found.mean(axis=1)[:, :, 0]
    lost = by_writer[:, 1] - by_writer[:, 0]
    return {
        "writers": len(found),
        **{
            name: {
                "accuracy_before": round(1 - means[0, k], 4),
                "accuracy_after": round(1 - means[1, k], 4),
                "mistakes_removed": round(1 - means[1, k] / means[0, k], 4),
                "range_over_draws": [round(f(removed[:, k]), 4) for f in (min, max)],
            }
            for k, name in enumerate(("62_classes", "without_case"))
        },
        "writers_worse_by_a_point": int((lost > 0.01).sum()),
    }


def all_figures(writers: list[Writer], known: Known, draws: int) -> dict[str, Any]:
    """All results for some writers."""
    of_all_kinds = [w for w in writers if w.has_all_kinds]
    on_a_line = [w for w in of_all_kinds if w.provider in ON_A_LINE]
    ways = {
        "shape": (writers, no_size, known),
        "shape_and_height": (of_all_kinds, height, known.by_height()),
        "shape_and_size": (on_a_line, height_and_place, known),
    }
    result = {}
    for name, (own, sizes_of, general) in ways.items():
        if not own:
            continue
        for lesson in (one_each, few, misnamed, untaught):
            found = measure(own, lesson, general, draws, sizes_of)
            key = name if lesson is one_each else f"{name}_{lesson.__name__}"
            result[key] = figures(found)
    return result


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, writers=3, draws=1)
    add = parser.add_argument
    add("run", metavar="RUN", help="run that held out writers")
    add("pens", type=Path, metavar="FILE", help="its training pen archive")
    add("--draws", type=int, default=5, help="number of draws of taught samples")
    add("--writers", type=int, default=1000, help="most held-out writers")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Evaluate and print one JSON object."""
    recognizer = Recognizer.load(find_run(args.run, args.models).weights)
    fraction = recognizer.content.get("hyperparameters", {}).get("extra_held_out", 0.0)
    archive, known = load_pen(args.pens), Known(recognizer.shapes, load_sizes())
    hands = archive.writer[archive.characters()]
    names = np.unique(hands[held_out_hands(hands, fraction)])[: args.writers]
    writers = read_writers(archive, names, recognizer) if len(names) else []
    if not writers:
        raise HandwritingError(
            f"{args.run} held out no writer of {args.pens} who wrote {_FEWEST_TWICE} characters "
            "twice. Give a run trained with --extra-held-out."
        )
    left_out = all_figures(writers, known, args.draws)
    result = {"run": args.run, "draws": args.draws, "left_out": left_out}
    report_measured(args, "taught_hand.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
