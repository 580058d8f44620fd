"""The size model is fitted on drawings and evaluated on held-out writers."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handwriting.cli import run_script
from handwriting.datasets.external import ExternalSet
from handwriting.labels import CLASSES, class_index
from handwriting.recognition.sizes import SIZES_FILE, load_sizes, save_sizes
from handwriting.training import fit_sizes as program
from handwriting.training.fit_sizes import fit_sizes, left_out_log_likelihoods, pen_sizes
from tests.support import PROJECT, pens_of, picture_folder, shared_folder


def fake_drawings(writers: int = 6, seed: int = 0) -> ExternalSet:
    """Capitals from 200 to 600 of 900 pixels, small letters from 350, each a little off."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(62), writers)
    tops = np.where(labels < 36, 200, 350) + rng.normal(0, 20, len(labels))
    bboxes = [np.full(len(labels), 10.0), tops, tops + 40, np.full(len(labels), 600.0)]
    return ExternalSet(
        torch.zeros(len(labels), 28, 28, dtype=torch.uint8),
        torch.from_numpy(labels.astype(np.uint8)),
        bboxes=np.stack(bboxes, axis=1),
        heights=np.full(len(labels), 900.0),
        writers=np.repeat(np.arange(writers), 62).astype(str),
    )


def fit(drawings: ExternalSet, rows: np.ndarray | slice = slice(None)):
    labels = drawings.labels.numpy().astype(int)
    return fit_sizes(
        drawings.bboxes[rows], drawings.heights[rows], labels[rows], drawings.writers[rows]
    )


def test_the_fit_finds_where_capitals_and_small_letters_stand():
    sizes = fit(fake_drawings())
    assert sizes.canvas.capital == pytest.approx(200 / 900, abs=0.01)
    assert sizes.canvas.baseline == pytest.approx(600 / 900, abs=0.01)
    assert sizes.x_height == pytest.approx(250 / 400, abs=0.02)


def test_the_file_gives_the_fit_back_but_for_rounding(tmp_path):
    sizes = fit(fake_drawings())
    save_sizes(sizes, tmp_path / "sizes.json", "test")
    again, bbox = load_sizes(tmp_path / "sizes.json"), (10, 340, 50, 600)
    assert again.on_canvas(bbox, 900) == pytest.approx(sizes.on_canvas(bbox, 900), abs=0.3)


def test_on_ruled_lines_each_writers_own_lines_count():
    drawings = fake_drawings()
    moved = fake_drawings()
    # One writer stands lower and writes larger: on lines of their own that is no difference.
    own = moved.writers == "2"
    moved.bboxes[own] = 1.1 * moved.bboxes[own] + 50
    before, after = fit(drawings), fit(moved)
    (own_lines,), (known,) = after.ruled.models, before.ruled.models
    np.testing.assert_allclose(own_lines.means, known.means, atol=1e-9)
    np.testing.assert_allclose(own_lines.covariances, known.covariances, atol=1e-9)
    assert not np.allclose(after.free.covariances, before.free.covariances, atol=1e-3)


@settings(max_examples=20)
@given(st.integers(0, 61), st.integers(0, 2), st.integers(0, 1000))
def test_a_drawing_is_judged_without_any_other_of_its_writer(row, writer, seed):
    drawings = fake_drawings(writers=3)
    groups = drawings.writers
    before = left_out_log_likelihoods(drawings, groups)
    others = np.flatnonzero(groups == str(writer))
    kept = others[row]
    noise = np.random.default_rng(seed).uniform(0, 900, (len(others) - 1, 4))
    drawings.bboxes[others[others != kept]] = np.sort(noise, axis=1)
    after = left_out_log_likelihoods(drawings, groups)
    assert (after[kept] == before[kept]).all()
    assert not np.allclose(after[groups != str(writer)], before[groups != str(writer)])


def test_left_out_likelihoods_are_those_of_a_fit_on_the_others():
    drawings = fake_drawings(writers=4)
    pairs = np.where(np.isin(drawings.writers, ["0", "1"]), "first", "second")
    found = left_out_log_likelihoods(drawings, pairs)
    own = pairs == "first"
    sizes = fit(drawings, ~own)
    expected = sizes.on_canvases(drawings.bboxes[own], drawings.heights[own])
    assert (found[own] == expected).all()


@pytest.fixture
def run(tmp_path, capsys):
    """Fit on a folder; exit code and what a person reads."""

    def fit_folder(folder, *options) -> tuple[int, str]:
        arguments = [str(folder), *map(str, options), "--out", str(tmp_path / "sizes.json")]
        code = run_script(lambda: program.main(program.get_args_parser().parse_args(arguments)))
        printed, error = capsys.readouterr()
        assert (tmp_path / "sizes.json").exists() == (code == 0)
        errors = [line for line in error.splitlines() if line.startswith("error:")]
        return code, "".join(errors) or printed

    return fit_folder


