"""Kinds of pictures, composed and read."""

import numpy as np
import pytest

from benchmarks.other_readers import Pictures
from handwriting.evaluation.layout_metrics import contained
from handwriting.synthesis.pages.sources import PageSources
from studies import layout_kinds
from tests.benchmarks.support import committed, read_here, run_quick
from tests.support import random_reader, shared_folder

FEW = ("letter", "on its side", "upside down", "on dark cloth", "empty")


@pytest.fixture(scope="module")
def sources() -> PageSources:
    return layout_kinds.held_out_sources(shared_folder("pen"), None, 0.02)


@pytest.fixture(scope="module")
def composed(sources, tmp_path_factory) -> dict[str, Pictures]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout_kinds, "KINDS", {name: layout_kinds.KINDS[name] for name in FEW})
        return layout_kinds.compose(sources, 1, tmp_path_factory.mktemp("kinds"))


@pytest.mark.slow
def test_each_line_of_a_composed_picture_has_its_place_on_it(composed):
    assert list(composed) == list(FEW)
    for kind, pictures in composed.items():
        (page,) = pictures.pages
        counting = [line for line in page.lines if line.counts]
        assert "\n".join(line.text for line in counting) == pictures.texts[0]
        assert bool(counting) == (kind != "empty")
        for line in counting:
            assert contained(line.polygons[0], line.spine).mean() > 0.9


@pytest.mark.slow
def test_turned_lines_run_as_the_picture_is_turned(composed):
    def direction(kind: str) -> np.ndarray:
        lines = [line for line in composed[kind].pages[0].lines if line.counts]
        ways = [line.spine[-1] - line.spine[0] for line in lines if len(line.text) > 4]
        return np.mean([way / np.linalg.norm(way) for way in ways], axis=0)

    assert direction("letter")[0] > 0.9
    assert direction("on its side")[1] < -0.9
    assert direction("upside down")[0] < -0.9


@pytest.mark.slow
def test_each_kind_is_measured(sources, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    random_reader(tmp_path, "lines")
    few = {name: layout_kinds.KINDS[name] for name in ("canvas", "empty")}
    then = {"read_by": read_here, "KINDS": few, "held_out_sources": lambda *_: sources}
    arguments = ("lines", "--models", tmp_path, "--pens", tmp_path)
    (result,) = run_quick(layout_kinds, empty, *arguments, then=then).values()
    assert list(result) == list(committed("studies/layout_kinds.json"))
    assert set(result["kinds"]) == set(few) and result["kinds"]["canvas"]["words"] > 0
    layout_kinds.plot(result["kinds"], tmp_path / "plot.png", "python")
    assert (tmp_path / "plot.png").stat().st_size > 1000
