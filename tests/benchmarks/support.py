"""Helpers that run a benchmark or a study at its smallest size and detect every file it writes."""

import json
import os
import runpy
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks.reader_process import answer
from tests.support import PROJECT


def run_quick(
    module: ModuleType, folder: Path, *arguments: object, then: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What ``--save`` would write after a run with ``--quick``, by file; nothing is written.

    Args:
        module: has ``get_args_parser`` and ``main``.
        folder: to run in; it has to be empty, and stays so.
        arguments: of the command line.
        then: attributes of the module to replace.
    """
    results: dict[str, Any] = {}
    save = module.report_measured

    def spy(args: Any, name: str, result: dict[str, Any]) -> None:
        results[name] = json.loads(json.dumps(result, allow_nan=False))
        save(args, name, result)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(module, "report_measured", spy)
        for name, value in (then or {}).items():
            patch.setattr(module, name, value)
        parser = module.get_args_parser()
        module.main(parser.parse_args(["--quick", *map(str, arguments)]))
    assert not list(folder.iterdir())
    return results


def committed(name: str) -> dict[str, Any]:
    """The figures in metrics/, as ``benchmarks/roofline.json``, without the command."""
    figures = json.loads((PROJECT / "metrics" / name).read_text(encoding="utf-8"))
    assert next(iter(figures)) == "command"
    assert figures.pop("command").startswith("python ")
    return figures


def need_chromium() -> None:
    """Skip a test where there is no browser."""
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail("chromium is missing, and REQUIRE_ALL is set")
    pytest.skip("needs chromium (Debian's package), which is not on this machine")


def call_here(work: Any, *arguments: object) -> Any:
    """Instead of `alone`: a process of its own takes seconds to start."""
    return work(*arguments)


def run_here(command: list[str]) -> tuple[float, float]:
    """Instead of `run_once`: a script of this project, which has to succeed, in this process."""
    _, *script = command
    if script[0] == "-m":
        script = [f"{script[1].replace('.', '/')}.py", *script[2:]]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.chdir(PROJECT)
        patch.setattr(sys, "argv", script)
        runpy.run_path(script[0], run_name="__main__")
    assert end.value.code == 0
    return 2.0, 0.5


def read_here(reader, pictures, language, weights, scratch):
    """`other_readers.read_by` without a process of its own, which takes seconds to start."""
    files = [str(file) for file in pictures.files]
    request = {"files": files, "language": language, "weights": str(weights)}
    return answer(reader, pictures.kind, request)
