"""Locks on run names: one process per run, and no existing file is overwritten."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from handwriting.compute.distributed import is_first_rank
from handwriting.errors import HandwritingError
from handwriting.files import check_writable
from handwriting.runs import RunFiles, list_runs


@contextlib.contextmanager
def claimed(files: RunFiles) -> Iterator[None]:
    """Lock a run's name against all other processes; with several ranks, rank 0 holds the lock.

    The operating system releases the lock when the process ends, for whatever reason.

    Raises:
        HandwritingError: another process holds the lock, or files cannot be written there.
    """
    if not is_first_rank():
        yield
        return
    check_writable(files.models, files.checkpoint.parent, files.metrics)
    lock = FileLock(files.checkpoint.with_name(f".{files.name}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise HandwritingError(
            f"another process is training {files.name}: it holds {lock.lock_file}. Wait until it "
            "has ended, or give another --name."
        ) from error
    try:
        yield
    finally:
        # On Windows an open file cannot be removed; FileLock removes it there.
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def check_unused(files: RunFiles, *paths: Path) -> None:
    """Check that a new run overwrites nothing.

    Args:
        files: of the run.
        paths: those of them that must not exist.

    Raises:
        HandwritingError: one of the paths exists, or the name is ``latest``.
    """
    if files.name == "latest":
        raise HandwritingError("latest is reserved for the newest run. Give another --name.")
    for path in paths:
        if path.exists():
            going_on = f", or continue this run: --resume {files.name}"
            raise HandwritingError(
                f"{path} exists already. Wait a minute, or give another --name"
                f"{going_on if files.checkpoint.exists() else ''}."
            )


def files_to_resume(name: str, models: Path, metrics: Path) -> RunFiles:
    """The files of a run, by its name or its checkpoint; ``latest`` is the newest run.

    Raises:
        HandwritingError: there is no run to resume.
    """
    folder = models / "checkpoints"
    if name != "latest":
        return RunFiles(re.sub(r"\.pt$", "", Path(name).name), models, metrics)
    present = list_runs(folder)
    if not present:
        raise HandwritingError(f"{folder} holds no run to resume. Start one without --resume.")
    newest = max(present, key=lambda run: run.weights.stat().st_mtime)
    return RunFiles(newest.name, models, metrics)


def check_output(out: Path, *read: Path) -> None:
    """Check before long work that its output can be written and replaces none of its inputs.

    Args:
        out: output file.
        read: input files.

    Raises:
        HandwritingError: the output is one of the inputs, or its folder is not writable.
    """
    if any(out.exists() and path.exists() and out.samefile(path) for path in read):
        raise HandwritingError(f"--out {out} is also an input. Give another file.")
    check_writable(out.parent)


def check_renamed(files: RunFiles, name: object) -> None:
    """Check that a checkpoint copied under a new name overwrites no other run.

    Args:
        files: of the run, named after the checkpoint file.
        name: of the run, as stored in the checkpoint.

    Raises:
        HandwritingError: the checkpoint is a copy, and files of its new name exist.
    """
    if name != files.name:
        check_unused(files, files.weights, files.metric("history.csv"))
