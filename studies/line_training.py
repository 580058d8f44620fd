"""Ablation of the text-line model's training, and error rate by number of writers.

    python -m studies.line_training ../shared/pen/words.npz data/EMNIST/processed … --save

A small text-line model learns words of the first path, drawn plainly, of 8, 32, 128 and all
training writers, with equal numbers of re-rendered samples. The last one is then trained on all
paths, with strokes partly rendered as photographs. Variants lack one path, photographed strokes, or
composed lines. Error rates are for writers and photographs held out of all trainings. Finished
trainings are kept in data/studies, so the study can be interrupted and continued. One seed. With
--save: line_training.json and line_training.png.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from handwriting.cli import make_measuring_parser, report_measured, run_script
from handwriting.compute.devices import choose_device, choose_precision, keep_memory
from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.prepared import is_prepared
from handwriting.datasets.text import left_out, written
from handwriting.datasets.text_batches import Drawn, JoinedSources, TextBatches, TextSource
from handwriting.errors import HandwritingError
from handwriting.lines.network import LineReader
from handwriting.lines.reader import load_reader_weights
from handwriting.plots import BLUE, save_figure
from handwriting.runs import RunFiles
from handwriting.synthesis.text_sources import Hand, JoinedWords, PenSource
from handwriting.training.epochs import train_epoch
from handwriting.training.text_data import LONGEST_TEXT, Measured, load_sources
from handwriting.training.text_run import TextRun, TextSettings
from studies.common import FIGURES, FINISHED, FinishedTrainings
from text_training import measure, text_loss

HELD_OUT = 0.1
"""Fraction of the writers and photographs held out of all trainings."""

WRITERS = (8, 32, 128)
PHOTOGRAPHED = 0.4


@dataclass(frozen=True)
class SomeOf:
    """An epoch of a number of random samples of a source."""

    source: TextSource
    count: int

    def __len__(self) -> int:
        return self.count

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """A random sample of the source."""
        return self.source.draw(int(rng.integers(len(self.source))), rng)


@dataclass(frozen=True)
class Trainings:
    """The trainings of the study.

    Attributes:
        args: the options of the study.
        measured: held-out samples.
        folder: for the runs' files.
    """

    args: argparse.Namespace
    measured: list[Measured]
    folder: Path

    def train(
        self, name: str, source: TextSource, samples: int, start: Path | None = None
    ) -> dict[str, float]:
        """Train, save the weights, and return the error rates.

        Args:
            name: of the run's files.
            source: of the samples.
            samples: number of samples.
            start: initial weights, or ``None`` for random ones.
        """
        run = self._run(name, samples)
        settings = run.settings
        batches = TextBatches(SomeOf(source, samples), settings.columns, settings.seed)
        if start:
            run.begin_with(load_reader_weights(start))
        loss = train_epoch(run, batches, text_loss, 1)
        rates = measure(run, self.measured)
        run.history.append({"epoch": 1, "train_loss": loss, **rates})
        run.save()
        return rates

    def _run(self, name: str, samples: int) -> TextRun:
        """A new training of one epoch."""
        args, device = self.args, choose_device("auto")
        settings = TextSettings(
            tuple(args.data),
            epochs=1,
            lr=args.lr,
            width=args.width,
            hidden=args.hidden,
            layers=1,
            precision=choose_precision("auto", device),
        )
        torch.manual_seed(settings.seed)
        network = LineReader(args.width, args.hidden)
        return TextRun(settings, self.files(name), device, samples, network)

    def files(self, name: str) -> RunFiles:
        """The files of a training."""
        return RunFiles(name.replace(" ", "_"), self.folder, self.folder)


def words_of(archive: PenArchive, writers: int | None) -> tuple[PenSource, int]:
    """Words of some training writers, drawn plainly, and the number of these writers."""
    samples = written(archive)
    samples = samples[np.char.str_len(archive.text[samples]) <= LONGEST_TEXT]
    samples = samples[~left_out(archive.writer[samples], HELD_OUT)]
    names = np.random.default_rng(0).permutation(np.unique(archive.writer[samples]))[:writers]
    own = samples[np.isin(archive.writer[samples], names)]
    return PenSource(archive, own, Hand(0.0)), len(names)


def name_of(path: str) -> str:
    """The name of a path in tables."""
    return "EMNIST" if is_prepared(Path(path)) else Path(path).stem


def parts_of(paths: Sequence[str]) -> dict[str, Callable[[], TextSource]]:
    """Loaders of the second training's data: everything, and everything but one part."""

    def of(paths: Sequence[str], photographed: float = PHOTOGRAPHED) -> JoinedSources:
        settings = TextSettings(tuple(paths), held_out=HELD_OUT, photographed=photographed)
        return load_sources(settings).sources

    def unjoined() -> JoinedSources:
        return JoinedSources([s for s in of(paths).sources if not isinstance(s, JoinedWords)])

    def without(path: str) -> JoinedSources:
        return of([other for other in paths if other != path])

    return {
        "everything": partial(of, paths),
        "without photographed strokes": partial(of, paths, 0.0),
        "without joined words": unjoined,
        **{f"without {name_of(path)}": partial(without, path) for path in paths[1:]},
    }


