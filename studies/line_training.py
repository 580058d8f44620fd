"""What each part of the text-line model's training is worth.

    python -m studies.line_training ../shared/pen/words.npz data/EMNIST/processed … \\
        --start lines_2026_November27_06_48 --save

A text-line model is trained further on samples of all sources, balanced as for its own training
(`text_training.py --samples`), and from the same weights with as many samples without each part. Of
a part left out, fonts may still write the texts. Without photographed strokes, all strokes are
drawn plainly; without set labels, a label in printable ASCII is taken as exactly what was written,
not as accented letters too. Everything with another seed shows what chance changes. Error rates
are for writers and photographs held out of all trainings, greedy, in the language of each set.
Finished trainings are kept in data/studies, so the study can be interrupted and continued. With
--save: line_training.json and line_training.png.
"""

import argparse
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import choose_device, choose_precision, keep_memory
from handwriting.datasets.text_batches import BalancedSources, Drawn, TextBatches, TextSource
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.lines.languages import LANGUAGES
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader, load_reader_weights
from handwriting.plots import save_figure
from handwriting.runs import RunFiles
from handwriting.synthesis.font_lines import FontLines
from handwriting.synthesis.text_sources import (
    ComposedCharacters,
    ComposedPictures,
    Hand,
    JoinedWords,
    PenSource,
)
from handwriting.training.epochs import train_epoch
from handwriting.training.text_data import Measured, load_sources
from handwriting.training.text_run import TextRun, TextSettings, size_of
from studies.common import FIGURES, FINISHED, FinishedTrainings
from text_training import text_loss

CHARACTERS = 4000
"""Most characters of a held-out set that are read."""

COLUMNS = 2048
"""Pixel columns of a batch: half of the training's, for more steps with the same samples."""

AGAIN = "everything, another seed"

KEPT = "words, lines and photographed pages"
"""The part of what is never left out."""

_PART_OF_TYPE: dict[type, str] = {
    JoinedWords: "joined words",
    ComposedCharacters: "composed characters",
    ComposedPictures: "EMNIST",
    FontLines: "fonts",
}
_PART_OF_SET = {
    "numbers": "form fields",
    "words_photographed": "photographed words",
    "copiste": "French pages",
    **dict.fromkeys(("csafe", "letters_1905", "wills_1914"), "other scanned pages"),
    "words_german": "German words",
}
_LANGUAGES = {"copiste": "fr", "words_german": "de"}


