"""Composed pages: their truth lies on their ink, whatever is done to them."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from handwriting.errors import HandwritingError
from handwriting.formats.ground_truth import annotated_pages
from handwriting.imaging.text_lines import HANDWRITING, PRINT, TextLayout, TextLine
from handwriting.synthesis.pages import PageComposer, PageSources
from handwriting.synthesis.pages.__main__ import get_args_parser, main
from handwriting.synthesis.pages.camera import Curl, photographed, scanned
from handwriting.synthesis.pages.clipping import inside
from handwriting.synthesis.pages.composer import LONGEST, SCENES, SHORTEST
from handwriting.synthesis.pages.desk import Desk
from handwriting.synthesis.pages.hands import Typeface
from handwriting.synthesis.pages.real_ink import real_ink
from tests.support import shared_folder

PLAIN = PageSources()
"""Sources without any data."""


@pytest.fixture(scope="module")
def real() -> PageSources:
    """Sources of real strokes, fonts and ink."""
    scans = islice(annotated_pages(shared_folder("scanned_pages") / "copiste"), 2)
    return PageSources.load(shared_folder("pen"), shared_folder("fonts"), real_ink(scans))


def zones(layout: TextLayout, above: float = 0.5, below: float = 0.5) -> np.ndarray:
    """bool (rows, columns): the core zones, or more than those."""
    mask = np.zeros(layout.rules.shape, dtype=np.uint8)
    for line in layout.lines:
        cv2.fillPoly(mask, [np.round(line.outline(above, below)).astype(np.int32)], 255)
    return mask > 0


def sheet_of_writing(sources: PageSources, seed: int) -> TextLayout:
    """A letter as it is written, neither scanned nor photographed."""
    rng = np.random.default_rng(seed)
    scene, _ = SCENES["letter"]
    return scene(Desk(rng, sources, (900, 700))).finished(rng)


def difference(layout: TextLayout) -> float:
    """How far the pixels of core zones differ from what is around them, in levels."""
    grey = cv2.cvtColor(layout.picture, cv2.COLOR_RGB2GRAY).astype(float)
    paper = cv2.medianBlur(cv2.cvtColor(layout.picture, cv2.COLOR_RGB2GRAY), 51)
    ink = np.abs(grey - paper)
    core = zones(layout)
    around = zones(layout, 3, 3) & ~zones(layout, 1.8, 1.2)
    return float(ink[core].mean() - ink[around].mean())


@pytest.mark.parametrize("name", list(SCENES))
def test_every_scene_gives_a_sound_page(name: str):
    composer = PageComposer(PLAIN)
    for seed in range(4):
        layout = composer.compose_scene(name, np.random.default_rng(seed))
        rows, columns = layout.rules.shape
        assert layout.picture.shape == (rows, columns, 3) and layout.picture.dtype == np.uint8
        assert layout.rules.dtype == layout.known.dtype == np.uint8
        assert layout.known.shape == (rows, columns)
        assert SHORTEST <= max(rows, columns) <= LONGEST
        for line in layout.lines:
            assert line.kind in (HANDWRITING, PRINT)
            assert len(line.points) == len(line.heights) >= 2
            assert (line.heights > 1).all() and np.isfinite(line.points).all()
            assert (line.points >= 0).all() and (line.points <= (columns, rows)).all()


def test_with_real_sources_every_scene_runs(real: PageSources):
    composer = PageComposer(real)
    for name in SCENES:
        composer.compose_scene(name, np.random.default_rng(5))


def test_the_same_seed_gives_the_same_bytes(real: PageSources):
    first, second = (
        [PageComposer(real).compose(np.random.default_rng(seed)) for seed in range(6)]
        for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        assert (one.picture == other.picture).all() and (one.rules == other.rules).all()
        assert [line.text for line in one.lines] == [line.text for line in other.lines]
        for line, same in zip(one.lines, other.lines, strict=True):
            assert (line.points == same.points).all()


def test_most_pages_have_handwriting_and_some_have_print(real: PageSources):
    composer = PageComposer(real)
    pages = [composer.compose(np.random.default_rng((2, seed))) for seed in range(30)]
    kinds = [{line.kind for line in page.lines} for page in pages]
    assert sum(HANDWRITING in each for each in kinds) > 10
    assert sum(PRINT in each for each in kinds) >= 3


def test_surfaces_and_bare_paper_have_no_line():
    composer = PageComposer(PLAIN)
    for seed in range(5):
        assert not composer.compose_scene("empty", np.random.default_rng(seed)).lines


def test_every_line_has_ink_in_its_core_zone(real: PageSources):
    for seed in range(4):
        layout = sheet_of_writing(real, seed)
        grey = cv2.cvtColor(layout.picture, cv2.COLOR_RGB2GRAY).astype(float)
        assert layout.lines
        for line in layout.lines:
            one = zones(TextLayout(layout.picture, (line,), layout.rules, layout.known))
            assert np.abs(grey[one] - np.median(grey)).max() > 15, line.text


@pytest.mark.parametrize("way", [photographed, scanned])
def test_truth_moves_with_the_picture(real: PageSources, way):
    before, after = [], []
    for seed in range(6):
        layout = sheet_of_writing(real, seed)
        seen = way(layout, np.random.default_rng(seed))
        if len(seen.lines) >= 3:
            before.append(difference(layout))
            after.append(difference(seen))
    assert len(before) >= 4
    assert np.mean(after) > 0.4 * np.mean(before) > 2


def test_curled_paper_shows_each_place_where_it_says():
    rng = np.random.default_rng(3)
    places = rng.random((50, 2)) * (700, 900)
    for _ in range(20):
        curl = Curl.any((900, 700), 0.01, rng)
        assert np.abs(curl.source(curl.seen(places)) - places).max() < 0.2


def test_rules_are_where_lines_were_drawn():
    layout = PageComposer(PLAIN).compose_scene("table", np.random.default_rng(2))
    assert 0.001 < (layout.rules > 127).mean() < 0.3


def test_a_row_of_boxes_is_one_line():
    composer = PageComposer(PLAIN)
    texts = [
        line.text
        for seed in range(12)
        for line in composer.compose_scene("boxed", np.random.default_rng(seed)).lines
        if line.kind == HANDWRITING
    ]
    assert max(map(len, texts), default=0) > 3


def test_a_line_is_cut_off_where_the_picture_ends():
    points = np.stack((np.linspace(-100, 100, 11), np.full(11, 50.0)), axis=1)
    blank = np.zeros((100, 300, 3), dtype=np.uint8)
    lines = (TextLine(points, np.full(11, 10.0)), TextLine(points - 200, np.full(11, 10.0)))
    layout = inside(TextLayout(blank, lines, blank[..., 0], blank[..., 0]))
    (line,) = layout.lines
    assert 0 <= line.points[0, 0] < 5 and line.points[-1, 0] == 100


def test_real_ink_stands_on_its_baseline():
    scans = islice(annotated_pages(shared_folder("scanned_pages") / "copiste"), 2)
    lines = [line for page in real_ink(scans) for line in page]
    assert len(lines) > 10
    for line in lines:
        rows = line.alpha.astype(float).sum(axis=1)
        core = slice(int(line.baseline - line.core), int(line.baseline) + 1)
        assert rows[core].sum() > 0.4 * rows.sum()


def test_a_damaged_font_is_told(tmp_path: Path):
    (tmp_path / "one.ttf").write_bytes(b"no font")
    with pytest.raises(HandwritingError, match="not a font"):
        Typeface.read(tmp_path / "one.ttf")
    with pytest.raises(HandwritingError, match="holds no"):
        PageSources.load(pens=tmp_path)


def test_the_contact_sheet_is_written(tmp_path: Path):
    out = tmp_path / "pages.png"
    main(get_args_parser().parse_args([str(out), "--pages", "2", "--columns", "2"]))
    assert cv2.imread(str(out)) is not None
