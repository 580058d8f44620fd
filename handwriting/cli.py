"""What all command lines share: the parser, what a stage says of itself, and how a script ends.

A script ends with ``raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))``.
"""

import argparse
import contextlib
import errno
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from handwriting.errors import HandwritingError
from handwriting.files import replacing, save_json

STAGES = (
    "gather the six EMNIST splits",
    "split 90 to 10",
    "train a network",
    "evaluate on the test set",
)

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGPIPE: 141, signal.SIGTERM: 143}


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which stops a script as Ctrl-C does."""


def make_parser(doc: str) -> argparse.ArgumentParser:
    """A parser that is described by a docstring's first line and shows each option's default."""
    return argparse.ArgumentParser(
        description=doc.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def make_measuring_parser(doc: str, out: Path, **quick: Any) -> argparse.ArgumentParser:
    """The parser of a benchmark or a study, which writes its figures only when asked to.

    Args:
        doc: the file's docstring.
        out: folder for the figures.
        quick: values of other options, with which a run takes seconds; ``--quick`` sets them.
    """
    parser = make_parser(doc)
    parser.add_argument("--out", type=Path, default=out, help="folder for the figures")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--save",
        action="store_true",
        help="also write the figures to the folder of --out; without it they are only printed",
    )
    words = " ".join(
        f"--{n.replace('_', '-')} {_words(value)}".strip() for n, value in quick.items()
    )
    kind.add_argument(
        "--quick",
        action=_Quick,
        values=quick,
        help=f"a run of seconds to try it out, whose figures say nothing: {words}",
    )
    return parser


class _Quick(argparse.Action):
    """An option that sets several others."""

    def __init__(self, values: dict[str, Any], **settings: Any) -> None:
        super().__init__(nargs=0, default=False, **settings)
        self.values = values

    def __call__(self, parser: object, namespace: argparse.Namespace, *_: object) -> None:
        vars(namespace).update(self.values, quick=True)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is True else str(value)


def save_measured(args: argparse.Namespace, name: str, result: dict[str, Any]) -> None:
    """With ``--save``, write a measurement and the command that made it to ``args.out / name``."""
    if not args.save:
        return
    with replacing(args.out / name) as (part,):
        save_json({"command": command_line(), **result}, part)
    print(f"wrote {args.out / name}")


def command_line() -> str:
    """The command that runs, as a person would type it in the project's folder."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    script = f"-m {spec.name.removesuffix('.__main__')}" if spec else Path(sys.argv[0]).name
    return shlex.join(["python", *script.split(), *sys.argv[1:]])


def announce(stage: int, reads: Path | str, writes: Path | str) -> None:
    """Print which stage of four this is, and its input and output."""
    print(f"Stage {stage} of {len(STAGES)}: {STAGES[stage - 1]}")
    print(f"  reads  {reads}\n  writes {writes}", flush=True)


def finish(next_command: str | None) -> None:
    """Print the command that comes next; ``None`` after the last stage."""
    print(f"next: {next_command}" if next_command else "That was the last stage.")


def run_script(main: Callable[[], object]) -> int:
    """Run ``main`` and return the exit code of the script.

    0 for success, 1 for an error that a person can mend (one line on standard error, no
    traceback), 130 for Ctrl-C, 141 where nobody reads the output any more, as after ``| head``, 143
    for SIGTERM. Other exceptions are bugs and keep their traceback.
    """
    try:
        with _terminable():
            main()
            sys.stdout.flush()
    except HandwritingError as error:
        return _fail(str(error), 1)
    except _Terminated:
        return _stopped("SIGTERM", signal.SIGTERM)
    except KeyboardInterrupt:
        return _stopped("Ctrl-C", signal.SIGINT)
    except BrokenPipeError:
        # Python flushes once more as it ends, and would complain of the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_CODES[signal.SIGPIPE]
    except OSError as error:
        if error.errno in _DISK_FULL:
            place = f" writing {error.filename}" if error.filename else ""
            return _fail(
                f"the disk is full{place}; earlier results are unchanged. "
                "Free some space and run the same command again.",
                1,
            )
        if error.filename is None:
            raise
        return _fail(f"{error.filename}: {error.strerror}. Check the path and its permissions.", 1)
    return 0


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM raise in here; only a process's main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(by: str, number: signal.Signals) -> int:
    return _fail(f"stopped by {by}; files written before are unchanged.", _EXIT_CODES[number])


def _fail(message: str, code: int) -> int:
    print(f"\nerror: {message}", file=sys.stderr)
    return code
