"""The study of pages photographed askew: the views are what they are called, all are measured."""

import csv

import numpy as np
import pytest
from PIL import Image

from studies import page_views
from studies.page_views import VIEWS, askew, from_aside
from tests.benchmarks.support import run_quick
from tests.pages.drawn import TEXT, draw_page


@pytest.fixture
def marked() -> np.ndarray:
    """uint8 (200, 300, 3): paper with a dark square in each corner."""
    page = np.full((200, 300, 3), 220, dtype=np.uint8)
    for rows in (slice(0, 20), slice(180, 200)):
        for columns in (slice(0, 20), slice(280, 300)):
            page[rows, columns] = 20
    return page


def test_a_view_cuts_nothing_off_and_leaves_the_paper_around(marked):
    for seen in (askew(marked, 15), from_aside(marked, 20, 0), from_aside(marked, -20, 1)):
        assert 0.6 * 1600 < (seen[:, :, 0] < 120).sum() < 1.6 * 1600
        assert np.median(seen) == 220


def test_turned_against_the_clock_the_right_side_rises(marked):
    marked[:, :150] = 220
    rows = np.nonzero(askew(marked, 15)[:100, :, 0] < 120)[0]
    assert rows.max() < 60


@pytest.mark.parametrize(
    ("side", "axis", "half"), [("left", 1, 0), ("right", 1, 1), ("above", 0, 0), ("below", 0, 1)]
)
def test_the_side_that_the_camera_is_on_is_the_larger_one(marked, side, axis, half):
    dark = VIEWS[f"from 20 {side}"](marked)[:, :, 0] < 120
    halves = np.array_split(dark, 2, axis=axis)
    assert int(np.argmax([part.sum() for part in halves])) == half


def test_a_quick_run_measures_every_view(readers, tmp_path):
    Image.fromarray(draw_page()).save(tmp_path / "page.png")
    with (tmp_path / "text.csv").open("w", newline="") as table:
        csv.writer(table).writerows([("file", "text"), ("page.png", "\n".join(TEXT))])
    out = tmp_path / "figures"
    out.mkdir()
    found = run_quick(page_views, out, tmp_path, "--models", readers)["page_views.json"]
    assert found["pages"] == 1
    assert all(set(found[view]) == {"cer", "cer_alphanumeric"} for view in VIEWS)
