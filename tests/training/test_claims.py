"""A run's name is locked by one process, released when it ends, and nothing is overwritten."""

import os
from pathlib import Path

import pytest

from handwriting.errors import HandwritingError
from handwriting.runs import RunFiles
from handwriting.training.claims import (
    check_output,
    check_renamed,
    check_unused,
    claimed,
    files_to_resume,
)


@pytest.fixture
def files(tmp_path) -> RunFiles:
    return RunFiles("run", tmp_path / "models", tmp_path / "metrics")


def test_a_name_is_claimed_once_and_free_again(files, tmp_path):
    with claimed(files):
        with (
            pytest.raises(HandwritingError, match="another process is training run"),
            claimed(files),
        ):
            pass
        with claimed(RunFiles("other", files.models, files.metrics)):
            pass
    with claimed(files):
        pass
    assert not [path for path in tmp_path.rglob("*") if path.is_file()], "nothing is left behind"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_dies_lets_go_of_the_name(files):
    child = os.fork()
    if not child:
        claim = claimed(files)
        claim.__enter__()
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert files.checkpoint.with_name(".run.lock").exists(), "it died holding the name"
    with claimed(files):
        pass


@pytest.mark.parametrize("folder", ["models", "metrics"])
def test_a_folder_that_takes_no_files_is_said_at_the_start(files, tmp_path, folder):
    (tmp_path / folder).write_text("a file")
    with (
        pytest.raises(HandwritingError, match=f"{folder} is not writable"),
        claimed(files),
    ):
        pass


def paths_of(files: RunFiles) -> tuple[Path, ...]:
    return files.weights, files.checkpoint, files.metric("history.csv")


@pytest.mark.parametrize("number", range(3))
def test_a_new_run_overwrites_nothing(files, number):
    path = paths_of(files)[number]
    check_unused(files, *paths_of(files))
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(HandwritingError, match=f"{path.name} exists already") as caught:
        check_unused(files, *paths_of(files))
    assert ("--resume run" in str(caught.value)) == (path == files.checkpoint)


def test_no_run_is_called_as_the_newest_one_is(tmp_path):
    with pytest.raises(HandwritingError, match="latest is reserved for the newest run"):
        check_unused(RunFiles("latest", tmp_path, tmp_path))


def test_an_outcome_replaces_nothing_that_is_read(tmp_path):
    read, link = tmp_path / "read.npz", tmp_path / "link.npz"
    read.touch()
    link.symlink_to(read)
    check_output(tmp_path / "new" / "out.npz", read, tmp_path / "nowhere")
    for out in (read, link, tmp_path / "new" / ".." / "read.npz"):
        with pytest.raises(HandwritingError, match="is also an input"):
            check_output(out, read)


def test_a_copied_checkpoint_goes_on_under_its_new_name_or_not_at_all(files):
    check_renamed(files, "original")
    files.weights.parent.mkdir(parents=True)
    files.weights.touch()
    check_renamed(files, "run")
    with pytest.raises(HandwritingError, match=r"run\.pt exists already"):
        check_renamed(files, "original")


def test_the_run_to_resume_is_found_by_name_file_or_as_the_newest(files, capsys):
    models, metrics = files.models, files.metrics
    with pytest.raises(HandwritingError, match="holds no run to resume"):
        files_to_resume("latest", models, metrics)
    folder = files.checkpoint.parent
    folder.mkdir(parents=True)
    for time, name in enumerate(("old", "run", "older")):
        (folder / f"{name}.pt").touch()
        os.utime(folder / f"{name}.pt", (10 - abs(time - 1), 10 - abs(time - 1)))
    (folder / "link.pt").symlink_to("nowhere")
    for name in ("run", "run.pt", str(folder / "run.pt"), "latest"):
        assert files_to_resume(name, models, metrics) == files
    assert capsys.readouterr().err.count("link.pt' is skipped") == 1
