"""Training data of the text-line model, and the held-out writers it is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handwriting import PROJECT
from handwriting.datasets.pen import PenArchive, load_pen
from handwriting.datasets.photographed_text import PhotographedText, load_photographed
from handwriting.datasets.prepared import is_prepared, load_images, load_split
from handwriting.datasets.text import left_out, line_strokes, load_pages, written
from handwriting.datasets.text_batches import JoinedSources, TextSource
from handwriting.errors import HandwritingError
from handwriting.imaging.line import line_from_contrast, line_from_strokes
from handwriting.labels import NUM_CLASSES
from handwriting.pages.known_lines import lines_of_pages
from handwriting.pages.layout import LAYOUT_FOLDER, Layout, find_layout
from handwriting.synthesis.composition import CharacterPens
from handwriting.synthesis.picture_composition import CharacterPictures
from handwriting.synthesis.text_sources import (
    ComposedCharacters,
    ComposedPictures,
    Hand,
    JoinedWords,
    PenSource,
    PictureSource,
)

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

REPEATS, PAGE_REPEATS = 3, 16
"""Repeats of a photographed word, and of a line of a page, in an epoch. Each repeat is
augmented."""

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
    """

    sources: JoinedSources
    measured: list[Measured]
    pages: list[str]


def load_sources(paths: Sequence[str], held_out: float, photographed: float) -> TextData:
    """Load training samples, and samples of held-out writers.

    Args:
        paths: pen archives of words, lines or characters, folders of photographs, and EMNIST as
            prepared by stages 1 and 2.
        held_out: fraction of the writers held out, in 0..1.
        photographed: probability that pen strokes are rendered as a photograph.

    Raises:
        HandwritingError: a path is none of these, or no writer is left to train on.
    """
    sources: list[TextSource] = []
    measured: list[Measured] = []
    pages: list[str] = []
    characters: list[tuple[PenArchive, np.ndarray]] = []
    words: list[str] = []
    pictures: list[CharacterPictures] = []
    hand = Hand(photographed)
    for path in map(Path, paths):
        if is_prepared(path):
            pictures.append(_emnist(path))
            continue
        if path.is_dir():
            source, others, own_pages = _folder(path, held_out)
            sources.append(source)
            measured += others
            pages += own_pages
            continue
        archive = load_pen(path)
        samples = written(archive)
        samples = samples[np.char.str_len(archive.text[samples]) <= LONGEST_TEXT]
        is_left_out = left_out(archive.writer, held_out)[samples]
        own, others = samples[~is_left_out], samples[is_left_out]
        if np.char.str_len(archive.text[samples]).max(initial=0) == 1:
            characters.append((archive, own))
            continue
        texts = archive.text[own].tolist()
        sources.append(PenSource(archive, _capitals_repeated(own, texts), hand))
        words += filter(_is_word, texts)
        if not any(" " in text for text in texts):
            sources.append(JoinedWords(archive, own, round(JOINED * len(own)), hand))
        measured += _measured_pens(path.stem, archive, others)
    names = words or list(_WORDS)
    for archive, own in characters:
        pens = CharacterPens(archive, own)
        count = round(COMPOSED * len(own))
        sources.append(ComposedCharacters(pens, names, count))
    for each in pictures:
        sources.append(ComposedPictures(each, names, COMPOSED_PICTURES, photographed))
    if not any(len(source) for source in sources):
        raise HandwritingError("no writer is left for training. Make --held-out smaller.")
    return TextData(JoinedSources(sources), measured, pages)


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
    return lines_of_pages(files, texts, Layout.load(find_layout("latest", PROJECT / LAYOUT_FOLDER)))


def _folder(path: Path, held_out: float) -> tuple[PictureSource, list[Measured], list[str]]:
    """Photographs for training and for measuring, and the names of the training pages."""
    pages = load_pages(path)
    data = _lines_of(*pages) if pages else load_photographed(path, variants=True)
    is_left_out = left_out(data.groups, held_out)
    own = data.subset(np.flatnonzero(~is_left_out))
    source = PictureSource(own.contrasts, own.texts, PAGE_REPEATS if pages else REPEATS)
    others = data.subset(_chosen(np.flatnonzero(is_left_out)))
    pictures = [line_from_contrast(contrast) for contrast in others.contrasts]
    measured = [Measured(path.name, pictures, others.texts)] if pictures else []
    return source, measured, np.unique(own.groups).tolist() if pages else []
