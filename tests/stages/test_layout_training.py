"""Training of the layout network, on a few drawn pages."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import layout_training
from handwriting.cli import run_script
from handwriting.datasets import layout_batches
from handwriting.errors import HandwritingError
from handwriting.files import load_torch, save_torch
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage
from handwriting.formats.documents import document_of
from handwriting.pages.layout import Layout
from handwriting.pages.layout_network import LAYOUT_KIND
from handwriting.runs import RunFiles
from handwriting.training import layout_data
from handwriting.training.claims import claimed
from tests.compute.ranks import run_ranks
from tests.pages.drawn import SIZE, draw_page, layout_of_page
from tests.support import quick_plots, random_weights

SMALL = (
    *("--samples", "2", "--batch", "1", "--epochs", "2"),
    *("--composed", "0", "--workers", "0"),
)
HELD_OUT = ("--held-out", "0.5")
WRITERS = ("anna", "bert")
"""Of these two, one is held out where half of the writers are."""


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Small samples, and few that are measured."""
    small = partial(layout_batches.drawn_sample, side=128)
    patch.setattr(layout_batches, "drawn_sample", small)
    patch.setattr(layout_data, "drawn_sample", small)
    patch.setattr(layout_data, "MEASURED", 2)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        yield
    torch.set_num_threads(threads)


