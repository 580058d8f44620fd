"""A run's name belongs to one process at a time, and what exists under it is not overwritten."""

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
    """Hold a run's name against all other processes; of several ranks the first one does.

    The operating system lets go of it when the process ends, however it ends.

    Raises:
        HandwritingError: another process holds it, or files cannot be written there.
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
        # Windows removes no open file: there FileLock does so itself.
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def check_unused(files: RunFiles, *paths: Path) -> None:
    """Check that a new run overwrites nothing.

    Args:
        files: of the run.
        paths: those of them that must not exist.

    Raises:
        HandwritingError: one of them exists, or the name means the newest run.
    """
    if files.name == "latest":
        raise HandwritingError("latest stands for the newest run. Give another --name.")
    for path in paths:
        if path.exists():
            going_on = f", or go on with it: --resume {files.name}"
            raise HandwritingError(
                f"{path} exists already. Wait a minute, or give another --name"
                f"{going_on if files.checkpoint.exists() else ''}."
            )


def files_to_resume(name: str, models: Path, metrics: Path) -> RunFiles:
    """The files of a run by its name or its checkpoint; those of the newest one for ``latest``.

    Raises:
        HandwritingError: there is none.
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
    """Check, before long work, that its outcome can be written and replaces nothing that is read.

    Args:
        out: file to write.
        read: files that the work reads.

    Raises:
        HandwritingError: the file is one of those, or nothing can be written to its folder.
    """
    if any(out.exists() and path.exists() and out.samefile(path) for path in read):
        raise HandwritingError(f"--out {out} is a file that is read. Give another one.")
    check_writable(out.parent)


def check_renamed(files: RunFiles, name: object) -> None:
    """Check that a checkpoint that was copied under another name overwrites no other run.

    Args:
        files: of the run, by the checkpoint's file.
        name: of the run in the checkpoint.

    Raises:
        HandwritingError: it is the copy of another run, and there are files of its new name.
    """
    if name != files.name:
        check_unused(files, files.weights, files.metric("history.csv"))
