"""Every script starts on any system, and rejects an unsupported Python in one line."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from handwriting.python_version import version_fault

import pytest

from tests.support import PROJECT

FOLDERS = ("handwriting", "benchmarks", "studies")
FILES = [*PROJECT.glob("*.py"), *(path for f in FOLDERS for path in (PROJECT / f).rglob("*.py"))]
UNIX_ALONE = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}

SCRIPTS = sorted(
    path.relative_to(PROJECT).as_posix()
    for path in FILES
    if 'if __name__ == "__main__":\n    raise SystemExit(run_script(' in path.read_text("utf-8")
)


@cache
def trees() -> dict[Path, ast.Module]:
    """What stands in each file."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def _imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a file imports as it begins, in order."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


PROGRAM = """
import contextlib, io, os, runpy, signal, sys
import cv2, matplotlib.pyplot, optuna, pandas, PIL.Image, sklearn.model_selection, torch, tqdm

for name in ("SIGPIPE", "SIGHUP", "SIGTERM"):
    delattr(signal, name)
for name in ("fork", "getuid", "mkfifo", "nice", "sched_getaffinity", "uname", "wait4"):
    delattr(os, name)

def run(path, *arguments):
    sys.argv = [path, *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as end:
            assert not end.code, path
    return printed.getvalue()

for path in {scripts!r}:
    assert "usage:" in run(path, "--help"), path
print(run("data_split.py", "--processed", {processed!r}))
"""


def test_without_what_only_unix_has_every_script_helps_and_a_stage_runs(processed, tmp_path):
    assert len(SCRIPTS) > 20
    folder = Path(shutil.copytree(processed, tmp_path / "processed"))
    (folder / "split.pt").unlink()
    program = PROGRAM.format(scripts=SCRIPTS, processed=str(folder))
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "none in both" in done.stdout and (folder / "split.pt").is_file()


def test_nothing_is_imported_that_only_unix_has():
    """At the top of a file, where it stops ``--help``; a function may, and say what it lacks."""
    for path, tree in trees().items():
        assert not set(_imported(tree)) & UNIX_ALONE, path


def test_text_files_are_opened_in_utf_8_whatever_the_system_has():
    for path, tree in trees().items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if _opens_text(call):
                assert _names_encoding(call), f"{path}, line {call.lineno}"


def _opens_text(call: ast.Call) -> bool:
    """Whether it is ``read_text()``, ``write_text()``, or ``open()`` not of bytes."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name == "open":
        modes = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        is_path = isinstance(call.func.value, ast.Name | ast.Call | ast.BinOp | ast.Attribute)
        return is_path and any(mode in ("r", "w", "a", "x") for mode in modes)
    return name in ("read_text", "write_text")


def _names_encoding(call: ast.Call) -> bool:
    given = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    return "utf-8" in given or "encoding" in {keyword.arg for keyword in call.keywords}


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 8), (3, 10, 14), (3, 15, 0), (4, 0)])
def test_a_python_that_will_not_do_is_told_which_will(version):
    fault = version_fault(version)
    assert f"Python {version[0]}.{version[1]}, but Python 3.11 to 3.14 is needed" in fault
    assert len(fault.splitlines()) == 1


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2), sys.version_info])
def test_others_will_do(version):
    assert version_fault(version) == ""


FIRST = "handwriting.python_version"
STAGES = [path for path in PROJECT.glob("*.py") if path.name in SCRIPTS]
PACKAGES = [PROJECT / folder / "__init__.py" for folder in FOLDERS]


@pytest.mark.parametrize("path", [*STAGES, *PACKAGES], ids=lambda path: path.stem)
def test_an_older_python_can_read_what_it_meets_before_it_is_refused(path):
    source = path.read_text(encoding="utf-8")
    imported = list(_imported(ast.parse(source, feature_version=(3, 7))))
    before = imported[: imported.index(FIRST)]
    assert {name.split(".")[0] for name in before} <= set(sys.stdlib_module_names)


def test_the_refusal_is_in_the_language_of_older_pythons():
    source = (PROJECT / "handwriting" / "python_version.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 7))
    assert list(_imported(tree)) == ["sys"]


def test_make_refuses_it_before_pip_does():
    recipe = (PROJECT / "Makefile").read_text(encoding="utf-8").partition(".venv/ready:")[2]
    refusal = recipe.index("$(PYTHON) handwriting/python_version.py")
    assert refusal < recipe.index("-m venv") < recipe.index("-m pip")
