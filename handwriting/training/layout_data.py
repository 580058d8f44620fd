"""Training data of the layout network, and the held-out writers it is measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handwriting.datasets.layout_batches import (
    DrawnPages,
    LayoutSample,
    LayoutSource,
    as_grey,
    drawn_sample,
)
from handwriting.datasets.page_layouts import LayoutPage, load_layouts, writer_of
from handwriting.datasets.text import is_held_out, left_out
from handwriting.errors import HandwritingError
from handwriting.formats.annotated import AnnotatedPage
from handwriting.formats.ground_truth import annotated_pages
from handwriting.imaging.text_lines import TextLayout
from handwriting.synthesis.pages.composer import PageComposer
from handwriting.synthesis.pages.real_ink import real_ink
from handwriting.synthesis.pages.sources import PageSources

MEASURED = 80
"""Samples of held-out writers that are measured after each epoch."""


@dataclass(frozen=True)
class LayoutData:
    """Sources of training samples with their shares, and samples of held-out writers."""

    sources: list[tuple[LayoutSource, float]]
    measured: list[LayoutSample]


class ComposedPages:
    """A source of composed pages."""

    def __init__(self, composer: PageComposer) -> None:
        self.composer = composer

    def draw(self, rng: np.random.Generator) -> TextLayout:
        """A new page."""
        return self.composer.compose(rng)


def load_layout_data(
    folders: Sequence[str],
    held_out: float,
    composed: float,
    pens: str | None = None,
    fonts: str | None = None,
) -> LayoutData:
    """Load annotated pages and what pages are composed of.

    Args:
        folders: with ALTO or PAGE files; of few pages each one is shown more often.
        held_out: fraction of the writers to hold out, in 0..1.
        composed: share of composed pages, in 0..1.
        pens: folder of pen archives, or ``None``.
        fonts: folder of fonts that imitate handwriting, or ``None``.

    Raises:
        HandwritingError: a folder is missing or has no page, or a file is damaged.
    """
    sources: list[tuple[LayoutSource, float]] = []
    others: list[LayoutPage] = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise HandwritingError(f"--data {folder} is not a folder, or does not exist.")
        pages = list(load_layouts(folder))
        if not pages:
            raise HandwritingError(f"--data {folder} holds no page with an ALTO or PAGE file.")
        is_left_out = left_out(np.array([page.writer for page in pages]), held_out)
        own = [as_grey(p.layout) for p, out in zip(pages, is_left_out, strict=True) if not out]
        others += [page for page, out in zip(pages, is_left_out, strict=True) if out]
        if own:
            sources.append((DrawnPages(own), float(np.sqrt(len(own)))))
    if composed < 1 and not sources:
        raise HandwritingError("no writer is left for training. Make --held-out smaller.")
    total = sum(share for _, share in sources)
    sources = [(source, share / total * (1 - composed)) for source, share in sources]
    if composed > 0:
        ink = real_ink(_known_pages(folders, held_out))
        found = PageSources.load(pens and Path(pens), fonts and Path(fonts), ink, held_out)
        sources.append((ComposedPages(PageComposer(found)), composed))
    return LayoutData(sources, _measured(others))


def _known_pages(folders: Sequence[str], held_out: float) -> Iterator[tuple[Path, AnnotatedPage]]:
    """The pages whose writers are not held out."""
    for folder in map(Path, folders):
        yield from annotated_pages(
            folder, lambda image: not is_held_out(writer_of(image.stem), held_out)
        )


def _measured(pages: Sequence[LayoutPage]) -> list[LayoutSample]:
    rng = np.random.default_rng(0)
    if not pages:
        return []
    return [
        drawn_sample(as_grey(pages[int(rng.integers(len(pages)))].layout), rng)
        for _ in range(MEASURED)
    ]
