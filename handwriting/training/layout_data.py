"""Training data of the layout network, and the held-out writers it is measured on."""

from collections.abc import Sequence
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
from handwriting.datasets.page_layouts import LayoutPage, load_layouts
from handwriting.datasets.text import left_out
from handwriting.errors import HandwritingError

MEASURED = 80
"""Samples of held-out writers that are measured after each epoch."""


@dataclass(frozen=True)
class LayoutData:
    """Sources of training samples with their shares, and samples of held-out writers."""

    sources: list[tuple[LayoutSource, float]]
    measured: list[LayoutSample]


def load_layout_data(
    folders: Sequence[str], held_out: float, composed: float, composer: LayoutSource | None
) -> LayoutData:
    """Load annotated pages.

    Args:
        folders: with ALTO or PAGE files; each has the same share of the samples.
        held_out: fraction of the writers to hold out, in 0..1.
        composed: share of composed pages, in 0..1.
        composer: of pages, or ``None``.

    Raises:
        HandwritingError: a folder has no page, or a file is damaged.
    """
    sources: list[tuple[LayoutSource, float]] = []
    others: list[LayoutPage] = []
    for folder in map(Path, folders):
        pages = list(load_layouts(folder))
        if not pages:
            raise HandwritingError(f"--data {folder} holds no page with an ALTO or PAGE file.")
        is_left_out = left_out(np.array([page.writer for page in pages]), held_out)
        own = [as_grey(p.layout) for p, out in zip(pages, is_left_out, strict=True) if not out]
        others += [page for page, out in zip(pages, is_left_out, strict=True) if out]
        if own:
            # Few pages are soon known by heart.
            sources.append((DrawnPages(own), float(np.sqrt(len(own)))))
    total = sum(share for _, share in sources)
    if composer is not None and composed > 0:
        sources = [(source, share / total * (1 - composed)) for source, share in sources]
        sources.append((composer, composed))
    if not sources:
        raise HandwritingError("no writer is left for training. Make --held-out smaller.")
    return LayoutData(sources, _measured(others))


def _measured(pages: Sequence[LayoutPage]) -> list[LayoutSample]:
    rng = np.random.default_rng(0)
    if not pages:
        return []
    return [
        drawn_sample(as_grey(pages[int(rng.integers(len(pages)))].layout), rng)
        for _ in range(MEASURED)
    ]
