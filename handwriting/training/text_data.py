"""Training data of the text-line model, and the held-out writers it is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.photographed_text import (
    PhotographedText,
    has_words,
    load_photographed,
)
from handwriting.datasets.prepared import is_prepared, load_images, load_split
from handwriting.datasets.text import left_out, line_strokes, load_pages, written
from handwriting.datasets.text_batches import BalancedSources, JoinedSources, TextSource
from handwriting.errors import HandwritingError
from handwriting.formats.ground_truth import annotation_files
from handwriting.imaging.line import cut_line, line_from_contrast, line_from_strokes
from handwriting.labels import NUM_CLASSES
from handwriting.pages.known_lines import lines_of_pages
from handwriting.pages.layout import layout_of_project
from handwriting.synthesis.composition import CharacterPens
from handwriting.synthesis.font_lines import FontLines, load_fonts
from handwriting.synthesis.pages.hands import Typeface
from handwriting.synthesis.picture_composition import CharacterPictures
from handwriting.synthesis.text_sources import (
    ComposedCharacters,
    ComposedPictures,
    Hand,
    JoinedWords,
    PenSource,
    PictureSource,
)
from handwriting.training.page_lines import has_room, load_page_lines
from handwriting.training.text_run import TextSettings

MEASURED = 800
"""Held-out samples of each path that are read after each epoch, at most."""

LONGEST_TEXT = 100
"""Most characters of a training sample; longer ones are whole paragraphs."""

JOINED, COMPOSED = 1 / 20, 1 / 5
"""Composed lines per word, and composed texts per character, in an epoch."""

CAPITALS_REPEATS = 3
"""Repeats of a word in capitals in an epoch. In UNIPEN, one word in 29 is in capitals; of the
printed words, one in six."""

COMPOSED_PICTURES = 10_000
"""Texts composed of EMNIST images in an epoch."""

REPEATS, PAGE_REPEATS, CUT_REPEATS = 6, 16, 3
"""Repeats of a photographed word, of a line of a page, and of a cut of an annotated line, in an
epoch. Each repeat is augmented."""

FONT_LINES = 10_000
"""Lines in fonts in an epoch."""

_PROBES = 50

_WORDS = ("main", "number", "result", "value", "name", "total", "index", "item", "list", "user")


@dataclass(frozen=True)
class Measured:
    """Samples of held-out writers.

    Attributes:
        name: of the source path.
        pictures: uint8 (40, width) each.
        texts: the true texts.
    """

    name: str
    pictures: list[np.ndarray]
    texts: list[str]


@dataclass(frozen=True)
class TextData:
    """Training and held-out samples of the text-line model.

    Attributes:
        sources: training samples.
        measured: samples of held-out writers.
        pages: names of the photographed pages in the training set.
        lines: different samples, without repeats.
    """

    sources: TextSource
    measured: list[Measured]
    pages: list[str]
    lines: int


def load_sources(settings: TextSettings) -> TextData:
    """Load training samples, and samples of held-out writers.

    ``settings.data`` are pen archives of words, lines or characters, folders of photographs, of
    ALTO or PAGE files or of fonts, and EMNIST as prepared by stages 1 and 2.

    Raises:
        HandwritingError: a path is none of these, or no writer is left to train on.
    """
    found = _Sources(settings)
    for path in map(Path, settings.data):
        found.add(path)
    found.add_composed()
    sources = [source for source in found.sources if len(source)]
    if not sources:
        raise HandwritingError("no line is left for training. Make --held-out smaller.")
    joined: TextSource = JoinedSources(sources)
    if settings.samples:
        joined = BalancedSources(sources, [_weight(source) for source in sources], settings.samples)
    return TextData(joined, found.measured, found.pages, sum(map(_different, sources)))


def _different(source: TextSource) -> int:
    return len(set(source.texts)) if isinstance(source, PictureSource) else len(source)


def _weight(source: TextSource) -> float:
    """Weight of a source, by which it has a part of all characters that grows with the square root
    of its own characters."""
    rng = np.random.default_rng(0)
    numbers = rng.integers(len(source), size=_PROBES).tolist()
    length = np.mean([len(source.draw(number, rng).text) for number in numbers])
    return float(np.sqrt(len(source) / length))


class _Sources:
    """What the paths of a training hold."""

    def __init__(self, settings: TextSettings) -> None:
        self.held_out = settings.held_out
        self.photographed = settings.photographed
        self.hand = Hand(settings.photographed)
        self.sources: list[TextSource] = []
        self.measured: list[Measured] = []
        self.pages: list[str] = []
        self.texts: list[str] = []
        self.characters: list[tuple[PenArchive, np.ndarray]] = []
        self.pictures: list[CharacterPictures] = []
        self.fonts: list[Typeface] = []

    def add(self, path: Path) -> None:
        """Add one path."""
        if is_prepared(path):
            self.pictures.append(_emnist(path))
        elif path.is_dir() and any(path.glob("*.ttf")):
            self.fonts += load_fonts(path)
        elif path.is_dir() and not _has_table(path) and annotation_files(path):
            self._add_annotated(path)
        elif path.is_dir():
            self._add_photographs(path)
        else:
            self._add_pens(path)

    def add_composed(self) -> None:
        """Add lines composed of characters and in fonts, of the words and texts of the others."""
        names = [text for text in self.texts if _is_word(text)] or list(_WORDS)
        for archive, own in self.characters:
            pens = CharacterPens(archive, own)
            self.sources.append(ComposedCharacters(pens, names, round(COMPOSED * len(own))))
        for each in self.pictures:
            composed = ComposedPictures(each, names, COMPOSED_PICTURES, self.photographed)
            self.sources.append(composed)
        if self.fonts:
            texts = self.texts or list(_WORDS)
            self.sources.append(FontLines(self.fonts, texts, FONT_LINES, self.photographed))

    def _add_pens(self, path: Path) -> None:
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[np.char.str_len(archive.text[samples]) <= LONGEST_TEXT]
        is_left_out = left_out(archive.writer, self.held_out)[samples]
        own, others = samples[~is_left_out], samples[is_left_out]
        if np.char.str_len(archive.text[samples]).max(initial=0) == 1:
            self.characters.append((archive, own))
            return
        texts = archive.text[own].tolist()
        self.sources.append(PenSource(archive, _capitals_repeated(own, texts), self.hand))
        self.texts += texts
        if not any(" " in text for text in texts):
            count = round(JOINED * len(own))
            self.sources.append(JoinedWords(archive, own, count, self.hand))
        self.measured += _measured_pens(path.stem, archive, others)

    def _add_photographs(self, path: Path) -> None:
        pages = load_pages(path)
        data = _lines_of(*pages) if pages else load_photographed(path, variants=True)
        pictures = map(line_from_contrast, data.contrasts)
        room = [has_room(*pair) for pair in zip(pictures, data.texts, strict=True)]
        if not all(room):
            print(f"{path}: {room.count(False)} texts are too long for their images: left aside")
            data = data.subset(np.flatnonzero(room))
        is_left_out = left_out(data.groups, self.held_out)
        own = data.subset(np.flatnonzero(~is_left_out))
        repeats = PAGE_REPEATS if pages else REPEATS
        is_exact = not all(map(str.isascii, data.texts))
        self.sources.append(PictureSource(own.contrasts, own.texts, repeats, is_exact=is_exact))
        self.texts += own.texts if is_exact else []
        others = data.subset(_chosen(np.flatnonzero(is_left_out)))
        self._measure(path.name, [line_from_contrast(c) for c in others.contrasts], others.texts)
        self.pages += np.unique(own.groups).tolist() if pages else []

    def _add_annotated(self, path: Path) -> None:
        data = load_page_lines(path, layout_of_project())
        is_left_out = left_out(data.writers, self.held_out)
        own = data.subset(np.flatnonzero(~is_left_out).tolist())
        is_exact = not all(map(str.isascii, data.texts))
        boxes = dict(enumerate(own.boxes))
        source = PictureSource(own.contrasts, own.texts, CUT_REPEATS, boxes, is_exact)
        self.sources.append(source)
        self.texts += sorted(set(own.texts))
        others = data.subset(_chosen(np.flatnonzero(is_left_out)).tolist())
        cuts = zip(others.contrasts, others.boxes, strict=True)
        self._measure(path.name, [cut_line(*each) for each in cuts], others.texts)
        print(f"{path}: {len(data.texts)} cuts of lines; {data.skipped} lines are left aside")

    def _measure(self, name: str, pictures: list[np.ndarray], texts: list[str]) -> None:
        if pictures:
            self.measured.append(Measured(name, pictures, texts))


def _has_table(folder: Path) -> bool:
    return (folder / "text.csv").is_file() or has_words(folder)


def _emnist(folder: Path) -> CharacterPictures:
    """EMNIST's training images with exact labels.

    Raises:
        HandwritingError: there are none.
    """
    data = load_images(folder, "train").subset(load_split(folder)["train"])
    data = data.subset(data.labels < NUM_CLASSES)
    if not len(data):
        raise HandwritingError(f"{folder} holds no training image with an exact label.")
    return CharacterPictures(data.images.numpy(), data.labels.numpy())


def _is_word(text: str) -> bool:
    return len(text) > 1 and text.isalpha()


def _capitals_repeated(samples: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """The samples, with words in capitals repeated `CAPITALS_REPEATS` times."""
    in_capitals = [_is_word(text) and text.isupper() for text in texts]
    return np.repeat(samples, np.where(in_capitals, CAPITALS_REPEATS, 1))


def _chosen(samples: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).permutation(samples)[:MEASURED]


def _measured_pens(name: str, archive: PenArchive, samples: np.ndarray) -> list[Measured]:
    chosen = _chosen(samples).tolist()
    pictures = [line_from_strokes(line_strokes(archive, sample)) for sample in chosen]
    texts = [str(archive.text[sample]).strip() for sample in chosen]
    return [Measured(name, pictures, texts)] if chosen else []


def _lines_of(files: list[Path], texts: list[str]) -> PhotographedText:
    return lines_of_pages(files, texts, layout_of_project())