def write_page(folder: Path, name: str, paper: str) -> None:
    """An image of a page with its ALTO file."""
    layout = layout_of_page(paper)
    lines = tuple(
        AnnotatedLine(
            line.text,
            line.outline(1.3, 1.0).astype(int),
            baseline=(line.points + np.array([0, line.height / 2])).astype(int),
        )
        for line in layout.lines
    )
    Image.fromarray(draw_page(paper)).save(folder / f"{name}.png")
    page = AnnotatedPage(f"{name}.png", *SIZE, lines)
    (folder / f"{name}.xml").write_text(document_of(page, "alto"), encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for writer, paper in zip(WRITERS, ("plain", "ruled"), strict=True):
        write_page(folder, f"{writer}_1", paper)
    return folder


def arguments_of(folder: Path, *arguments: object) -> list[str]:
    options = ("--models", folder / "models", "--metrics", folder / "metrics", "--device", "cpu")
    return [*map(str, (*arguments, *options))]


def train_with_plots(folder: Path, *arguments: object) -> None:
    parser = layout_training.get_args_parser()
    layout_training.main(parser.parse_args(arguments_of(folder, *arguments)))


def train(folder: Path, *arguments: object) -> None:
    with quick_plots():
        train_with_plots(folder, *arguments)


@pytest.fixture(scope="module")
def trained(pages, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    options = (*SMALL, *HELD_OUT, "--precision", "fp32", "--name", "run")
    train_with_plots(folder, "--data", pages, *options)
    return folder


def test_the_run_leaves_a_history_with_the_rates_of_writers_held_out(trained):
    history = pd.read_csv(trained / "metrics" / "run_history.csv")
    assert history["epoch"].tolist() == [1, 2] and np.isfinite(history["train_loss"]).all()
    rates = history[["val_core_f1", "val_printed_f1", "val_height", "val_direction"]]
    assert rates.notna().all().all() and (rates >= 0).all().all()
    assert (rates["val_core_f1"] <= 1).all() and (rates["val_direction"] <= 1).all()


def test_the_run_leaves_a_plot_of_the_rates_with_its_command(trained):
    with Image.open(trained / "metrics" / "run_layout_rates.png") as plot:
        assert plot.size == (960, 600)


def test_the_run_leaves_weights_in_half_precision_that_find_lines(trained):
    content = load_torch(trained / "models" / "run.pt", "")
    assert content["kind"] == LAYOUT_KIND and content["hyperparameters"]["samples"] == 2
    assert content["metrics"]["epoch"] == 2
    assert all(t.dtype == torch.float16 for t in content["weights"].values() if t.ndim > 1)
    assert (trained / "models" / "run.pt").stat().st_size < 4 * 2**20
    maps, _ = Layout.load(trained / "models" / "run.pt").maps(draw_page(), 256)
    assert np.isfinite(maps.core).all()


def test_the_run_leaves_a_checkpoint_in_full_precision(trained):
    state = load_torch(trained / "models" / "checkpoints" / "run.pt", "")
    assert {"network", "optimizer", "average", "history", "settings"} <= set(state)
    assert all(t.dtype == torch.float32 for t in state["network"].values() if t.ndim > 1)


def test_a_run_stopped_after_an_epoch_goes_on_to_the_same_weights(
    trained, pages, tmp_path, monkeypatch
):
    measure = layout_training.measure

    def stop_later(run, measured):
        if len(run.history) == 1:
            raise KeyboardInterrupt
        return measure(run, measured)

    monkeypatch.setattr(layout_training, "measure", stop_later)
    options = (*SMALL, *HELD_OUT, "--precision", "fp32", "--name", "run")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, "--data", pages, *options)
    assert len(pd.read_csv(tmp_path / "metrics" / "run_history.csv")) == 1
    monkeypatch.setattr(layout_training, "measure", measure)
    train(tmp_path, "--resume", "--workers", 0)
    whole, parts = (load_torch(f / "models" / "run.pt", "")["weights"] for f in (trained, tmp_path))
    for name, tensor in whole.items():
        assert torch.equal(tensor, parts[name]), name


def test_further_training_begins_with_the_weights_of_a_run(trained, pages, tmp_path):
    options = ("--data", pages, *SMALL, "--lr", 1e-9, "--name", "second")
    train(tmp_path, *options, "--init-from", trained / "models" / "run.pt")
    first, second = (
        load_torch(folder / "models" / f"{name}.pt", "")
        for folder, name in ((trained, "run"), (tmp_path, "second"))
    )
    assert second["hyperparameters"]["init_from"] == "run"
    for name in (name for name in first["weights"] if "running" not in name):
        if first["weights"][name].is_floating_point():
            torch.testing.assert_close(first["weights"][name], second["weights"][name], msg=name)


def test_composed_pages_need_no_file(tmp_path):
    options = ("--samples", 1, "--batch", 1, "--epochs", 1, "--composed", 1, "--workers", 0)
    train(tmp_path, *options, "--name", "run")
    history = pd.read_csv(tmp_path / "metrics" / "run_history.csv")
    assert history.columns.tolist() == ["epoch", "train_loss", "seconds"], "nobody is held out"


def main(arguments: Sequence[str]) -> None:
    """What the script does with a command line, quickly."""
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        layout_training.main(layout_training.get_args_parser().parse_args(arguments))


def test_two_ranks_train_one_network(pages, tmp_path):
    options = ("--data", pages, *SMALL, *HELD_OUT, "--epochs", 1, "--name", "run")
    code, printed, error = run_ranks(main, arguments_of(tmp_path, *options))
    assert code == 0, error
    assert printed.count("epoch 1 train_loss") == 1, "one rank prints"
    assert pd.read_csv(tmp_path / "metrics" / "run_history.csv")["epoch"].tolist() == [1]
    assert load_torch(tmp_path / "models" / "run.pt", "")["metrics"]["val_height"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give folders of pages with --data"),
        (("--data", "no"), "--data no is not a folder, or does not exist"),
        (("--composed", "2"), "--composed must be"),
        (("--composed", "1", "--held-out", "1"), "--held-out must be"),
        (("--composed", "1", "--epochs", "0"), "--epochs must be"),
        (("--composed", "1", "--workers", "-1"), "--workers must be"),
        (("--composed", "1", "--init-from", "no"), r"no\.pt does not exist"),
        (("--composed", "1", "--pens", "no"), r"no holds no \*\.npz"),
        (("--composed", "1", "--fonts", "no"), r"no holds no \*\.ttf"),
        (("--resume",), "holds no run to resume"),
        (("--resume", "no"), "does not exist"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, arguments, words):
    with pytest.raises(HandwritingError, match=words):
        train(tmp_path, *arguments)


def test_a_folder_without_pages_is_said(tmp_path):
    (tmp_path / "data").mkdir()
    Image.fromarray(draw_page()).save(tmp_path / "data" / "page.png")
    with pytest.raises(HandwritingError, match="holds no page with an ALTO or PAGE file"):
        train(tmp_path, "--data", tmp_path / "data", *SMALL)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<alto", "page.xml"),
        ("<html/>", "neither ALTO nor PAGE"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><alto>&b;</alto>', "page.xml"),
    ],
)
def test_a_damaged_annotation_is_said(tmp_path, content, words):
    data = tmp_path / "data"
    data.mkdir()
    write_page(data, "page", "plain")
    (data / "page.xml").write_text(content)
    with pytest.raises(HandwritingError, match=words):
        train(tmp_path, "--data", data, *SMALL)


def test_a_page_whose_picture_is_missing_or_damaged_is_said(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    write_page(data, "page", "plain")
    (data / "page.png").write_bytes(b"no picture")
    with pytest.raises(HandwritingError, match="is not a readable image"):
        train(tmp_path, "--data", data, *SMALL)
    (data / "page.png").unlink()
    with pytest.raises(HandwritingError, match="is not in"):
        train(tmp_path, "--data", data, *SMALL)


def test_no_writer_left_for_training_is_said(pages, tmp_path):
    with pytest.raises(HandwritingError, match="no writer is left for training"):
        train(tmp_path, "--data", pages, *SMALL, "--held-out", 0.999)


def test_a_page_without_lines_is_no_obstacle(pages, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    write_page(data, "page", "plain")
    blank = AnnotatedPage("page.png", *SIZE, ())
    (data / "page.xml").write_text(document_of(blank, "alto"), encoding="utf-8")
    train(tmp_path, "--data", data, *SMALL, "--epochs", 1, "--held-out", 0, "--name", "run")
    assert (tmp_path / "models" / "run.pt").is_file()


def test_what_exists_is_not_overwritten(pages, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "run.pt").write_bytes(b"weights")
    with pytest.raises(HandwritingError, match=r"run\.pt exists already"):
        train(tmp_path, "--data", pages, *SMALL, "--name", "run")
    assert (tmp_path / "models" / "run.pt").read_bytes() == b"weights"


def test_a_name_that_another_process_trains_is_refused(pages, tmp_path):
    files = RunFiles("run", tmp_path / "models", tmp_path / "metrics")
    for options in (("--data", pages, "--name", "run"), ("--resume", "run")):
        with claimed(files), pytest.raises(HandwritingError, match="another process is training"):
            train(tmp_path, *options)


@pytest.mark.parametrize("changed", [{"kind": "other"}, {"network": {}}, {"settings": {}}])
def test_a_checkpoint_of_something_else_is_refused(trained, tmp_path, changed):
    state = load_torch(trained / "models" / "checkpoints" / "run.pt", "")
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    save_torch(state | changed, tmp_path / "models" / "checkpoints" / "run.pt")
    with pytest.raises(HandwritingError):
        train(tmp_path, "--resume", "run", "--workers", 0)


def test_weights_of_a_character_model_are_no_beginning(tmp_path):
    path = random_weights(tmp_path, "characters")
    with pytest.raises(HandwritingError, match="is not a layout network"):
        train(tmp_path, "--composed", 1, "--init-from", path)


def test_errors_are_one_sentence_on_the_command_line(tmp_path, capsys):
    parser = layout_training.get_args_parser()
    args = parser.parse_args(arguments_of(tmp_path, "--data", tmp_path / "no"))
    assert run_script(lambda: layout_training.main(args)) == 1
    assert "does not exist" in capsys.readouterr().err
