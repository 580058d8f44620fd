"""Shared parts of the command lines: parser, messages of stages, exit codes.

A script ends with ``raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))``.
"""

import argparse
import contextlib
import errno
import io
import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from handwriting.errors import HandwritingError
from handwriting.files import replacing, save_json

STAGES = (
    "gather the six EMNIST splits",
    "split 90 to 10",
    "train a character model",
    "evaluate a character model",
)

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_STOPPING = ("SIGTERM", "SIGHUP", "SIGBREAK")
"""Signals that stop a script like Ctrl-C, where the system has them."""

_CTRL_C, _NO_READER = 130, 141
"""Exit codes of shells: 128 plus the number of SIGINT, of SIGPIPE."""


class _Signalled(KeyboardInterrupt):
    """A stopping signal arrived; its number is the argument."""


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    """An argparse type: whole numbers in a range."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r:.40} is not a whole number from {least} to {most}"
            )
        return value

    return read


positive_int = _whole_number(1, 2**31 - 1)
seed = _whole_number(0, 2**32 - 1)


def make_parser(doc: str) -> argparse.ArgumentParser:
    """A parser with a docstring's first line as description, which shows defaults in its help."""
    return argparse.ArgumentParser(
        description=doc.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def make_measuring_parser(doc: str, out: Path, **quick: Any) -> argparse.ArgumentParser:
    """The parser of a benchmark or study, with ``--out``, ``--save`` and ``--quick``.

    Args:
        doc: docstring of the file.
        out: default folder for the results.
        quick: values of other options that ``--quick`` sets, for a run of seconds.
    """
    parser = make_parser(doc)
    parser.add_argument("--out", type=Path, default=out, help="folder for the results")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--save",
        action="store_true",
        help="write the results to the folder of --out as well as print them",
    )
    words = " ".join(
        f"--{n.replace('_', '-')} {_words(value)}".strip() for n, value in quick.items()
    )
    kind.add_argument(
        "--quick",
        action=_Quick,
        values=quick,
        help=f"trial run of seconds, with meaningless results: {words}",
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


def report_measured(args: argparse.Namespace, name: str, result: dict[str, Any]) -> None:
    """Print a measurement as JSON; with ``--save``, write it and its command to
    ``args.out / name``."""
    print(json.dumps(result), flush=True)
    if not args.save:
        return
    with replacing(args.out / name) as (part,):
        save_json({"command": command_line(), **result}, part)
    print(f"wrote {args.out / name}")


def command_line() -> str:
    """The running command, as typed in the project's folder."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    script = f"-m {spec.name.removesuffix('.__main__')}" if spec else Path(sys.argv[0]).name
    return shlex.join(["python", *script.split(), *sys.argv[1:]])


def announce(stage: int, reads: Path | str, writes: Path | str) -> None:
    """Print the number of a stage (1..4), its task, its input and its output."""
    print(f"Stage {stage} of {len(STAGES)}: {STAGES[stage - 1]}")
    print(f"  reads  {reads}\n  writes {writes}", flush=True)


def finish(next_command: str | None) -> None:
    """Print the next command; ``None`` after the last stage."""
    print(f"next: {next_command}" if next_command else "That was the last stage.")


def run_script(main: Callable[[], object]) -> int:
    """Run ``main`` and return the exit code of the script.

    0: success. 1: an error that a person can fix, one line on standard error without traceback.
    130: Ctrl-C. 141: closed standard output, as after ``| head``. 128 plus its number: another
    stopping signal. Other exceptions are bugs and keep their traceback.
    """
    _accept_any_text()
    try:
        with _stoppable():
            _run_and_flush(main)
    except HandwritingError as error:
        return _fail(str(error), 1)
    except _Signalled as error:
        number = signal.Signals(error.args[0])
        return _stopped(number.name, 128 + number)
    except KeyboardInterrupt:
        return _stopped("Ctrl-C", _CTRL_C)
    except OSError as error:
        if error.errno in _DISK_FULL:
            place = f" writing {error.filename}" if error.filename else ""
            return _fail(
                f"the disk is full{place}; earlier results are unchanged. "
                "Free some space and run the same command again.",
                1,
            )
        if error.filename is not None:
            # Of two names the second is the file to replace.
            name = error.filename2 or error.filename
            return _fail(f"{name}: {error.strerror}. Check the path and its permissions.", 1)
        if not isinstance(error, BrokenPipeError) and not _has_no_reader():
            raise
        # Python flushes again at exit, which would report the broken pipe a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NO_READER
    return 0


def _accept_any_text() -> None:
    """Make the standard streams exist and accept any text.

    Characters outside their encoding and undecodable file names are written as escapes. A closed
    stream becomes the null device; otherwise the next opened file would take its descriptor.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, nowhere(mode))
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="backslashreplace")


def nowhere(mode: str = "w") -> TextIO:
    """The null device, as an open text file."""
    return Path(os.devnull).open(mode, encoding="utf-8", errors="ignore")


def _run_and_flush(main: Callable[[], object]) -> None:
    """Run ``main`` and flush its output, also after ``--help``."""
    try:
        main()
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()


def _has_no_reader() -> bool:
    """Whether standard output is closed; Windows raises another error than a broken pipe."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """A context in which stopping signals raise; it does nothing outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        raise _Signalled(number)

    known = (getattr(signal, name) for name in _STOPPING if hasattr(signal, name))
    before = {number: signal.getsignal(number) for number in known}
    # Signals that `nohup` ignores stay ignored; ``None`` is a handler from outside of Python.
    before = {n: handler for n, handler in before.items() if handler not in (None, signal.SIG_IGN)}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopped(by: str, code: int) -> int:
    return _fail(f"stopped by {by}; files written before are unchanged.", code)


def _fail(message: str, code: int) -> int:
    # The terminal may be closed.
    with contextlib.suppress(OSError):
        print(f"\nerror: {message}", file=sys.stderr)
    return code
