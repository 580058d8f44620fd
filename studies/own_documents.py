"""Fine-tuning on a person's own pages: CER against the number of their lines that are given.

    python -m studies.own_documents --data PAGES…

For writers that the model's training left out, the model is fine-tuned on their first lines, as
`python text_training.py --init-from RUN --data PAGES` does by default, and reads the rest of their
lines, before and after. Lines are cut as they are annotated. What is forgotten is measured on
UNIPEN words of held-out writers. With --save: own_documents.json and its plot.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from tqdm import tqdm

import text_training
from handwriting.cli import command_line, make_measuring_parser, report_measured, run_script
from handwriting.datasets.text import left_out, load_text
from handwriting.datasets.text_batches import TextBatches
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.imaging.line import cut_line
from handwriting.lines.decoding import greedy
from handwriting.lines.languages import LANGUAGES, Language
from handwriting.lines.reader import (
    LINES_FOLDER,
    Reader,
    build_reader_network,
    find_reader,
    load_reader_weights,
    predict_log_probs,
)
from handwriting.plots import BLUE, ORANGE, save_figure
from handwriting.runs import RunFiles
from handwriting.synthesis.text_sources import PictureSource
from handwriting.training.epochs import train_epoch
from handwriting.training.optim import interpolate_weights
from handwriting.training.page_lines import PageLines, load_page_lines
from handwriting.training.text_data import CUT_REPEATS, layout_of_project
from handwriting.training.text_run import TextRun, TextSettings
from studies.common import FIGURES

LINES = (5, 10, 20)
ALPHAS = (0.5, 0.75, 1.0)
_FEWEST_LEFT = 6
_FORMER = 400


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
        """All cuts of the first lines."""
        rows = [k for k, t in enumerate(self.lines.texts) if t in set(self.texts[:count])]
        own = self.lines.subset(rows)
        boxes = dict(enumerate(own.boxes))
        return PictureSource(own.contrasts, own.texts, CUT_REPEATS, boxes, is_exact=True)

    def others(self, count: int) -> tuple[list[np.ndarray], list[str]]:
        """The first cut of each further line, and its text."""
        texts = self.texts[count:]
        first = [self.lines.texts.index(text) for text in texts]
        return [cut_line(self.lines.contrasts[k], self.lines.boxes[k]) for k in first], texts


def held_out_writers(folders: Sequence[Path], held_out: float, fewest: int) -> list[Writer]:
    """Writers with enough lines that a training left out.

    Raises:
        HandwritingError: there is none.
    """
    found = []
    for folder in folders:
        lines = load_page_lines(folder, layout_of_project(), held_out=held_out)
        for name in np.unique(lines.writers).tolist():
            rows = np.flatnonzero(lines.writers == name).tolist()
            writer = Writer(name, lines.subset(rows))
            if len(writer.texts) >= fewest:
                found.append(writer)
    if not found:
        raise HandwritingError(f"no held-out writer has {fewest} lines. Give more --data.")
    return found


def cer(network: nn.Module, pictures: list[np.ndarray], texts: list[str], of: Language) -> float:
    """Greedy CER of pictures."""
    read = [greedy(of.possible(rows)) for rows in predict_log_probs(network, pictures)]
    return text_metrics(read, texts)["cer"]


def fine_tuned(content: dict[str, Any], source: PictureSource, seed: int) -> TextRun:
    """The run after training on a source."""
    settings = replace(
        TextSettings(("own",), epochs=1, seed=seed, held_out=0.0),
        lr=text_training.FINE_TUNING["lr"],
        width=content["width"],
        hidden=content["hidden"],
        layers=content["layers"],
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


def measure(
    content: dict[str, Any],
    writers: Sequence[Writer],
    lines: int,
    language: Language,
    former: tuple[list[np.ndarray], list[str]],
) -> dict[str, Any]:
    """CER of each writer's further lines, before and after, and of former data."""
    before = build_reader_network(content)
    start = {name: tensor.clone() for name, tensor in before.state_dict().items()}
    rows, seconds = [], []
    for number, writer in enumerate(tqdm(writers, unit="writer")):
        begin = time.perf_counter()
        run = fine_tuned(content, writer.given(lines), number)
        seconds.append(time.perf_counter() - begin)
        test = writer.others(lines)
        row = {"writer": number, "lines_read": len(test[1]), "before": cer(before, *test, language)}
        for alpha in ALPHAS:
            network = interpolate_weights(start, run.average.module, alpha)
            row[f"alpha {alpha}"] = cer(network, *test, language)
            if number < 3:
                row[f"former, alpha {alpha}"] = cer(network, *former, LANGUAGES["en"])
        rows.append(row)
        print(json.dumps(row), flush=True)
    names = sorted({name for row in rows for name in row} - {"writer"})
    means = {n: float(np.mean([row[n] for row in rows if n in row])) for n in names}
    return means | {"seconds": float(np.mean(seconds)), "writers": rows}


def plot(by_lines: dict[str, dict[str, Any]], alpha: float, path: Path, command: str) -> None:
    """The curve of CER against lines given, and each writer's."""
    counts = [0, *map(int, by_lines)]
    figure, axes = plt.subplots(figsize=(6, 4.2), layout="constrained")
    first = next(iter(by_lines.values()))
    writers = range(len(first["writers"]))
    key = f"alpha {alpha}"
    for k in writers:
        values = [row["writers"][k][key] for row in by_lines.values()]
        axes.plot(counts, [first["writers"][k]["before"], *values], color=BLUE, alpha=0.25, lw=1)
    mean = [first["before"], *(row[key] for row in by_lines.values())]
    axes.plot(counts, mean, color=ORANGE, marker="o", lw=2, label="mean over writers")
    axes.set(xlabel="lines of the writer given", ylabel="CER of the rest", ylim=(0, None))
    axes.set_xticks(counts)
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    save_figure(figure, path, command)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, writers=1, lines=[5])
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="text-line model to fine-tune")
    add("--data", type=Path, nargs="+", required=True, metavar="FOLDER", help="ALTO or PAGE files")
    add("--former", type=Path, default=None, metavar="FILE", help="data of the model's training")
    add("--lines", type=int, nargs="+", default=list(LINES), help="lines that are given")
    add("--writers", type=int, default=100, help="writers at most")
    add("--language", choices=LANGUAGES, default="fr", help="language of the pages")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Fine-tune on each writer, and print one JSON object."""
    path = find_reader(args.run, args.models)
    content = load_reader_weights(path)
    held_out = Reader(content).held_out
    writers = held_out_writers(args.data, held_out, max(args.lines) + _FEWEST_LEFT)[: args.writers]
    former: tuple[list[np.ndarray], list[str]] = ([], [])
    if args.former:
        data = load_text(args.former)
        rows = np.flatnonzero(left_out(data.writers, held_out))
        rows = np.random.default_rng(0).permutation(rows)[:_FORMER]
        former = [data.pictures[k] for k in rows], [data.texts[k] for k in rows]
    language = LANGUAGES[args.language]
    result: dict[str, Any] = {"run": path.stem, "language": args.language}
    if former[1]:
        result["former_before"] = cer(build_reader_network(content), *former, LANGUAGES["en"])
    result["lines"] = {
        str(count): measure(content, writers, count, language, former) for count in args.lines
    }
    report_measured(args, "own_documents.json", result)
    if args.save:
        figure = args.out / "own_documents.png"
        plot(result["lines"], text_training.FINE_TUNING["alpha"], figure, command_line())


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