@dataclass(frozen=True)
class TakenExactly:
    """A source whose labels are taken as exactly what was written."""

    source: TextSource

    def __len__(self) -> int:
        return len(self.source)

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A sample of the source."""
        return replace(self.source.draw(number, rng), is_exact=True)


def drawn_plainly(source: TextSource) -> TextSource:
    """The source, with its strokes drawn plainly if it has any."""
    if not isinstance(source, PenSource | JoinedWords | ComposedCharacters):
        return source
    plain = copy(source)
    vars(plain)["hand"] = Hand(0.0)
    return plain


def parts_of(sources: Sequence[TextSource], measured: Sequence[Measured]) -> np.ndarray:
    """str (sources,): the part that each source belongs to.

    Raises:
        HandwritingError: nothing is held out of a path that has writers, or nothing is always kept.
    """
    parts = [_PART_OF_TYPE.get(type(source), "") for source in sources]
    if parts.count("") != len(measured):
        raise HandwritingError("each path needs writers to train on, and others to hold out.")
    sets = (_PART_OF_SET.get(each.name, KEPT) for each in measured)
    named = np.array([part or next(sets) for part in parts])
    if KEPT not in named:
        raise HandwritingError("give a pen archive of words or lines too; it is never left out.")
    return named


def variants_of(everything: BalancedSources, parts: np.ndarray) -> dict[str, BalancedSources]:
    """The samples of each training: everything, and everything but a part."""
    sources, shares, count = everything.sources, everything.shares, len(everything)
    plainly = [drawn_plainly(source) for source in sources]
    exactly = [TakenExactly(source) for source in sources]
    variants = {
        "everything": everything,
        AGAIN: everything,
        "without photographed strokes": BalancedSources(plainly, shares, count),
        "without set labels": BalancedSources(exactly, shares, count),
    }
    for part in dict.fromkeys(parts[parts != KEPT].tolist()):
        kept = list(compress(sources, parts != part))
        variants[f"without {part}"] = BalancedSources(kept, shares[parts != part], count)
    return variants


def train(
    start: dict[str, Any], source: TextSource, settings: TextSettings, folder: Path
) -> dict[str, Any]:
    """The content of a weights file, trained further on each sample of a source; no file is
    written."""
    files = RunFiles("line_training", folder, folder)
    run = TextRun(settings, files, choose_device("auto"), len(source))
    run.begin_with(start)
    train_epoch(run, TextBatches(source, settings.columns, settings.seed), text_loss, 1)
    return start | {"weights": run.final_network.state_dict()}


def error_rates(content: dict[str, Any], measured: Iterable[Measured]) -> dict[str, float]:
    """CER on each held-out set, as written in its language."""
    reader = Reader(content)
    rates = {}
    for part in measured:
        language = LANGUAGES[_LANGUAGES.get(part.name, "en")]
        read = reader.for_language(language).read(part.pictures)
        texts = [language.spelled(text) for text in part.texts]
        rates[part.name] = text_metrics([line.text for line in read], texts)["cer"]
    return rates


def some_of(part: Measured) -> Measured:
    """The first samples of a held-out set, which are in random order; at least one."""
    ends = np.cumsum([len(text) for text in part.texts])
    count = max(1, int((ends <= CHARACTERS).sum()))
    return replace(part, pictures=part.pictures[:count], texts=part.texts[:count])


def study(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train and evaluate all; finished trainings come from the folder."""
    path = find_reader(args.start, LINES_FOLDER)
    start = load_reader_weights(path)
    settings = TextSettings(
        tuple(args.data),
        epochs=1,
        lr=args.lr,
        columns=COLUMNS,
        samples=args.samples,
        held_out=Reader(start).held_out,
        **size_of(start),
        precision=choose_precision("auto", choose_device("auto")),
    )
    named = {"start": path.stem, "samples": args.samples, "lr": args.lr}
    finished = FinishedTrainings(folder / "line_training.json", named)
    data = load_sources(settings)
    measured = [some_of(part) for part in data.measured]
    everything = data.sources
    assert isinstance(everything, BalancedSources)
    parts = parts_of(everything.sources, measured)
    shares = {str(part): everything.shares[parts == part].sum() for part in np.unique(parts)}

    def rates_of(name: str, source: TextSource) -> dict[str, float]:
        seed = settings.seed + (name == AGAIN)
        trained = train(start, source, replace(settings, seed=seed), folder)
        return error_rates(trained, measured)

    cer = {"before": finished.get("before", partial(error_rates, start, measured))}
    for name, source in variants_of(everything, parts).items():
        cer[name] = finished.get(name, partial(rates_of, name, source))
    counts = {part.name: len(part.texts) for part in measured}
    return {**named, "measured": counts, "shares": shares, "cer": cer}


def plot(result: dict[str, Any], path: Path) -> None:
    """Plot by how many points each training's error rates are above the mean of everything's."""
    trainings = [name for name in result["cer"] if name != "before"]
    # The few lines of a page or two say nothing.
    sets = [name for name, samples in result["measured"].items() if samples > 10]
    cer = 100 * np.array([[result["cer"][name][each] for each in sets] for name in trainings])
    mean = cer[[name.startswith("everything") for name in trainings]].mean(axis=0)
    figure, axes = plt.subplots(figsize=(11, 6), layout="constrained")
    axes.imshow(cer - mean, cmap="RdBu_r", vmin=-5, vmax=5, aspect="auto")
    for (row, column), value in np.ndenumerate(cer - mean):
        colour = "white" if abs(value) > 4 else "black"
        axes.text(column, row, f"{value:+.1f}", ha="center", va="center", color=colour)
    titles = [f"{name}\n{rate:.1f}%" for name, rate in zip(sets, mean, strict=True)]
    axes.set_xticks(range(len(sets)), titles, fontsize=8)
    axes.set_yticks(range(len(trainings)), trainings)
    axes.set_title(
        "CER above the mean of both trainings with everything (below the sets), in points"
    )
    save_figure(figure, path, "python -m studies.line_training … --save")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, samples=20)
    add = parser.add_argument
    add("data", nargs="+", metavar="PATH", help="training data, as for text_training.py")
    add("--start", default="latest", metavar="RUN", help="initial weights of all trainings")
    add("--samples", type=int, default=2000, help="samples of each training")
    add("--lr", type=float, default=0.001, help="highest learning rate")
    return parser


def main(args: argparse.Namespace) -> None:
    """Train, evaluate, and print one JSON object."""
    keep_memory()
    with TemporaryDirectory() as passing:
        result = study(args, Path(passing) if args.quick else FINISHED)
    report_measured(args, "line_training.json", result)
    if args.save:
        plot(result, args.out / "line_training.png")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
