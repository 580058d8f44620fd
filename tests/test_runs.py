"""A run's name and files, which of them is the newest, and what a weights file holds."""

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest
import torch

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.runs import (
    RunFiles,
    available_runs,
    build_network,
    current_names,
    find_run,
    list_runs,
    load_weights,
    newest_first,
    run_name,
    save_weights,
)
from models import MODELS, CompactCNN
from tests.support import PROJECT, random_weights

FORMER_NAMES = {
    "averaging": "ema_decay",
    "start": "init_from",
    "start_fraction": "init_fraction",
    "extra": "extra_data",
    "share": "extra_fraction",
    "blend": "alpha",
}
COMMITTED = sorted([*PROJECT.glob("models/*.pt"), *PROJECT.glob("models/emnist_only/*.pt")])


def test_run_names_carry_model_and_date_in_english():
    assert run_name("customcnn", datetime(2024, 7, 31, 16, 32)) == "customcnn_2024_July31_16_32"
    assert run_name("resnet34", datetime(2024, 8, 3, 3, 5)) == "resnet34_2024_August03_03_05"


@pytest.mark.parametrize("month", range(1, 13))
def test_the_date_in_a_name_is_read_again(month):
    start = datetime(2026, month, 9, 23, 7)
    assert RunFiles(run_name("compactcnn", start)).start == start


def test_a_run_has_all_its_files_by_its_name():
    run = RunFiles("run", Path("m"), Path("x"))
    assert run.weights == Path("m/run.pt") and run.checkpoint == Path("m/checkpoints/run.pt")
    assert run.metric("history.csv") == Path("x/run_history.csv")


@pytest.mark.parametrize("name", ["run", "second!", "ä b", "a.b", "x" * 100])
def test_plain_names_are_names(name):
    assert RunFiles(name).name == name


@pytest.mark.parametrize(
    "name", ["", ".hidden", "..", "../../x", "a/b", "/etc/x", r"a\b", "a\nb", "a\0b", "x" * 101]
)
def test_what_leads_elsewhere_is_no_name(name):
    with pytest.raises(HandwritingError, match="is no name for a run"):
        RunFiles(name)


@pytest.fixture
def make_run(tmp_path):
    """Put an (empty) weights file with a file time into a folder, and perhaps its figures."""

    def make(name: str, time: float = 0.0, accuracy: float | None = None, **facts: object) -> None:
        path = tmp_path / f"{name}.pt"
        path.touch()
        os.utime(path, (time, time))
        if accuracy is not None:
            figures = {"synthetic": False, "accuracy": accuracy} | facts
            (tmp_path / f"{name}_metrics.json").write_text(json.dumps(figures))

    return make


def order(folder: Path) -> list[str]:
    return [run.name for run in newest_first(list_runs(folder, folder))]


def test_the_newest_run_is_that_of_the_latest_date_whatever_the_files_times(make_run, tmp_path):
    make_run("a_2026_March09_10_00", time=3)
    make_run("b_2026_November01_10_00", time=1)
    make_run("c_2026_March10_09_00", time=2)
    make_run("d_2025_December31_23_59", time=4)
    assert [name[0] for name in order(tmp_path)] == ["b", "c", "a", "d"]
    assert find_run("latest", tmp_path, tmp_path).name[0] == "b"


def test_of_runs_of_the_same_minute_the_more_accurate_one_is_the_newest(make_run, tmp_path):
    make_run("a_2026_March09_10_00", accuracy=0.8)
    make_run("b_2026_March09_10_00", accuracy=0.9)
    make_run("c_2026_March09_10_00")
    # Figures on generated images say nothing.
    make_run("d_2026_March09_10_00", accuracy=0.99, synthetic=True)
    assert [name[0] for name in order(tmp_path)] == ["b", "a", "d", "c"]


def test_names_without_a_date_go_by_the_files_time(make_run, tmp_path):
    for name, start in (("older", datetime(2026, 3, 1)), ("newer", datetime(2026, 5, 1))):
        make_run(name, start.timestamp())
    make_run("dated_2026_April01_00_00", time=0)
    assert order(tmp_path) == ["newer", "dated_2026_April01_00_00", "older"]


def test_in_a_fresh_clone_the_newest_run_is_that_of_the_newest_date(tmp_path):
    for path in PROJECT.glob("models/*.pt"):
        (tmp_path / path.name).touch()
    for path in PROJECT.glob("metrics/*_metrics.json"):
        shutil.copy(path, tmp_path)
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    runs = list_runs(tmp_path, tmp_path)
    newest = find_run("latest", tmp_path, tmp_path)
    starts = [datetime.strptime(r.name.split("_", 1)[1], "%Y_%B%d_%H_%M") for r in runs]
    assert newest.start == max(starts)
    rivals = [json.loads(r.metric("metrics.json").read_text())["accuracy"]
              for r in runs if r.start == newest.start]  # fmt: skip
    assert json.loads(newest.metric("metrics.json").read_text())["accuracy"] == max(rivals)


