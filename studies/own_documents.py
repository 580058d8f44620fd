"""Fine-tuning on a person's own pages: CER against the number of their lines that are given.

    python -m studies.own_documents --data copiste words_german --languages copiste=fr …

For writers that the model's training left out, the model is fine-tuned on their first lines, as
`python text_training.py --init-from RUN --data PAGES` does by default, and reads the rest of their
lines, before and after. Lines are cut as they are annotated; a folder with a `text.csv` has one
image each. Rates of all writers are of all their characters together. What is forgotten is
measured on UNIPEN words of held-out writers. Writers whose run is finished are kept in
data/studies/, from where a run that was stopped continues. With --save: own_documents.json and its
plot.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from torch import nn

import text_training
from handwriting.cli import command_line, make_measuring_parser, report_measured, run_script
from handwriting.datasets.photographed_text import load_photographed
from handwriting.datasets.text import left_out, load_text
from handwriting.datasets.text_batches import TextBatches
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.imaging.line import cut_line, writing_box
from handwriting.lines.decoding import greedy
from handwriting.lines.languages import LANGUAGES, Language
from handwriting.lines.options import add_languages_option
from handwriting.lines.reader import (
    LINES_FOLDER,
    Reader,
    build_reader_network,
    find_reader,
    load_reader_weights,
    predict_log_probs,
)
from handwriting.pages.layout import layout_of_project
from handwriting.plots import BLUE, ORANGE, save_figure
from handwriting.runs import RunFiles
from handwriting.synthesis.text_sources import PictureSource
from handwriting.training.epochs import train_epoch
from handwriting.training.optim import interpolate_weights
from handwriting.training.page_lines import PageLines, load_page_lines
from handwriting.training.text_run import TextRun, TextSettings, size_of
from studies.common import FIGURES, FINISHED, FinishedTrainings

LINES = (5, 10, 20, 100)
ALPHAS = (0.5, 0.75, 1.0)
_FEWEST_LEFT = 2
_FORMER, _WRITERS_OF_FORMER = 400, 3

Samples = tuple[list[np.ndarray], list[str]]


@dataclass(frozen=True)
class Writer:
    """Lines of one writer: those that are given, and those that are read."""

    name: str
    lines: PageLines

    @property
    def texts(self) -> list[str]:
        """The distinct texts in their order."""
        return list(dict.fromkeys(self.lines.texts))

    def given(self, count: int) -> PictureSource:
        """All cuts of the first lines, drawn as often as `text_training` draws them."""
        first = set(self.texts[:count])
        own = self.lines.subset([k for k, text in enumerate(self.lines.texts) if text in first])
        draws = round(text_training.FINE_TUNING_DRAWS * len(first) / len(own.texts))
        boxes = dict(enumerate(own.boxes))
        return PictureSource(own.contrasts, own.texts, draws, boxes, is_exact=True)

    def others(self, count: int) -> Samples:
        """The first cut of each further line, and its text."""
        texts = self.texts[count:]
        first = [self.lines.texts.index(text) for text in texts]
        return [cut_line(self.lines.contrasts[k], self.lines.boxes[k]) for k in first], texts


def held_out_writers(folder: Path, held_out: float) -> list[Writer]:
    """Writers that a training left out.

    Raises:
        HandwritingError: there is none.
    """
    lines = held_out_lines(folder, held_out)
    names = np.unique(lines.writers).tolist()
    if not names:
        raise HandwritingError(f"{folder} has no held-out writer. Give other --data.")
    return [Writer(n, lines.subset(np.flatnonzero(lines.writers == n).tolist())) for n in names]


def held_out_lines(folder: Path, held_out: float) -> PageLines:
    """Lines of ALTO or PAGE files, or of images with a `text.csv`, by held-out writers."""
    if not (folder / "text.csv").is_file():
        return load_page_lines(folder, layout_of_project(), held_out)
    data = load_photographed(folder)
    data = data.subset(np.flatnonzero(left_out(data.groups, held_out)))
    boxes = {row: box for row, c in enumerate(data.contrasts) if (box := writing_box(c))}
    data = data.subset(np.array(list(boxes), dtype=int))
    return PageLines(data.contrasts, list(boxes.values()), data.texts, data.groups)


def cer(network: nn.Module, samples: Samples, language: Language) -> float:
    """Greedy CER of pictures."""
    pictures, texts = samples
    read = [greedy(language.possible(rows)) for rows in predict_log_probs(network, pictures)]
    return text_metrics(read, texts)["cer"]


def fine_tuned(content: dict[str, Any], source: PictureSource, seed: int) -> TextRun:
    """The run after training on a source."""
    settings = replace(
        TextSettings(("own",), epochs=1, seed=seed, held_out=0.0),
        lr=text_training.FINE_TUNING["lr"],
        **size_of(content),
    )
    with tempfile.TemporaryDirectory() as folder:
        files = RunFiles("own", Path(folder), Path(folder))
        batches = TextBatches(source, settings.columns, settings.seed)
        run = TextRun(settings, files, torch.device("cpu"), len(batches))
        run.begin_with(content)
        batches.set_epoch(1)
        torch.manual_seed(seed)
        train_epoch(run, batches, text_training.text_loss, 1)
    return run


@dataclass(frozen=True)
class Study:
    """The model that is fine-tuned, and samples of its former data."""

    content: dict[str, Any]
    former: Samples

    def measure(
        self, writer: Writer, number: int, count: int, of: Language, with_former: bool
    ) -> dict[str, Any]:
        """CER of a writer's further lines, and of former data if wanted, before and after."""
        before = build_reader_network(self.content)
        start = {name: tensor.clone() for name, tensor in before.state_dict().items()}
        begin = time.perf_counter()
        run = fine_tuned(self.content, writer.given(count), number)
        seconds = time.perf_counter() - begin
        test = writer.others(count)
        row = {
            "writer": number,
            "lines_read": len(test[1]),
            "characters": sum(len("".join(text.split())) for text in test[1]),
            "seconds": seconds,
            "before": cer(before, test, of),
        }
        for alpha in ALPHAS:
            network = interpolate_weights(start, run.average.module, alpha)
            row[f"alpha {alpha}"] = cer(network, test, of)
            if with_former and self.former[1]:
                row[f"former, alpha {alpha}"] = cer(network, self.former, LANGUAGES["en"])
        return row


