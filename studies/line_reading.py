"""Error rates of the text-line model on held-out writers, by style and ground.

    python -m studies.line_reading RUN --data ../shared/pen/words.npz ../shared/numbers …

Each set is evaluated on the writers (or photographs) held out of RUN's training, by greedy decoding
and with the language model, with the figures of `text_evaluation.py`: overall, by style, and of the
worst tenth of the writers; where places are annotated, of whole pages as well, with the lines that
the layout network finds and with those of the annotation. Pages with a text alone include those
whose lines the training could not separate and did not use; they are also read with the model of
programs. Words of pen archives are rendered on each ground of `synthesis.grounds`. With an archive
of characters, texts are composed of held-out writers' characters; look-alikes (0 O o, 1 l I, …) are
read in the line, and each alone by its shape. Sets that are finished are kept in data/studies/,
from where a run that was stopped continues. With --save: line_reading.json and line_reading.png.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from handwriting.cli import command_line, make_measuring_parser, report_measured, run_script
from handwriting.datasets.pen import load_pen
from handwriting.datasets.text import left_out, written
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_figures import evaluate_data, load_data
from handwriting.files import sha256
from handwriting.lines.decoding import GREEDY
from handwriting.lines.language import LANGUAGE_FILE, PROGRAMS_FILE
from handwriting.lines.languages import find_language
from handwriting.lines.options import add_languages_option, named_decoder
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.layout import layout_of_project
from handwriting.pages.reading import PageReader
from handwriting.plots import BLUE, save_figure
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import find_run
from handwriting.synthesis.composition import CharacterPens
from studies.common import (
    FIGURES,
    FINISHED,
    FinishedTrainings,
    draw_paired_bars,
)
from studies.pen_reading import by_ground, look_alikes


def measure(path: Path, reader: Reader, args: argparse.Namespace) -> dict[str, Any]:
    """All metrics of one set."""
    name = args.languages.get(path.stem, "en")
    own = reader.for_language(find_language(name))
    if path.is_file():
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[left_out(archive.writer[samples], reader.held_out)]
        if np.char.str_len(archive.text[samples]).max(initial=0) == 1:
            recognizer = Recognizer.load(find_run(args.characters, args.character_models).weights)
            pens = CharacterPens(archive, samples)
            return {"look_alikes": look_alikes(own, recognizer, pens, args.most or 1_500)}
    data = load_data(path, reader.held_out, args.most, reader.trained_pages)
    models = PageReader(own, layout_of_project())
    file = args.language_model if name == "en" else None
    ways = {"greedy": GREEDY, "language": named_decoder("language", own.language, file)}
    if data.pages:
        ways["programs"] = named_decoder("programs", own.language, args.programs)
    found: dict[str, Any] = {"read_as": name}
    found |= {way: evaluate_data(models, data, ways[way], timed=0) for way in ways}
    if path.is_file():
        chosen = np.random.default_rng(0).permutation(samples)[: args.written]
        found["grounds"] = by_ground(own, archive, chosen)
    return found


def plot(result: dict[str, Any], path: Path, command: str) -> None:
    """Plot the error rates by set and style, and by ground."""
    sets = {name: found for name, found in result["sets"].items() if "greedy" in found}
    rows: list[tuple[str, float, float]] = []
    for name, found in sets.items():
        rows.append((name, found["greedy"]["cer"], found["language"]["cer"]))
        for style in found["greedy"].get("styles", {}):
            cers = [found[way]["styles"][style]["cer"] for way in ("greedy", "language")]
            rows.append((f"{name}, {style.lower()}", *cers))
    grounds = next((found["grounds"] for found in sets.values() if "grounds" in found), {})
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 0.35 * len(rows) + 2.2), layout="constrained"
    )
    names = [row[0].replace("_", " ") for row in rows]
    series = {"greedy": [row[1] for row in rows], "language model": [row[2] for row in rows]}
    draw_paired_bars(left, names, series)
    left.set(xlabel="character error rate (CER)")
    left.set_title("Held-out writers and photographs", loc="left")
    bars = right.barh(list(grounds), list(grounds.values()), color=BLUE)
    right.bar_label(bars, fmt="%.3f", padding=2, fontsize=8)
    right.invert_yaxis()
    right.margins(x=0.15)
    right.set(xlabel="character error rate (CER)")
    right.set_title("The same words rendered on each ground", loc="left")
    save_figure(figure, path, command)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, most=30, written=10)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="text-line model to evaluate")
    add("--data", nargs="+", type=Path, required=True, metavar="PATH", help="its training data")
    add_languages_option(parser)
    add("--most", type=int, default=None, help="samples per set; all by default")
    add("--written", type=int, default=400, help="words rendered on each ground")
    add("--language-model", type=Path, default=LANGUAGE_FILE, help="language model")
    add("--programs", type=Path, default=PROGRAMS_FILE, help="language model of programs")
    add("--characters", default="latest", metavar="RUN", help="model for characters alone")
    add("--models", type=Path, default=LINES_FOLDER, help="folder of text-line models")
    add("--character-models", type=Path, default=Path("models"), help="folder of character models")
    return parser


def main(args: argparse.Namespace) -> None:
    """Evaluate and print one JSON object."""
    path = find_reader(args.run, args.models)
    reader = Reader.load(path)
    if not reader.held_out:
        raise HandwritingError(f"the training of {path.stem} held out no writers.")
    finished = FinishedTrainings(
        FINISHED / "line_reading.json" if args.save else None,
        {"weights": sha256(path)[:12], "most": args.most, "written": args.written},
    )
    sets = {
        p.stem: finished.get(
            f"{p.stem} as {args.languages.get(p.stem, 'en')}", partial(measure, p, reader, args)
        )
        for p in args.data
    }
    result = {"run": path.stem, "held_out": reader.held_out, "sets": sets}
    report_measured(args, "line_reading.json", result)
    if args.save:
        plot(result, args.out / "line_reading.png", command_line())


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
