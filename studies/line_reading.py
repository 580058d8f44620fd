"""Error rates of the text-line model on held-out writers, by style and ground.

    python -m studies.line_reading RUN --data ../shared/pen/words.npz ../shared/numbers …

Each set is evaluated on the writers (or photographs) held out of RUN's training, by greedy decoding
and with the language model. Pages include those whose lines the training could not separate and did
not use. Pen archives are also evaluated by style, and words on each ground of
`synthesis.grounds`. With an archive of characters, texts are composed of held-out writers'
characters; look-alikes (0 O o, 1 l I, …) are read in the line, and each alone by its shape.
--languages names the sets that are not English. With --save: line_reading.json and
line_reading.png.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from handwriting.cli import command_line, make_measuring_parser, report_measured, run_script
from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.photographed_text import has_words
from handwriting.datasets.stroke_augmentation import LINE_VARIATION
from handwriting.datasets.text import TextSet, left_out, line_strokes, load_pages, written
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_metrics import aligned, text_metrics
from handwriting.imaging.character import character_from_strokes
from handwriting.imaging.contrast import contrast_of
from handwriting.imaging.line import line_from_contrast, line_from_strokes
from handwriting.labels import CLASSES
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.language import LANGUAGE_FILE, PROGRAMS_FILE, LanguageModel
from handwriting.lines.languages import LANGUAGES, find_language
from handwriting.lines.options import named_decoder
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.known_lines import load_lines, unseen_pages
from handwriting.pages.layout import Layout, find_layout
from handwriting.pages.reading import PageReader
from handwriting.plots import BLUE, save_figure
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import find_run
from handwriting.synthesis.composition import CharacterPens
from handwriting.synthesis.grounds import GROUNDS
from handwriting.synthesis.invented_texts import invent
from handwriting.synthesis.writing import photograph_of
from studies.common import FIGURES, draw_paired_bars
from text_evaluation import evaluate_pages

LOOK_ALIKES = ("0Oo", "1lI", "5Ss", "2Zz", "Cc", "Kk", "Pp", "Uu", "Vv", "Ww", "Xx")
_NAMES = ("value", "count", "Box", "word", "Zoo", "class", "Pick", "Vow", "Sixes", "cook")


def figures(reader: Reader, data: TextSet, rows: np.ndarray, decoder: Decoder) -> dict[str, Any]:
    """Error rates of samples, overall and by style if styles are known."""
    texts = [reader.language.spelled(data.texts[row]) for row in rows]
    read = [line.text for line in reader.read([data.pictures[row] for row in rows], decoder)]

    def of(chosen: np.ndarray) -> dict[str, float]:
        return text_metrics([read[k] for k in chosen], [texts[k] for k in chosen])

    found: dict[str, Any] = of(np.arange(len(rows)))
    if data.styles is not None:
        styles = data.styles[rows]
        names = [str(style) for style in np.unique(styles) if len(style) > 1]
        found["styles"] = {name: of(np.flatnonzero(styles == name)) for name in names}
    return found


def by_ground(reader: Reader, archive: PenArchive, samples: np.ndarray) -> dict[str, float]:
    """CER of samples drawn plainly, and rendered on each ground with any of its media."""
    texts = [str(archive.text[sample]).strip() for sample in samples]
    found = {}
    for ground in ("strokes", *GROUNDS):
        rng = np.random.default_rng(0)
        pictures = []
        for sample in samples.tolist():
            strokes, _ = LINE_VARIATION(line_strokes(archive, sample), rng)
            if ground == "strokes":
                pictures.append(line_from_strokes(strokes))
            else:
                photograph = photograph_of(strokes, rng, ground)
                pictures.append(line_from_contrast(contrast_of(photograph)))
        read = [line.text for line in reader.read(pictures)]
        found[ground] = text_metrics(read, texts)["cer"]
    return found


def look_alikes(
    reader: Reader, recognizer: Recognizer, pens: CharacterPens, count: int
) -> dict[str, Any]:
    """Accuracy of characters in their line, and of each alone by its shape.

    Sizes and heights on the line come from `synthesis.composition`, because most providers of
    single characters recorded none.
    """
    rng = np.random.default_rng(0)
    texts = ["".join(filter(pens.can_write, invent(_NAMES, rng))).strip() for _ in range(count)]
    texts = [text for text in texts if text]
    composed = [pens.compose_each(text, rng) for text in texts]
    pictures = [line_from_strokes([s for part in parts for s in part]) for parts in composed]
    right: dict[str, dict[str, list[bool]]] = {n: defaultdict(list) for n in ("line", "alone")}
    for line, text in zip(reader.read(pictures), texts, strict=True):
        for character, read in aligned(line.text, text):
            right["line"][character].append(read == character)
    pairs = [
        (character, strokes)
        for text, parts in zip(texts, composed, strict=True)
        for character, strokes in zip(text, parts, strict=True)
        if character in CLASSES
    ]
    images = torch.from_numpy(np.stack([character_from_strokes(part).image for _, part in pairs]))
    best = recognizer.log_probs(images, "equal").argmax(axis=1)
    for (character, _), number in zip(pairs, best.tolist(), strict=True):
        right["alone"][character].append(CLASSES[number] == character)
    groups = {group: group for group in LOOK_ALIKES} | {"all 62 classes": "".join(CLASSES)}
    return {
        name: {way: _mean(right[way], group) for way in right}
        | {"characters": sum(len(right["alone"][character]) for character in group)}
        for name, group in groups.items()
    }


def _mean(right: dict[str, list[bool]], group: str) -> float | None:
    answers = [answer for character in group for answer in right[character]]
    return float(np.mean(answers)) if answers else None


def measure(
    path: Path, reader: Reader, fraction: float, args: argparse.Namespace
) -> dict[str, Any]:
    """All metrics of one set."""
    rng = np.random.default_rng(0)
    if path.is_file():
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[left_out(archive.writer[samples], fraction)]
        if np.char.str_len(archive.text[samples]).max(initial=0) == 1:
            recognizer = Recognizer.load(find_run(args.characters, args.character_models).weights)
            pens = CharacterPens(archive, samples)
            return {"look_alikes": look_alikes(reader, recognizer, pens, args.most or 1_500)}
    name = dict(args.languages).get(path.name, "en")
    reader = reader.for_language(find_language(name))
    file = args.language_model if name == "en" else None
    language = named_decoder("language", reader.language, file)
    has_table = (path / "text.csv").is_file() or has_words(path)
    if has_table and (pages := load_pages(path)):
        unseen = unseen_pages(*pages, reader.trained_pages)
        files, texts = (column[: args.most] for column in unseen)
        programs = BeamDecoder(LanguageModel.load(args.programs))
        ways = {"greedy": GREEDY, "language": language, "programs": programs}
        models = PageReader(reader, Layout.load(find_layout("latest")))
        return {n: evaluate_pages(models, files, texts, decoder) for n, decoder in ways.items()}
    data = load_lines(path, fraction)
    rows = np.flatnonzero(left_out(data.writers, fraction))
    rows = rng.permutation(rows)[: args.most or len(rows)]
    if not len(rows):
        raise HandwritingError(f"no writer of {path} was held out.")
    found: dict[str, Any] = {
        "read_as": name,
        "greedy": figures(reader, data, rows, GREEDY),
        "language": figures(reader, data, rows, language),
    }
    if path.is_file():
        found["grounds"] = by_ground(reader, archive, rng.permutation(samples)[: args.written])
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


def _set_and_language(value: str) -> tuple[str, str]:
    name, _, language = value.partition("=")
    if language not in LANGUAGES:
        raise argparse.ArgumentTypeError(f"{value!r} is not SET=LANGUAGE, as copiste=fr")
    return name, language


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, most=30, written=10)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="text-line model to evaluate")
    add("--data", nargs="+", type=Path, required=True, metavar="PATH", help="its training data")
    add(
        "--languages",
        nargs="*",
        type=_set_and_language,
        default=[],
        metavar="SET=LANGUAGE",
        help="languages of sets that are not English, as copiste=fr",
    )
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
    fraction = reader.held_out
    if not fraction:
        raise HandwritingError(f"the training of {path.stem} held out no writers.")
    sets = {p.stem: measure(p, reader, fraction, args) for p in args.data}
    result = {"run": path.stem, "held_out": fraction, "sets": sets}
    report_measured(args, "line_reading.json", result)
    if args.save:
        plot(result, args.out / "line_reading.png", command_line())


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