def test_the_best_run_comes_first_and_unmeasured_ones_last(make_run, tmp_path):
    make_run("a", accuracy=0.8)
    make_run("b")
    make_run("c", accuracy=0.9)
    runs = available_runs(tmp_path, tmp_path)
    assert [(run.name, accuracy) for run, accuracy in runs.items()] == [
        ("c", 0.9),
        ("a", 0.8),
        ("b", None),
    ]


def test_a_run_is_found_by_name_file_name_or_path(make_run, tmp_path):
    make_run("run")
    make_run("a.b")
    for name in ("run", "run.pt", str(tmp_path / "run.pt")):
        assert find_run(name, tmp_path).weights == tmp_path / "run.pt"
    assert find_run("a.b", tmp_path).weights == find_run("a.b.pt", tmp_path).weights
    assert find_run(str(tmp_path / "run.pt"), Path("elsewhere")).weights == tmp_path / "run.pt"


def test_half_written_files_are_no_runs(make_run, tmp_path):
    make_run(".run.pt.123.part")
    make_run(".hidden")
    assert list_runs(tmp_path) == []


def test_a_run_that_is_not_there_is_said_with_those_that_are(make_run, tmp_path):
    make_run("first")
    make_run("second")
    with pytest.raises(HandwritingError, match=r"third\.pt does not exist.*: first, second\."):
        find_run("third", tmp_path)
    with pytest.raises(HandwritingError, match=r"the folder .*nowhere does not exist"):
        find_run("latest", tmp_path / "nowhere")
    with pytest.raises(HandwritingError, match=r"latest\.pt does not exist.*: none"):
        (tmp_path / "empty").mkdir()
        find_run("latest", tmp_path / "empty")


def test_weights_are_written_in_half_precision_with_their_facts(tmp_path):
    torch.manual_seed(0)
    network = CompactCNN()
    save_weights(tmp_path / "run.pt", network.state_dict(), {"model": "compactcnn", "epoch": 3})
    content = load_weights(tmp_path / "run.pt")
    assert content["epoch"] == 3 and content["classes"] == list(CLASSES)
    kinds = {name: t.dtype for name, t in content["weights"].items() if t.is_floating_point()}
    state = network.state_dict()
    for name, kind in kinds.items():
        assert kind == (torch.float16 if state[name].ndim > 1 else torch.float32)
    read = build_network(content, tmp_path / "run.pt").state_dict()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(read[name], tensor, atol=1e-3, rtol=1e-3)
    assert network.state_dict()["layers.0.weight"].dtype == torch.float32, "left as it was"


def test_bare_weights_of_the_reference_implementation_are_recognised(tmp_path):
    for name in ("customcnn", "resnet34"):
        torch.save(MODELS[name]().state_dict(), tmp_path / "bare.pt")
        assert load_weights(tmp_path / "bare.pt")["model"] == name
    torch.save(CompactCNN().state_dict(), tmp_path / "bare.pt")
    with pytest.raises(HandwritingError, match="not a weights file"):
        load_weights(tmp_path / "bare.pt")


def test_former_names_become_todays():
    former = {name: k for k, name in enumerate(FORMER_NAMES)}
    assert current_names(former) == {name: k for k, name in enumerate(FORMER_NAMES.values())}
    today = {name: k for k, name in enumerate(FORMER_NAMES.values())} | {"lr": 0.1}
    assert current_names(today) == today


def test_weights_of_an_earlier_version_say_their_training_in_todays_names(tmp_path):
    former = {"averaging": 0.998, "start": "run", "extra": ["x"], "share": 0.25, "blend": 0.5}
    path = random_weights(tmp_path, "old", hyperparameters=former | {"lr": 0.002})
    assert load_weights(path)["hyperparameters"] == {
        **{"ema_decay": 0.998, "init_from": "run", "extra_data": ["x"]},
        **{"extra_fraction": 0.25, "alpha": 0.5, "lr": 0.002},
    }


def test_weights_are_in_the_project():
    assert {path.name.split("_")[0] for path in COMMITTED} >= set(MODELS)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_committed_weights_load_under_todays_names(path):
    content = load_weights(path)
    written = torch.load(path, weights_only=True)["hyperparameters"]
    used = content["hyperparameters"]
    assert not set(used) & set(FORMER_NAMES)
    assert len(used) == len(written)
    for name, value in written.items():
        assert used[FORMER_NAMES.get(name, name)] == value
    assert build_network(content, path)(torch.zeros(1, 1, 28, 28)).isfinite().all()
    assert content["temperature"] > 0 and len(content["frequencies"]) == 62