def plot(result: dict[str, Any], path: Path) -> None:
    """Plot the error rates by number of writers, and without each part."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 4.5), layout="constrained", width_ratios=(1, 1.7)
    )
    curve = result["writers"]
    writers = [row["writers"] for row in curve]
    left.plot(writers, [row["cer"] for row in curve], "o-", color=BLUE)
    left.set_xscale("log")
    left.set_xticks(writers, map(str, writers), minor=False)
    left.minorticks_off()
    left.set_xlabel("writers in training")
    left.set_ylabel("CER on words of held-out writers")
    left.grid(alpha=0.3)
    parts = result["parts"]
    names = [name for name in parts["everything"] if name.endswith("_cer") and name != "val_cer"]
    height = 0.8 / len(parts)
    for number, (part, rates) in enumerate(parts.items()):
        places = np.arange(len(names)) + number * height
        bars = right.barh(places, [rates[name] for name in names], height * 0.9, label=part)
        right.bar_label(bars, fmt="%.3f", fontsize=7, padding=2)
    middle = np.arange(len(names)) + 0.4 - height / 2
    right.set_yticks(middle, [name.removesuffix("_cer").replace("_", " ") for name in names])
    right.invert_yaxis()
    right.set_xlabel("CER on held-out writers and photographs")
    right.margins(0.1, 0.02)
    right.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save_figure(figure, path, "python -m studies.line_training … --save")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(
        __doc__, FIGURES, start_samples=600, samples=200, width=8, hidden=16
    )
    add = parser.add_argument
    add("data", nargs="+", metavar="PATH", help="pen archive of words, then further training data")
    add("--start-samples", type=int, default=150_000, help="samples per number of writers")
    add("--samples", type=int, default=40_000, help="samples of each variant")
    add("--lr", type=float, default=0.003, help="peak learning rate")
    add("--width", type=int, default=16, help="channels of the first convolution")
    add("--hidden", type=int, default=128, help="LSTM cells in each direction")
    return parser


def study(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train and evaluate all; finished trainings come from the folder."""
    settings = {
        name: getattr(args, name) for name in ("start_samples", "samples", "lr", "width", "hidden")
    }
    finished = FinishedTrainings(folder / "line_training.json", settings)
    archive = load_pen(Path(args.data[0]))
    measured = load_sources(TextSettings(tuple(args.data), held_out=HELD_OUT)).measured
    trainings = Trainings(args, measured, folder / "lines")
    words = trainings.measured[0].name
    curve, name = [], ""
    for number in (*WRITERS, None):
        source, writers = words_of(archive, number)
        name = f"{writers} writers"
        rates = finished.get(name, partial(trainings.train, name, source, args.start_samples))
        curve.append({"writers": writers, "words": len(source), "cer": rates[f"{words}_cer"]})
    start = trainings.files(name).weights

    def go_on(part: str, load: Callable[[], TextSource]) -> dict[str, float]:
        return trainings.train(part, load(), args.samples, start)

    parts = {
        part: finished.get(part, partial(go_on, part, load))
        for part, load in parts_of(args.data).items()
    }
    left_out_counts = {part.name: len(part.texts) for part in trainings.measured}
    return {"measured": left_out_counts, **settings, "writers": curve, "parts": parts}


def main(args: argparse.Namespace) -> None:
    """Train, evaluate, and print one JSON object."""
    keep_memory()
    torch.manual_seed(0)
    if not Path(args.data[0]).is_file():
        raise HandwritingError("give a pen archive of words first.")
    with TemporaryDirectory() as passing:
        result = study(args, Path(passing) if args.quick else FINISHED)
    report_measured(args, "line_training.json", result)
    if args.save:
        plot(result, args.out / "line_training.png")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
