"""Should the line reader see a photograph's colours, or how far each pixel differs from its paper?

    python -m studies.colour_or_contrast ../shared/pen/words.npz ../shared/words_photographed \
        --start data/studies/lines/325_writers.pt --save

Three small networks of one kind learn the same photographs for the same number of samples, three in
four drawn (words of pens, any medium on any ground), the others real. One sees what
`imaging.contrast` makes of them; one their red, green and blue, cut out at the same place; one how
far each of these differs from the paper's. All begin with the weights of --start, a small reader of
words drawn plainly (`studies.line_training` leaves them): from random weights so few photographs
teach none of them to read. All are measured on writers and photographs left out, by ground. One
seed. Finished trainings are kept in data/studies, so that the study can be stopped and started
again. With --save: colour_or_contrast.json.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.compute.devices import keep_memory
from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.photographed_text import load_photographed
from handwriting.datasets.text import left_out, written
from handwriting.datasets.text_batches import Drawn, TextBatches
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.imaging.contrast import contrast_of, is_dark_on_light, normalised, paper_of
from handwriting.imaging.line import HEIGHT, MARGIN, cut_line, line_from_contrast, writing_box
from handwriting.lines.decoding import greedy
from handwriting.lines.network import LineReader
from handwriting.lines.reader import load_reader_weights, predict_log_probs
from handwriting.runs import RunFiles
from handwriting.synthesis.grounds import GROUNDS
from studies.common import FIGURES, FINISHED, FinishedTrainings, drawn_photograph
from studies.small_readers import HELD_OUT, add_reader_options, small_run
from text_training import train_epoch

FIRST_KERNEL = "convolutions.0.weight"

REAL = 0.25
"""Part of the samples that are real photographs."""

Front = Callable[[np.ndarray], np.ndarray]
"""A photograph, uint8 (height, width, 3), to what the network sees of it."""


def contrast_line(colours: np.ndarray) -> np.ndarray:
    """uint8 (40, width), as the shipped reader sees it."""
    return line_from_contrast(contrast_of(colours))


def colour_line(colours: np.ndarray) -> np.ndarray:
    """uint8 (40, width, 3): the same place, how dark it is in red, green and blue."""
    box = writing_box(contrast_of(colours))
    if box is None:
        return np.zeros((HEIGHT, 2 * MARGIN + 1, 3), dtype=np.uint8)
    return cut_line(255 - colours, box)


def paperless_line(colours: np.ndarray) -> np.ndarray:
    """uint8 (40, width, 3): the same place, how far each colour differs from the paper's."""
    box = writing_box(contrast_of(colours))
    if box is None:
        return np.zeros((HEIGHT, 2 * MARGIN + 1, 3), dtype=np.uint8)
    paper = paper_of(colours, min(colours.shape[:2]))
    darker = paper.astype(np.int16) - colours
    if not is_dark_on_light(colours, paper):
        darker = -darker
    return cut_line(normalised(np.clip(darker, 0, 255).astype(np.uint8)), box)


FRONTS: dict[str, tuple[Front, int]] = {
    "contrast": (contrast_line, 1),
    "colours": (colour_line, 3),
    "colours less the paper": (paperless_line, 3),
}


@dataclass(frozen=True)
class Photographs:
    """Photographs of words, drawn and real, as a front sees them.

    Attributes:
        archive: words of pens.
        samples: int64, which of them to draw.
        pictures: real ones, as the front sees them.
        texts: what those say.
        front: what the network sees.
        count: pictures in an epoch.
    """

    archive: PenArchive
    samples: np.ndarray
    pictures: list[np.ndarray]
    texts: list[str]
    front: Front
    count: int

    def __len__(self) -> int:
        return self.count

    def draw(self, number: int, rng: np.random.Generator) -> Drawn:
        """One by chance."""
        if rng.random() < REAL:
            row = int(rng.integers(len(self.texts)))
            return Drawn(self.pictures[row], self.texts[row])
        sample = int(rng.choice(self.samples))
        picture = self.front(drawn_photograph(self.archive, sample, rng))
        return Drawn(picture, str(self.archive.text[sample]).strip())


def measure(
    network: LineReader, front: Front, archive: PenArchive, samples: np.ndarray
) -> dict[str, float]:
    """`cer` of words of writers left out on each ground."""
    texts = [str(archive.text[sample]).strip() for sample in samples.tolist()]
    found = {}
    for ground in GROUNDS:
        rng = np.random.default_rng(0)
        drawn = [drawn_photograph(archive, s, rng, ground) for s in samples.tolist()]
        found[ground] = error_rate(network, [front(picture) for picture in drawn], texts)
    return found


def error_rate(network: LineReader, pictures: list[np.ndarray], texts: list[str]) -> float:
    """`cer`, read greedily."""
    read = [greedy(rows) for rows in predict_log_probs(network, pictures)]
    return text_metrics(read, texts)["cer"]


def start_weights(path: Path, channels: int) -> dict[str, Any]:
    """A weights file, its first convolution spread over the channels of a picture."""
    content = load_reader_weights(path)
    kernel = content["weights"][FIRST_KERNEL]
    content["weights"][FIRST_KERNEL] = kernel.repeat(1, channels, 1, 1) / channels
    return content


def study(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Train a network that sees what a front makes, and measure it."""
    front, channels = FRONTS[name]
    archive = load_pen(args.pens)
    samples = written(archive)
    is_left_out = left_out(archive.writer[samples], HELD_OUT)
    others = np.random.default_rng(0).permutation(samples[is_left_out])[: args.measured]
    real = load_photographed(args.photographs, variants=True, kept=front)
    own = real.subset(np.flatnonzero(~left_out(real.groups, HELD_OUT)))
    source = Photographs(
        archive, samples[~is_left_out], own.contrasts, own.texts, front, args.samples
    )
    files = RunFiles(name, FINISHED / "lines", FINISHED / "lines")
    run = small_run(args, [str(args.pens), str(args.photographs)], files, args.samples, channels)
    if args.start:
        run.begin_with(start_weights(args.start, channels))
    loss = train_epoch(run, TextBatches(source, run.settings.columns, run.settings.seed), 1)
    words = load_photographed(args.photographs, kept=front)
    words = words.subset(np.flatnonzero(left_out(words.groups, HELD_OUT)))
    return {
        "train_loss": loss,
        "real": error_rate(run.final_network, words.contrasts, words.texts),
        "real_words": len(words.texts),
        "grounds": measure(run.final_network, front, archive, others),
    }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, samples=100, measured=5, width=8, hidden=16)
    add = parser.add_argument
    add("pens", type=Path, help="pen archive of words")
    add("photographs", type=Path, help="folder of photographed words")
    add("--start", type=Path, default=None, metavar="FILE", help="weights to begin with")
    add("--samples", type=int, default=40_000, help="pictures that each network learns from")
    add("--measured", type=int, default=400, help="words of writers left out, on each ground")
    add_reader_options(parser)
    return parser


def main(args: argparse.Namespace) -> None:
    """Train all, measure, and print one JSON object."""
    keep_memory()
    names = ("samples", "lr", "width", "hidden", "measured")
    settings = {name: getattr(args, name) for name in names}
    settings["start"] = args.start.stem if args.start else None
    path = None if args.quick else FINISHED / "colour_or_contrast.json"
    finished = FinishedTrainings(path, settings)
    fronts = {name: finished.get(name, partial(study, name, args)) for name in FRONTS}
    result = {**settings, **fronts}
    print(json.dumps(result, indent=1))
    save_measured(args, "colour_or_contrast.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
