"""Shared code of all command lines: exit codes, and the script's own command."""

import argparse
import errno
import io
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import types
from pathlib import Path

import pytest

from handwriting.cli import (
    command_line,
    make_measuring_parser,
    make_parser,
    positive_int,
    report_measured,
    run_script,
    seed,
)
from handwriting.errors import HandwritingError


def stop_by(error: BaseException):
    def main():
        raise error

    return main


def send(name: str):
    """Send a signal to this very process and wait for it."""

    def main():
        if not hasattr(signal, "sigtimedwait") or not hasattr(signal, name):
            pytest.skip("a process cannot send itself this signal here")
        os.kill(os.getpid(), getattr(signal, name))
        signal.sigtimedwait([], 5)
        raise AssertionError("the signal did not stop it")

    return main


@pytest.fixture
def _interruptible():
    """Signals count as in a terminal: what a shell starts in the background ignores some."""
    handlers = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    numbers = {getattr(signal, n): h for n, h in handlers.items() if hasattr(signal, n)}
    before = {number: signal.signal(number, handler) for number, handler in numbers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("main", "code", "words"),
    [
        (lambda: "done", 0, ""),
        (stop_by(HandwritingError("x.pt is damaged.")), 1, "error: x.pt is damaged."),
        (stop_by(KeyboardInterrupt()), 130, "error: stopped by Ctrl-C"),
        (send("SIGINT"), 130, "error: stopped by Ctrl-C"),
        (send("SIGTERM"), 143, "error: stopped by SIGTERM"),
        (send("SIGHUP"), 129, "error: stopped by SIGHUP"),
        (stop_by(OSError(errno.ENOSPC, "full", "a.pt")), 1, "error: the disk is full writing a.pt"),
        (stop_by(OSError(errno.EDQUOT, "quota")), 1, "error: the disk is full;"),
        (stop_by(PermissionError(errno.EACCES, "denied", "b.pt")), 1, "error: b.pt: denied."),
        (
            stop_by(OSError(errno.EACCES, "in use", ".c.part", None, "c.pt")),
            1,
            "error: c.pt: in use",
        ),
    ],
)
def test_a_script_ends_with_one_line_and_the_usual_code(capsys, _interruptible, main, code, words):
    before = signal.getsignal(signal.SIGTERM)
    assert run_script(main) == code
    printed, error = capsys.readouterr()
    assert printed == "" and error.strip().startswith(words)
    assert len(error.strip().splitlines()) == bool(words)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError("without a file")])
def test_bugs_keep_their_traceback(error):
    with pytest.raises(type(error)):
        run_script(stop_by(error))


PRINTER = """
from handwriting.cli import run_script

def main():
    for _ in range({lines}):
        print("a line")

raise SystemExit(run_script(main))
"""


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_who_has_seen_enough_stops_a_script_without_a_word(lines):
    program = [sys.executable, "-c", PRINTER.format(lines=lines)]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(program, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, "")


