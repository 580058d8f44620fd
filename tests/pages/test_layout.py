"""The layout network of a weights file: its maps of any picture, and what is no such file."""

import time

import numpy as np
import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.files import save_torch
from handwriting.imaging.text_lines import CELL
from handwriting.pages.layout import LAYOUT_FOLDER, Layout, find_layout
from handwriting.pages.layout_network import LAYOUT_KIND, LayoutNetwork
from tests.pages.drawn import draw_page, layout_of_page
from tests.pages.support import KnownLayout
from tests.support import PROJECT, random_weights


@pytest.fixture(scope="module")
def layout() -> Layout:
    """The weights that the project comes with."""
    return Layout.load(find_layout("latest", PROJECT / LAYOUT_FOLDER))


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return LayoutNetwork().state_dict()


@pytest.mark.parametrize("shape", [(1, 1), (20, 10_000), (10_000, 20), (3, 500), (700, 500)])
def test_a_picture_of_any_shape_has_finite_maps_in_no_time(layout, shape):
    colours = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    begun = time.perf_counter()
    maps, votes = layout.maps(colours)
    assert time.perf_counter() - begun < 4, "a long side makes no large input"
    for each in (maps.core, maps.printed, maps.rules):
        assert each.dtype == np.float32 and 0 <= each.min() <= each.max() <= 1
        assert np.abs(np.array(each.shape) * maps.step - shape).max() <= maps.step
    assert np.isfinite(maps.height).all() and maps.height.min() > 0
    assert votes.shape == (4,) and np.isfinite(votes).all() and votes.min() >= 0


def test_the_step_is_that_of_the_seen_picture(layout):
    colours = np.full((200, 400, 3), 230, np.uint8)
    assert layout.maps(colours, 800)[0].step == CELL * 400 / 800
    assert layout.maps(colours, 800)[0].core.shape == (100, 200)


def test_most_of_the_core_zones_of_a_page_are_found_and_its_direction(layout):
    maps, votes = layout.maps(draw_page("ruled"))
    known, _ = KnownLayout(layout_of_page("ruled")).maps(draw_page("ruled"))
    wanted = known.core > 0.9
    assert ((maps.core + maps.printed)[wanted] > 0.5).mean() > 0.7
    heights = maps.height[wanted & (maps.core + maps.printed > 0.5)]
    assert np.median(heights) == pytest.approx(np.median(known.height[wanted]), rel=0.4)
    assert votes[0] + votes[2] > votes[1] + votes[3]


def test_blank_paper_has_no_core_zone(layout):
    maps, votes = layout.maps(np.full((300, 400, 3), 225, np.uint8))
    assert maps.core.max() < 0.5 and maps.printed.max() < 0.5 and votes.sum() == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "other"}, "is not a layout network"),
        ({"kind": None}, "is not a layout network"),
        ({"weights": {"a": torch.tensor(torch.nan)}}, "not finite numbers"),
        ({"weights": {"a": "b"}}, "not finite numbers"),
        ({"weights": 7}, "not finite numbers"),
        ({"weights": {}}, "not finite numbers"),
        ({"weights": {"a": torch.tensor(1.0)}}, "is damaged"),
    ],
)
def test_other_files_are_refused_with_a_sentence(weights, tmp_path, changed, words):
    save_torch({"kind": LAYOUT_KIND, "weights": weights, **changed}, tmp_path / "bad.pt")
    with pytest.raises(HandwritingError, match=words):
        Layout.load(tmp_path / "bad.pt")


def test_weights_that_are_too_large_are_refused(weights, tmp_path):
    huge = {name: t * 1e20 if t.is_floating_point() else t for name, t in weights.items()}
    save_torch({"kind": LAYOUT_KIND, "weights": huge}, tmp_path / "huge.pt")
    with pytest.raises(HandwritingError, match="outputs are not finite"):
        Layout.load(tmp_path / "huge.pt")


def test_weights_of_other_widths_are_refused(tmp_path):
    narrow = LayoutNetwork((4, 4, 8, 8, 8, 8)).state_dict()
    save_torch({"kind": LAYOUT_KIND, "weights": narrow}, tmp_path / "narrow.pt")
    with pytest.raises(HandwritingError, match="is damaged"):
        Layout.load(tmp_path / "narrow.pt")


def test_a_character_model_and_junk_are_refused(tmp_path):
    with pytest.raises(HandwritingError, match="is not a layout network"):
        Layout.load(random_weights(tmp_path, "characters"))
    (tmp_path / "junk.pt").write_bytes(b"no weights")
    with pytest.raises(HandwritingError, match=r"junk\.pt"):
        Layout.load(tmp_path / "junk.pt")


def test_a_file_a_name_and_the_latest_run_are_found_and_another_is_named(weights, tmp_path):
    for name in ("layout_2026_March03_10_00", "layout_2026_January03_10_00"):
        save_torch({"kind": LAYOUT_KIND, "weights": weights}, tmp_path / f"{name}.pt")
    latest = tmp_path / "layout_2026_March03_10_00.pt"
    assert find_layout("latest", tmp_path) == find_layout(str(latest)) == latest
    with pytest.raises(HandwritingError, match=r"Weights in .*layout_2026_March03_10_00"):
        find_layout("other", tmp_path)
    with pytest.raises(HandwritingError, match=r"layout_training\.py"):
        find_layout("latest", tmp_path / "empty")
