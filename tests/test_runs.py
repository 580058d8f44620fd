"""A run's name and files, the newest run, and the content of a weights file."""

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


@pytest.mark.parametrize("name", ["run", "second!", "ä b", "a.b", "x" * 100, "ä" * 50])
def test_plain_names_are_names(name):
    assert RunFiles(name).name == name


@pytest.mark.parametrize(
    "name",
    ["", ".hidden", "..", "../../x", "a/b", "/etc/x", r"a\b", "a\nb", "a\0b", "x" * 101, "ä" * 51],
)
def test_what_leads_elsewhere_is_no_name(name):
    with pytest.raises(HandwritingError, match="is not a valid name for a run"):
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


ODD = {
    "longer than names are": lambda folder: (folder / f"{'x' * 101}.pt").touch(),
    "a line break": lambda folder: (folder / "a\nb.pt").touch(),
    "not UTF-8": lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff.pt")).touch(),
    "a link to nowhere": lambda folder: (folder / "link.pt").symlink_to("nowhere"),
    "a folder": lambda folder: (folder / "folder.pt").mkdir(),
    "a pipe": lambda folder: os.mkfifo(folder / "pipe.pt"),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_name_among_the_weights_is_skipped_and_said_once(make_run, tmp_path, capsys, odd):
    make_run("run")
    ODD[odd](tmp_path)
    for _ in range(2):
        assert find_run("latest", tmp_path, tmp_path).name == "run"
        assert [run.name for run in available_runs(tmp_path, tmp_path)] == ["run"]
    printed = capsys.readouterr()
    assert printed.err.count(" is skipped: it ") == 1 and not printed.out


@pytest.mark.parametrize("day", ["2026_February31_10_00", "0000_March01_10_00", "2026_May01_25_00"])
def test_a_day_that_never_was_is_no_date(make_run, tmp_path, day):
    make_run(f"odd_{day}", datetime(2026, 3, 1).timestamp())
    make_run("a_2026_April01_00_00")
    assert order(tmp_path) == ["a_2026_April01_00_00", f"odd_{day}"]


def test_a_run_that_is_gone_by_now_is_the_oldest(tmp_path):
    assert RunFiles("gone", tmp_path).start == datetime.min


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[1]", b"\xff\xfe", b"[" * 200_000, b'{"synthetic": false}'),
        *(
            b'{"synthetic": false, "accuracy": %s}' % accuracy
            for accuracy in (b"NaN", b"1e999", b'"0.9"', b"null", b"7", b"-1", b"1" + b"0" * 400)
        ),
    ],
    ids=range(13),
)
def test_damaged_figures_are_as_none(make_run, tmp_path, content):
    make_run("run")
    (tmp_path / "run_metrics.json").write_bytes(content)
    assert list(available_runs(tmp_path, tmp_path).values()) == [None]


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


@pytest.fixture
def changed_weights(tmp_path):
    """Weights of which the last matrix, and perhaps a fact, are others."""

    def write(matrix=None, **facts: object) -> Path:
        path = random_weights(tmp_path, "run")
        content = torch.load(path, weights_only=True) | facts
        if matrix is not None:
            content["weights"]["layers.17.weight"] = matrix(content["weights"]["layers.17.weight"])
        torch.save(content, path)
        return path

    return write


@pytest.mark.parametrize(
    "matrix",
    [
        lambda t: t.to(torch.float8_e4m3fn),
        lambda t: torch.quantize_per_tensor(t.float(), 0.1, 0, torch.qint8),
        lambda t: t.to(torch.complex64),
        lambda t: t.to(torch.int8),
        lambda t: t * float("nan"),
    ],
    ids=["fp8", "quantised", "complex", "int8", "NaN"],
)
def test_weights_of_kinds_that_are_not_read_are_refused(changed_weights, matrix):
    with pytest.raises(
        HandwritingError, match=r"run\.pt holds weights that are not finite numbers in"
    ):
        load_weights(changed_weights(matrix))


@pytest.mark.parametrize(
    "facts",
    [
        {"epoch": torch.zeros(2)},
        {"synthetic": torch.zeros(2)},
        {"labels": 3},
        {"metrics": {"val_accuracy": "high"}},
        {"hyperparameters": {"extra_held_out": "x"}},
        {"hyperparameters": {"fraction": 2}},
        {"training_frequencies": [1.0]},
    ],
    ids=str,
)
def test_facts_of_another_kind_are_refused(changed_weights, facts):
    with pytest.raises(HandwritingError, match="is not a weights file of this project"):
        load_weights(changed_weights(**facts))


def test_weights_too_large_to_give_numbers_are_refused(changed_weights):
    path = changed_weights(lambda t: torch.full(t.shape, 1e38))
    content = load_weights(path)
    content["weights"]["layers.17.bias"] = torch.full((62,), 3e38)
    content["weights"]["layers.15.bias"] = torch.full((128,), 1e3)
    with pytest.raises(HandwritingError, match=r"run\.pt: the logits are not finite"):
        build_network(content, path)
