"""Samples of the layout network: the maps lie where the lines of the changed picture lie."""

import itertools

import cv2
import numpy as np
import pytest

from handwriting.datasets.layout_batches import (
    DrawnPages,
    LayoutBatches,
    as_grey,
    drawn_sample,
    sample_of,
)
from handwriting.datasets.page_layouts import load_layouts, writer_of
from handwriting.imaging.text_lines import HANDWRITING, PRINT, UNKNOWN, TextLayout, TextLine
from tests.support import shared_folder


def page_of_bars(kind: str = HANDWRITING) -> TextLayout:
    """Grey paper with five black bars, each a line."""
    picture = np.full((800, 600), 200, np.uint8)
    lines = []
    for y in range(100, 600, 100):
        picture[y - 10 : y + 10, 50:550] = 10
        points = np.stack((np.linspace(50, 550, 20), np.full(20, float(y))), axis=1)
        lines.append(TextLine(points, np.full(20, 20.0), kind))
    known = np.full_like(picture, 255)
    return TextLayout(picture, tuple(lines), np.zeros_like(picture), known)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 6, 7, 8])
def test_the_core_zone_lies_on_the_ink_however_the_picture_is_changed(seed):
    sample = drawn_sample(page_of_bars(), np.random.default_rng(seed), side=320)
    assert sample.picture.shape == (320, 320) and sample.core.shape == (80, 80)
    assert (sample.core > 250).sum() >= 20, "take another seed: this part shows no line"
    small = cv2.resize(sample.picture, (80, 80), interpolation=cv2.INTER_AREA).astype(float)
    near = cv2.dilate(sample.core, np.ones((7, 7))) > 0
    inside = np.median(small[sample.core > 250])
    beside = np.median(small[near & (sample.core == 0)])
    assert abs(inside - beside) > 10


def test_a_turned_sample_holds_the_maps_of_the_upright_one_turned():
    upright = sample_of(page_of_bars())
    layout = page_of_bars()
    turned = sample_of(
        TextLayout(np.rot90(layout.picture, -1), layout.lines, layout.rules, layout.known), 1
    )
    np.testing.assert_array_equal(np.rot90(turned.core), upright.core)
    np.testing.assert_array_equal(np.rot90(turned.height), upright.height)
    assert turned.core.shape == upright.core.shape[::-1]


def test_kinds_go_to_their_maps_and_unknown_lines_are_not_taught():
    drawn, printed, unknown = (sample_of(page_of_bars(k)) for k in (HANDWRITING, PRINT, UNKNOWN))
    assert drawn.core.any() and not drawn.printed.any() and drawn.known.all()
    assert printed.printed.any() and not printed.core.any()
    assert not unknown.core.any() and not unknown.known.all()
    assert np.median(drawn.height[drawn.core > 128]) == pytest.approx(np.log2(20 / 8))


def test_rules_are_taught_where_they_are_known_only():
    layout = page_of_bars()
    without = TextLayout(layout.picture, layout.lines, None, layout.known)
    assert sample_of(layout).rules_known.all()
    assert not sample_of(without).rules_known.any() and sample_of(without).known.all()


def test_an_epoch_depends_on_its_seed_and_number_alone():
    def pictures(workers: int, epoch: int) -> np.ndarray:
        batches = LayoutBatches([(DrawnPages([page_of_bars()]), 1.0)], 5, 2, 0, workers=workers)
        batches.set_epoch(epoch)
        return np.stack([sample.picture for batch in batches for sample in batch])

    np.testing.assert_array_equal(pictures(0, 1), pictures(1, 1))
    assert not np.array_equal(pictures(0, 1), pictures(0, 2))


def test_ranks_share_the_samples():
    def pictures(rank: int, ranks: int) -> list[bytes]:
        source = DrawnPages([page_of_bars()])
        batches = LayoutBatches([(source, 1.0)], 5, 2, 0, rank=rank, ranks=ranks, workers=0)
        return [sample.picture.tobytes() for batch in batches for sample in batch]

    assert sorted(pictures(0, 2) + pictures(1, 2)) == sorted(pictures(0, 1))


@pytest.mark.parametrize(
    ("stem", "writer"),
    [
        ("lettre_0042_1", "lettre_0042"),
        ("will-4", "will"),
        ("lettre_0042", "lettre_0042"),
        ("page", "page"),
    ],
)
def test_pages_of_one_writer_stay_together(stem, writer):
    assert writer_of(stem) == writer


def test_core_zones_of_scanned_pages_hold_most_of_the_ink_of_their_lines():
    folder = shared_folder("scanned_pages") / "copiste"
    for page in itertools.islice(load_layouts(folder), 3):
        layout = as_grey(page.layout)
        ink = 255 - layout.picture.astype(float)
        core, wide = np.zeros(ink.shape, np.uint8), np.zeros(ink.shape, np.uint8)
        for line in layout.lines:
            cv2.fillPoly(core, [np.round(line.outline()).astype(np.int32)], 1)
            cv2.fillPoly(wide, [np.round(line.outline(2, 1.5)).astype(np.int32)], 1)
        assert len(layout.lines) > 1 and layout.rules is None
        assert ink[core > 0].mean() > 1.5 * ink[(wide > 0) & (core == 0)].mean()