def together(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rates of all writers' characters, and the mean of what else was measured."""
    rates = ("before", *(f"alpha {alpha}" for alpha in ALPHAS))
    weights = [row["characters"] for row in rows]
    found = {n: float(np.average([row[n] for row in rows], weights=weights)) for n in rates}
    for name in sorted({name for row in rows for name in row} - {"writer", *rates}):
        found[name] = float(np.mean([row[name] for row in rows if name in row]))
    return found | {"writers": rows}


def plot(sets: dict[str, dict[str, Any]], alpha: float, path: Path, command: str) -> None:
    """CER before and after by the number of lines given, of each writer and of all, by set."""
    figure, every = plt.subplots(
        1, len(sets), figsize=(4.5 * len(sets), 4.2), layout="constrained", squeeze=False
    )
    for axes, (name, found) in zip(every[0], sets.items(), strict=True):
        for place, each in enumerate(found["lines"].values()):
            _draw_change(axes, place, each, f"alpha {alpha}")
        axes.set_xticks(range(len(found["lines"])), labels=list(found["lines"]))
        axes.set(xlabel="lines of the writer given", ylabel="CER of the rest", ylim=(0, None))
        axes.set_title(name.replace("_", " "), loc="left")
        axes.margins(x=0.2)
        axes.grid(axis="y", alpha=0.3)
    handles = [Patch(color=BLUE, label="before"), Patch(color=ORANGE, label="after")]
    handles.append(Line2D([], [], color="0.3", lw=1, label="each writer"))
    every[0][0].legend(handles=handles, frameon=False)
    save_figure(figure, path, command)


def _draw_change(axes: Axes, place: int, each: dict[str, Any], key: str) -> None:
    """Two bars for all writers together, and a line for each of them."""
    ends = (place - 0.2, place + 0.2)
    axes.bar(ends, (each["before"], each[key]), 0.36, color=(BLUE, ORANGE), alpha=0.8)
    for row in each["writers"]:
        axes.plot(ends, (row["before"], row[key]), color="0.3", marker=".", lw=1, alpha=0.7)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, writers=1, lines=[5])
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="text-line model to fine-tune")
    add("--data", type=Path, nargs="+", required=True, metavar="FOLDER", help="pages or lines")
    add("--former", type=Path, default=None, metavar="FILE", help="data of the model's training")
    add("--lines", type=int, nargs="+", default=list(LINES), help="lines that are given")
    add("--writers", type=int, default=100, help="writers at most")
    add_languages_option(parser)
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def curve(
    study: Study, folder: Path, finished: FinishedTrainings, args: argparse.Namespace
) -> dict[str, Any]:
    """The figures of a folder by the number of lines given, of writers who have more than these."""
    held_out = Reader(study.content).held_out
    writers = held_out_writers(folder, held_out)[: args.writers]
    name = args.languages.get(folder.name, "en")
    lines = {}
    for count in args.lines:
        own = [(k, w) for k, w in enumerate(writers) if len(w.texts) >= count + _FEWEST_LEFT]
        rows = [
            finished.get(
                f"{folder.name} as {name} / writer {k} / {count} lines",
                partial(
                    study.measure, writer, k, count, LANGUAGES[name], place < _WRITERS_OF_FORMER
                ),
            )
            for place, (k, writer) in enumerate(own)
        ]
        if rows:
            lines[str(count)] = together(rows)
    if not lines:
        raise HandwritingError(
            f"{folder}: no held-out writer has {min(args.lines)} lines and more."
        )
    return {"language": name, "writers": len(writers), "lines": lines}


def main(args: argparse.Namespace) -> None:
    """Fine-tune on each writer, and print one JSON object."""
    path = find_reader(args.run, args.models)
    content = load_reader_weights(path)
    former: Samples = ([], [])
    result: dict[str, Any] = {"run": path.stem}
    if args.former:
        data = load_text(args.former)
        rows = np.flatnonzero(left_out(data.writers, Reader(content).held_out))
        rows = np.random.default_rng(0).permutation(rows)[:_FORMER]
        former = [data.pictures[k] for k in rows], [data.texts[k] for k in rows]
        result["former_before"] = cer(build_reader_network(content), former, LANGUAGES["en"])
    finished = FinishedTrainings(
        FINISHED / "own_documents.json" if args.save else None,
        {"run": path.stem, "former": args.former and args.former.name},
    )
    study = Study(content, former)
    result["sets"] = {folder.name: curve(study, folder, finished, args) for folder in args.data}
    report_measured(args, "own_documents.json", result)
    if args.save:
        figure = args.out / "own_documents.png"
        plot(result["sets"], text_training.FINE_TUNING["alpha"], figure, command_line())


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
