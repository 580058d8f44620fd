"""Kinds of pictures with writing, composed: what is found and read on each.

    python -m studies.layout_kinds --pens ../shared/pen --fonts ../shared/fonts

Pictures of each of KINDS are composed of held-out writers' strokes and of fonts, and read as pages.
F1 is that of words, and a line is found, as `handwriting.evaluation.layout_metrics` says; print is
left aside. With --save: layout_kinds.json and its plot, layout_kinds.png.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from benchmarks.other_readers import Pictures, figures, read_by
from handwriting.cli import command_line, make_measuring_parser, report_measured, run_script
from handwriting.datasets.annotated_pages import PlacedLine, PlacedPage, placed_line
from handwriting.datasets.pen import load_pen
from handwriting.datasets.text import left_out, written
from handwriting.errors import HandwritingError
from handwriting.imaging.text_lines import TextLayout
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.plots import save_figure
from handwriting.synthesis.composition import CharacterPens
from handwriting.synthesis.pages import letters, marks, surfaces
from handwriting.synthesis.pages.camera import scanned
from handwriting.synthesis.pages.composer import SCENES, PageComposer
from handwriting.synthesis.pages.desk import Desk
from handwriting.synthesis.pages.hands import NormalisedWords, Typeface
from handwriting.synthesis.pages.sheet import Sheet
from handwriting.synthesis.pages.sources import PageSources
from studies.common import FIGURES, draw_paired_bars

Kind = Callable[[PageComposer, np.random.Generator], TextLayout]

_SHAPE = (1000, 720)
_ATTEMPTS = 5
_BROWN, _DARK = (150, 105, 65), (40, 42, 48)


def _letter(
    composer: PageComposer,
    rng: np.random.Generator,
    mark: Callable[[Sheet, Desk], None] = lambda *_: None,
) -> TextLayout:
    """A scanned page of running text with a mark on it."""
    desk = Desk(rng, composer.sources, _SHAPE)
    sheet = letters.letter(desk)
    mark(sheet, desk)
    return scanned(sheet.finished(rng), rng)


def _margin(sheet: Sheet, desk: Desk) -> None:
    marks.margin_line(sheet, desk, 0.12 * sheet.shape[1])


def _back(sheet: Sheet, desk: Desk) -> None:
    core = sheet.pens[0].core
    back = desk.paper(core)
    letters.page_of(back, desk, desk.sources.hand(desk.rng), core)
    marks.show_through(sheet, back.pens[-1].cover, desk)


def _on(
    surface: Callable[..., np.ndarray],
    colour: tuple[int, int, int],
    composer: PageComposer,
    rng: np.random.Generator,
) -> TextLayout:
    """A page in the middle of a table, with a fifth of its size around it."""
    layout = _letter(composer, rng)
    rows, columns = layout.picture.shape[:2]
    down, right = rows // 5, columns // 5
    table = surface((rows + 2 * down, columns + 2 * right), np.float32(colour), rng)
    picture = np.clip(table, 0, 255).astype(np.uint8)
    picture[down : down + rows, right : right + columns] = layout.picture
    moved = [replace(line, points=np.add(line.points, (right, down))) for line in layout.lines]
    return replace(layout, picture=picture, lines=tuple(moved))


def _turned(quarters: int, composer: PageComposer, rng: np.random.Generator) -> TextLayout:
    """A page turned counter-clockwise by quarters of a circle."""
    layout = _letter(composer, rng)
    for _ in range(quarters):
        matrix = np.array([[0, 1, 0], [-1, 0, layout.picture.shape[1] - 1], [0, 0, 1.0]])
        lines = tuple(line.moved(matrix) for line in layout.lines)
        layout = replace(layout, picture=np.rot90(layout.picture), lines=lines)
    return layout


def _inverted(composer: PageComposer, rng: np.random.Generator) -> TextLayout:
    layout = _letter(composer, rng)
    return replace(layout, picture=255 - layout.picture)


def _alone(is_letter: bool, composer: PageComposer, rng: np.random.Generator) -> TextLayout:
    while True:
        layout = composer.compose_scene("alone", rng)
        if len(layout.lines) == 1 and (len(layout.lines[0].text) == 1) == is_letter:
            return layout


KINDS: dict[str, Kind] = {
    **{name: partial(PageComposer.compose_scene, name=name) for name in SCENES if name != "alone"},
    "a word or number alone": partial(_alone, False),
    "a character alone": partial(_alone, True),
    "a margin line": partial(_letter, mark=_margin),
    "the back shows through": partial(_letter, mark=_back),
    "on a wooden table": partial(_on, surfaces.wood, _BROWN),
    "on dark cloth": partial(_on, surfaces.cloth, _DARK),
    "light on dark": _inverted,
    "on its side": partial(_turned, 1),
    "upside down": partial(_turned, 2),
}
"""Pictures by kind: the scenes of `handwriting.synthesis.pages.composer`, and conditions."""


def held_out_sources(pens: Path, fonts: Path | None, fraction: float) -> PageSources:
    """Strokes of the writers that the text-line model's training held out, and fonts.

    Raises:
        HandwritingError: there are no such strokes.
    """
    words, characters = [], None
    for path in sorted(pens.glob("*.npz")):
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[left_out(archive.writer[samples], fraction)]
        if path.stem == "characters":
            single = samples[np.isin(samples, archive.characters())]
            characters = CharacterPens(archive, single) if len(single) else None
        elif len(samples):
            words.append(NormalisedWords(archive, samples))
    if not words:
        raise HandwritingError(f"{pens} holds no words of held-out writers.")
    faces = [Typeface.read(path) for path in sorted(fonts.glob("*.ttf"))] if fonts else []
    return PageSources(words, characters, faces)


def compose(sources: PageSources, pictures: int, folder: Path) -> dict[str, Pictures]:
    """Write pictures of all kinds to a folder; the same sources give the same pictures."""
    composer, made = PageComposer(sources), {}
    for number, (kind, make) in enumerate(KINDS.items()):
        pages = []
        for count in range(pictures):
            layout, lines = _with_text(partial(make, composer), (number, count))
            file = folder / f"{number}_{count}.png"
            Image.fromarray(np.ascontiguousarray(layout.picture)).save(file)
            pages.append(PlacedPage(file, lines, file.stem))
        texts = ["\n".join(line.text for line in p.lines if line.counts) for p in pages]
        made[kind] = Pictures("page", [page.file for page in pages], texts, pages)
    return made


def _with_text(
    make: Callable[..., TextLayout], seed: tuple[int, ...]
) -> tuple[TextLayout, tuple[PlacedLine, ...]]:
    """A picture and its lines; of a few the first with handwriting, if there is one."""
    for attempt in range(_ATTEMPTS):
        layout = make(rng=np.random.default_rng((*seed, attempt)))
        lines = tuple(map(placed_line, layout.lines))
        if any(line.counts for line in lines):
            break
    return layout, lines


def measure(kinds: dict[str, Pictures], weights: Path, scratch: Path) -> dict[str, dict[str, Any]]:
    """Figures of each kind."""
    files = [file for pictures in kinds.values() for file in pictures.files]
    answer = read_by("greedy", Pictures("page", files, []), "en", weights, scratch)
    found, pictures_read = {}, iter(answer["pictures"])
    for kind, pictures in kinds.items():
        own = [next(pictures_read) for _ in pictures.files]
        found[kind] = figures(pictures, answer | {"pictures": own})
        found[kind]["words_read"] = sum(len(line) for each in own for line in each["lines"])
    return found


def plot(found: dict[str, dict[str, Any]], path: Path, command: str) -> None:
    """Draw F1 and the share of lines found of each kind."""
    figure, axes = plt.subplots(figsize=(7, 8), layout="constrained")
    series = {
        title: [figures_of.get(name, 0.0) for figures_of in found.values()]
        for name, title in (("f1", "F1 of words"), ("lines_found", "share of lines found"))
    }
    draw_paired_bars(axes, list(found), series)
    save_figure(figure, path, command)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, pictures=1)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="text-line model that reads")
    add("--pens", type=Path, required=True, metavar="FOLDER", help="folder of pen archives")
    add("--fonts", type=Path, default=None, metavar="FOLDER", help="folder of handwriting fonts")
    add("--pictures", type=int, default=10, help="pictures per kind")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Compose, read, and print one JSON object."""
    weights = find_reader(args.run, args.models)
    sources = held_out_sources(args.pens, args.fonts, Reader.load(weights).held_out)
    with tempfile.TemporaryDirectory() as folder:
        kinds = compose(sources, args.pictures, Path(folder))
        found = measure(kinds, weights, Path(folder))
    report_measured(
        args, "layout_kinds.json", {"run": weights.stem, "pictures": args.pictures, "kinds": found}
    )
    if args.save:
        plot(found, args.out / "layout_kinds.png", command_line())


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
