"""What people write with: how well the line reader reads each medium.

    python -m studies.line_media ../shared/pen/words.npz --save

Words of writers whom the training of RUN left out, the same ones each time, written with every
medium of `synthesis.media` on white paper (chalk on a blackboard, too) and photographed. They are
generated. With --save: line_media.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from handwriting.cli import make_measuring_parser, run_script, save_measured
from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.text import left_out, written
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.imaging.contrast import contrast_of
from handwriting.imaging.line import line_from_contrast
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.synthesis.media import MEDIA
from studies.common import FIGURES, drawn_photograph

WRITTEN = {name: (name, "white") for name in MEDIA} | {"chalk on a board": ("chalk", "blackboard")}
"""Medium and ground, by what they are called."""


def measure(reader: Reader, archive: PenArchive, samples: np.ndarray, name: str) -> float:
    """`cer` of samples written in one way."""
    medium, ground = WRITTEN[name]
    rng = np.random.default_rng(0)
    pictures, texts = [], []
    for sample in samples.tolist():
        photograph = drawn_photograph(archive, sample, rng, ground, MEDIA[medium])
        pictures.append(line_from_contrast(contrast_of(photograph)))
        texts.append(str(archive.text[sample]).strip())
    return text_metrics([line.text for line in reader.read(pictures)], texts)["cer"]


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, most=5)
    add = parser.add_argument
    add("pens", type=Path, help="pen archive of words")
    add("--run", default="latest", metavar="RUN", help="line reader to measure")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with line readers")
    add("--most", type=int, default=400, help="words that are written in each way")
    return parser


def main(args: argparse.Namespace) -> None:
    """Write, read and print one JSON object."""
    reader = Reader.load(find_reader(args.run, args.models))
    archive = load_pen(args.pens)
    samples = written(archive)
    samples = samples[left_out(archive.writer[samples], reader.held_out)]
    if not len(samples):
        raise HandwritingError(f"no writer of {args.pens} was left out of the training.")
    samples = np.random.default_rng(0).permutation(samples)[: args.most]
    media = {name: measure(reader, archive, samples, name) for name in WRITTEN}
    result = {"words": len(samples), "cer": media}
    print(json.dumps(result))
    save_measured(args, "line_media.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
