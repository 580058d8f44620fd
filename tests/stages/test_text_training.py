"""Training and evaluation of the text-line model, on words of a few simple shapes."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import text_evaluation
import text_training
from handwriting.datasets.text import load_text
from handwriting.errors import HandwritingError
from handwriting.evaluation import text_figures
from handwriting.files import load_torch
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.runs import RunFiles
from handwriting.training.claims import claimed
from tests.compute.ranks import run_ranks
from tests.lines.support import pen_archive
from tests.support import PROJECT

EPOCHS = 36
SMALL = (
    *("--width", "4", "--hidden", "16", "--layers", "1", "--columns", "768"),
    *("--held-out", "0.25", "--photographed", "0"),
)


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> Path:
    return pen_archive(tmp_path_factory.mktemp("pen") / "words.npz")


def train(folder: Path, *arguments: object) -> None:
    options = ("--models", folder / "models", "--metrics", folder / "metrics", "--device", "cpu")
    parser = text_training.get_args_parser()
    text_training.main(parser.parse_args([*map(str, (*arguments, *options))]))


def evaluate(folder: Path, *arguments: object) -> dict:
    parser = text_evaluation.get_args_parser()
    options = ("--models", folder / "models")
    return text_evaluation.main(parser.parse_args([*map(str, (*arguments, *options))]))


@pytest.fixture(scope="module", autouse=True)
def few_plots() -> Iterator[None]:
    """One is drawn after each epoch, which takes longer than the epoch here."""
    draw = text_training.plot_error_rates

    def draw_last(history, *more) -> None:
        if len(history) == EPOCHS:
            draw(history, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_training, "plot_error_rates", draw_last)
        yield


@pytest.fixture(scope="module")
def trained(words, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    options = ("--epochs", EPOCHS, "--lr", 0.02, "--precision", "fp32", "--name", "run")
    threads = torch.get_num_threads()
    # So small a network is slower on several.
    torch.set_num_threads(1)
    train(folder, "--data", words, *SMALL, *options)
    torch.set_num_threads(threads)
    return folder


@pytest.mark.slow
def test_words_of_writers_left_out_are_read(trained, words):
    result = evaluate(trained, "run", "--data", words, "--held-out")
    assert result["samples"] == 40
    assert result["cer"] < 0.1 and result["exact"] > 0.8
    assert set(result["styles"]) <= {"PRINTED", "MIXED"}
    assert 0 < result["seconds_per_sample"] < 1


@pytest.mark.slow
def test_the_run_leaves_history_weights_and_a_checkpoint(trained):
    history = pd.read_csv(trained / "metrics" / "run_history.csv")
    assert history["epoch"].tolist() == list(range(1, EPOCHS + 1))
    assert history["train_loss"].iloc[-1] < 0.3 * history["train_loss"].iloc[0]
    with Image.open(trained / "metrics" / "run_error_rates.png") as plot:
        assert plot.size == (960, 600)
    reader = Reader.load(trained / "models" / "run.pt")
    assert reader.content["metrics"]["val_cer"] == history["val_cer"].iloc[-1]
    halves = [t for t in reader.content["weights"].values() if t.ndim > 1]
    assert all(tensor.dtype == torch.float16 for tensor in halves)


def assert_resumes(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: object) -> None:
    """Two epochs without a stop give the weights that two with a stop between them give."""
    whole, parts = folder / "whole", folder / "parts"
    options = (*options, "--epochs", 2, "--precision", "fp32", "--name", "run")
    train(whole, *options)
    measure = text_training.measure

    def stop_later(run, samples):
        if len(run.history) == 1:
            raise KeyboardInterrupt
        return measure(run, samples)

    monkeypatch.setattr(text_training, "measure", stop_later)
    with pytest.raises(KeyboardInterrupt):
        train(parts, *options)
    monkeypatch.setattr(text_training, "measure", measure)
    train(parts, "--resume")
    states = [load_torch(f / "models" / "run.pt", "")["weights"] for f in (whole, parts)]
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name


def test_a_run_stopped_after_an_epoch_goes_on_to_the_same_weights(words, tmp_path, monkeypatch):
    assert_resumes(tmp_path, monkeypatch, "--data", words, *SMALL)


def test_so_does_one_that_keeps_a_part_of_the_weights_begun_with(words, tmp_path, monkeypatch):
    options = ("--data", words, *SMALL)
    train(tmp_path, *options, "--epochs", 1, "--precision", "fp32", "--name", "first")
    first = tmp_path / "models" / "first.pt"
    assert_resumes(tmp_path, monkeypatch, *options, "--init-from", first, "--alpha", 0.5)


def test_further_training_begins_with_the_weights_and_may_add_a_layer(words, tmp_path):
    options = ("--data", words, *SMALL, "--epochs", 1, "--precision", "fp32")
    train(tmp_path, *options, "--layers", 1, "--name", "first")
    still = ("--init-from", "first", "--lr", 1e-9)
    train(tmp_path, *options, *still, "--layers", 2, "--name", "second")
    first, second = (
        load_torch(tmp_path / "models" / f"{name}.pt", "") for name in ("first", "second")
    )
    assert (first["layers"], second["layers"]) == (1, 2)
    kept = [name for name in first["weights"] if not name.endswith("num_batches_tracked")]
    for name in (name for name in kept if "running" not in name):
        torch.testing.assert_close(first["weights"][name], second["weights"][name], msg=name)
    assert set(second["weights"]) - set(first["weights"]) == {
        f"lstm.{kind}_{gates}_l1{way}"
        for kind in ("weight", "bias")
        for gates in ("ih", "hh")
        for way in ("", "_reverse")
    }
    with pytest.raises(HandwritingError, match="--init-from: the run's network has another"):
        train(tmp_path, *options, "--init-from", "second", "--layers", 1)


def test_fine_tuned_weights_keep_the_size_of_those_begun_with(words, tmp_path):
    train(tmp_path, "--data", words, *SMALL, "--epochs", 1, "--name", "small")
    train(tmp_path, "--data", words, "--epochs", 1, "--init-from", "small", "--name", "tuned")
    tuned = load_torch(tmp_path / "models" / "tuned.pt", "")
    assert [tuned[name] for name in ("width", "hidden", "layers")] == [4, 16, 1]


def test_alpha_keeps_weights_between_those_begun_with_and_the_new_ones(words, tmp_path):
    options = ("--data", words, *SMALL, "--precision", "fp32")
    train(tmp_path, *options, "--epochs", 1, "--name", "first")
    for name, alpha in (("all_the_way", 1), ("half_way", 0.5)):
        further = ("--init-from", "first", "--alpha", alpha, "--name", name)
        train(tmp_path, *options, "--epochs", 1, *further)
    first, new, half_way = (
        load_torch(tmp_path / "models" / f"{name}.pt", "")["weights"]
        for name in ("first", "all_the_way", "half_way")
    )
    assert not torch.equal(first["outputs.weight"], new["outputs.weight"])
    for name, tensor in half_way.items():
        if tensor.is_floating_point():
            mean = (first[name].float() + new[name].float()) / 2
            torch.testing.assert_close(tensor.float(), mean, atol=1e-3, rtol=2e-3, msg=name)
    state = load_torch(tmp_path / "models" / "checkpoints" / "half_way.pt", "")
    assert torch.equal(state["start"]["outputs.weight"], first["outputs.weight"].float())
    with pytest.raises(HandwritingError, match="--alpha must be"):
        train(tmp_path, *options, "--init-from", "first", "--alpha", 0)


def main(arguments: Sequence[str]) -> None:
    """What the script does with a command line."""
    text_training.main(text_training.get_args_parser().parse_args(arguments))


def test_two_ranks_train_one_network(words, tmp_path):
    options = ("--data", words, *SMALL, "--epochs", 1, "--name", "run", "--device", "cpu")
    folders = ("--models", tmp_path / "models", "--metrics", tmp_path)
    code, printed, error = run_ranks(main, [*map(str, (*options, *folders))])
    assert code == 0, error
    assert printed.count("epoch 1 train_loss") == 1, "one rank prints"
    assert pd.read_csv(tmp_path / "run_history.csv")["epoch"].tolist() == [1]
    assert Reader.load(tmp_path / "models" / "run.pt").content["metrics"]["val_cer"] > 0


def test_the_json_is_the_last_line_and_with_json_the_only_one(trained, words, capsys):
    evaluate(trained, "run", "--data", words, "--most", 5)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["samples"] == 5
    evaluate(trained, "--data", words, "--most", 5, "--json")
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert (found["run"], found["language"]) == ("run", "en") and not printed.err


def test_pictures_of_a_folder_are_read(trained, words, tmp_path, capsys):
    data = load_text(words)
    rows = ["file,text"]
    for k in range(6):
        picture = 255 - np.pad(data.pictures[k], 20)
        Image.fromarray(picture).resize((picture.shape[1] * 3, 240)).save(tmp_path / f"{k}.png")
        rows.append(f"{k}.png,{data.texts[k]}")
    (tmp_path / "text.csv").write_text("\n".join(rows))
    result = evaluate(trained, "run", "--data", tmp_path)
    assert result["samples"] == 6 and "styles" not in result and result["cer"] < 0.5


@pytest.mark.parametrize(
    ("arguments", "words_"),
    [
        ((), "give pen archives"),
        (("--data", "no.npz"), "no.npz does not exist"),
        (("--data", "no.npz", "--held-out", "1"), "--held-out must be"),
        (("--resume",), "holds no run to resume"),
        (("--resume", "no"), "does not exist"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, arguments, words_):
    with pytest.raises(HandwritingError, match=words_):
        train(tmp_path, *arguments)


def test_what_exists_is_not_overwritten(words, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "run.pt").write_bytes(b"weights")
    with pytest.raises(HandwritingError, match=r"run\.pt exists already"):
        train(tmp_path, "--data", words, *SMALL, "--name", "run")
    assert (tmp_path / "models" / "run.pt").read_bytes() == b"weights"


def test_a_name_that_another_process_trains_is_refused(words, tmp_path):
    files = RunFiles("run", tmp_path / "models", tmp_path / "metrics")
    for options in (("--data", words, "--name", "run"), ("--resume", "run")):
        with claimed(files), pytest.raises(HandwritingError, match="another process is training"):
            train(tmp_path, *options)


def test_samples_that_are_none_are_not_measured(trained, words):
    with pytest.raises(HandwritingError, match="--data has no held-out writer"):
        text_figures.choose(load_text(words).writers, 1e-9, None)


def test_data_without_a_text_is_refused(tmp_path):
    (tmp_path / "text.csv").write_text("file,text\na.png,\n")
    with pytest.raises(HandwritingError, match="line 2: a file and a text are needed"):
        load_text(tmp_path)
    (tmp_path / "text.csv").write_text("file,text\n../a.png,word\n")
    with pytest.raises(HandwritingError, match=r"line 2: '\.\./a\.png' lies outside"):
        load_text(tmp_path)
    with pytest.raises(HandwritingError, match="does not exist"):
        load_text(tmp_path / "missing")


def test_fine_tuning_has_its_own_settings_and_others_keep_theirs():
    def settings(*options: str) -> text_training.TextSettings:
        args = text_training.get_args_parser().parse_args(["--data", "words.npz", *options])
        return text_training.choose_settings(args, torch.device("cpu"))

    weights = str(find_reader("latest", PROJECT / LINES_FOLDER))
    new, tuned = settings(), settings("--init-from", weights)
    assert (new.epochs, new.alpha, new.held_out) == (20, 1.0, 0.1)
    assert vars(tuned).items() >= text_training.FINE_TUNING.items()
    assert settings("--init-from", weights, "--epochs", "3", "--alpha", "0.5").epochs == 3


@pytest.mark.parametrize(
    ("lines", "samples", "epochs"), [(20, 20, 24), (100, 2400, 1), (60_000, 60_000, 1)]
)
def test_few_lines_are_drawn_often_and_many_once(lines, samples, epochs):
    assert text_training.fine_tuning_epochs(lines, samples) == epochs