class Unwritable(io.StringIO):
    """Standard output that fails with one of the errors that systems have for it."""

    def __init__(self, number: int, descriptor: int) -> None:
        super().__init__()
        self.number, self.descriptor = number, descriptor

    def flush(self) -> None:
        raise OSError(self.number, "cannot be written to")

    def fileno(self) -> int:
        return self.descriptor


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EINVAL, errno.EIO, errno.EBADF])
@pytest.mark.parametrize("argument", ["x", "--help"])
def test_whatever_a_system_calls_it_an_output_without_a_reader_is_no_traceback(
    monkeypatch, number, argument
):
    parser = make_parser("Print.")
    parser.add_argument("word", help="to print")
    with tempfile.TemporaryFile() as file:
        monkeypatch.setattr(sys, "stdout", Unwritable(number, file.fileno()))
        assert run_script(lambda: print(parser.parse_args([argument]).word)) == 141


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_a_closed_stream_is_no_traceback(monkeypatch, closed):
    """Python has ``None`` for what a shell closes with ``>&-``."""
    monkeypatch.setattr(sys, closed, None)
    assert run_script(lambda: print("a line")) == 0
    assert run_script(stop_by(HandwritingError("x is damaged."))) == 1
    getattr(sys, closed).close()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_any_text_can_be_printed_and_written(monkeypatch, tmp_path, encoding):
    """Consoles lack characters, and names of files need not be text."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", printed)
    name = "scan\N{RIGHTWARDS ARROW}" + os.fsdecode(b"\xff.png").replace("\xff", "\udcff")
    args = argparse.Namespace(save=True, out=tmp_path)
    assert run_script(lambda: report_measured(args, "x.json", {"file": name})) == 0
    assert run_script(lambda: print(name)) == 0
    arrow = "→" if encoding == "utf-8" else "\\u2192"
    assert f"scan{arrow}\\udcff.png" in printed.buffer.getvalue().decode(encoding)
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["file"] == name


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run_script(lambda: os.kill(os.getpid(), signal.SIGHUP)) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (positive_int, ["1", "2147483647"], ["0", "-1", "2147483648", "1.5", "nan", "x", ""]),
        (seed, ["0", "4294967295"], ["-1", "4294967296", str(2**70), "9" * 5000, "x"]),
    ],
)
def test_numbers_out_of_range_are_refused_in_one_short_line(kind, right, wrong):
    assert [kind(text) for text in right] == [int(text) for text in right]
    for text in wrong:
        with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number") as caught:
            kind(text)
        assert len(str(caught.value)) < 120


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's device that is always full")
def test_a_full_disk_under_the_output_is_said_too():
    program = [sys.executable, "-c", PRINTER.format(lines=1)]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.strip().startswith("error: the disk is full;")


def test_it_works_in_a_thread_too():
    codes = []
    thread = threading.Thread(target=lambda: codes.append(run_script(lambda: None)))
    thread.start()
    thread.join()
    assert codes == [0]


PROGRAM = "from handwriting.cli import command_line\ncommand = command_line()\n"


@pytest.fixture
def command_of(tmp_path, monkeypatch):
    """The command line that a program sees, which Python runs as a script or as a module."""
    package = tmp_path / "package"
    package.mkdir()
    for name in ("__init__.py", "__main__.py", "tool.py"):
        (package / name).write_text("" if name == "__init__.py" else PROGRAM)
    (tmp_path / "some_stage.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)

    def run(kind: str, name: str, *options: str) -> str:
        monkeypatch.setattr(sys, "argv", [name, *options])
        if kind == "module":
            return runpy.run_module(name, run_name="__main__", alter_sys=True)["command"]
        path = str(tmp_path / name)
        monkeypatch.setattr(sys, "argv", [path, *options])
        monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
        return runpy.run_path(path, run_name="__main__")["command"]

    yield run
    for name in [name for name in sys.modules if name.split(".")[0] == "package"]:
        del sys.modules[name]


def test_the_command_of_a_script_is_as_a_person_types_it(command_of):
    found = command_of("script", "some_stage.py", "--name", "two words", "--epochs", "3")
    assert found == "python some_stage.py --name 'two words' --epochs 3"


@pytest.mark.parametrize("name", ["package", "package.tool"])
def test_the_command_of_a_module_names_the_module(command_of, name):
    assert command_of("module", name, "--save") == f"python -m {name} --save"


def test_a_parser_shows_the_docstrings_first_line_and_the_defaults():
    parser = make_parser("Train a network.\n\nAt length.")
    parser.add_argument("--epochs", default=8, help="times through the images")
    shown = parser.format_help()
    assert "Train a network." in shown and "At length" not in shown and "(default: 8)" in shown


def test_figures_are_written_only_when_asked_to(tmp_path, capsys):
    parser = make_measuring_parser("Measure.", tmp_path / "figures", images=10)
    report_measured(parser.parse_args([]), "x.json", {"seconds": 3})
    assert not list(tmp_path.iterdir()) and capsys.readouterr().out == '{"seconds": 3}\n'
    report_measured(parser.parse_args(["--save"]), "x.json", {"seconds": 3})
    written = (tmp_path / "figures" / "x.json").read_text()
    assert '"seconds": 3' in written and '"command": "python' in written
    assert str(Path("figures") / "x.json") in capsys.readouterr().out


def test_this_process_has_a_command_too():
    assert command_line().startswith("python ")