@pytest.mark.slow
def test_the_committed_model_is_that_of_drawings_and_pens(run, tmp_path):
    pens = shared_folder("pen") / "characters.npz"
    code, printed = run(shared_folder("drawings"), "--pens", pens)
    assert code == 0 and "1674 drawings of 27 writers" in printed
    found = json.loads((tmp_path / "sizes.json").read_text())
    assert found == json.loads((PROJECT / SIZES_FILE).read_text())


def test_pens_are_measured_on_their_writers_own_lines():
    sizes = pen_sizes(pens_of("aga"))
    assert len(sizes.labels) == 124 and sizes.writers[0] == "writer 1"
    np.testing.assert_allclose(sizes.sizes[:62], sizes.sizes[62:])
    heights = np.exp(sizes.sizes[:, 0])
    np.testing.assert_allclose(heights, np.where(sizes.labels < 36, 1, 0.5))
    np.testing.assert_allclose(sizes.sizes[:, 1], heights, err_msg="they stand on the line")


def test_no_writer_counts_twice_with_a_character():
    sizes = pen_sizes(pens_of("aga"))
    twice = sizes.part(np.append(np.arange(124), [0, 61, 62]))
    assert len(twice.labels) == 127
    np.testing.assert_array_equal(twice.one_of_each().labels, sizes.labels)


def test_with_pens_the_model_for_ruled_lines_is_a_mixture():
    drawings = fake_drawings()
    labels = drawings.labels.numpy().astype(int)
    given_all = (drawings.bboxes, drawings.heights, labels, drawings.writers)
    alone = fit_sizes(*given_all)
    pens = pen_sizes(pens_of("aga"))
    unsteady = np.random.default_rng(0).normal(0, 0.05, pens.sizes.shape)
    mixed = fit_sizes(*given_all, replace(pens, sizes=pens.sizes + unsteady))
    assert sum(mixed.ruled.weights) == pytest.approx(1) and len(mixed.ruled.models) == 2
    assert (mixed.free.means == alone.free.means).all()
    # A small letter as tall as a capital's half: usual with the pens, not with the drawings.
    size, own = np.array([np.log(0.5), 0.5]), class_index("x")
    assert mixed.ruled.log_likelihood(size)[own] > alone.ruled.log_likelihood(size)[own]


@pytest.mark.parametrize("fault", ["provider", "character"])
def test_pens_that_stand_on_no_line_are_refused(run, tmp_path, fault):
    archive = pens_of("elsewhere" if fault == "provider" else "aga")
    if fault == "character":
        archive.text[archive.text == "Q"] = "O"
    np.savez(tmp_path / "pen.npz", **vars(archive))
    folder = picture_folder(tmp_path / "drawings", everyone("anna"), columns="writer")
    code, error = run(folder, "--pens", tmp_path / "pen.npz")
    assert code == 1 and "Q" in error and "Fit without --pens" in error


def everyone(*writers: str) -> list[tuple[str, ...]]:
    return [(f"{k}{w}.png", c, w) for w in writers for k, c in enumerate(CLASSES)]


def test_a_folder_of_drawings_gives_a_model(run, tmp_path):
    folder = picture_folder(tmp_path / "drawings", everyone("anna"), columns="writer")
    code, printed = run(folder)
    assert code == 0 and "62 drawings of 1 writers" in printed


def test_missing_characters_are_named(run, tmp_path):
    rows = [row for row in everyone("anna") if row[1] not in "7Qb"]
    folder = picture_folder(tmp_path / "drawings", rows, columns="writer")
    code, error = run(folder)
    assert code == 1 and "lacks drawings of 7 Q b." in error


def test_a_table_without_writers_is_refused(run, tmp_path):
    folder = picture_folder(tmp_path / "drawings", [row[:2] for row in everyone("anna")])
    code, error = run(folder)
    assert code == 1 and "labels.csv needs the column writer" in error


def test_a_writer_whose_lines_are_not_known_is_named(run, tmp_path):
    rows = [*everyone("anna"), ("s.png", "s", "bert")]
    code, error = run(picture_folder(tmp_path / "drawings", rows, columns="writer"))
    assert code == 1 and "no capital or digit of writer bert" in error


def test_a_drawing_without_ink_is_said(run, tmp_path):
    folder = picture_folder(tmp_path / "drawings", everyone("anna"), columns="writer")
    Image.new("L", (60, 80), 255).save(folder / "7anna.png")
    code, error = run(folder)
    assert code == 1 and "holds an image without ink" in error
