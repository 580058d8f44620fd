"""The web app writes no files."""

import json
from pathlib import Path

import pytest

from tests.support import PROJECT
from tests.web.test_strangers import SEVEN
from tests.web.visitor import Visitor

pytestmark = pytest.mark.browser


def files_in(*folders: Path) -> dict[Path, int]:
    """Every file and when it was written."""
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in paths if "__pycache__" not in path.parts}


def test_the_page_writes_nothing(address, home):
    folders = [PROJECT / name for name in ("data", "images", "metrics", "models")]
    before = files_in(*folders)
    with Visitor(address) as visitor:
        visitor.tell("canvas", json_value=json.dumps({"drawing": {"raw": SEVEN, "data": None}}))
        visitor.tell("tab", string_value="Compare runs")
        assert any("Errors of one character" in str(e) for e in visitor.elements.values())
    assert files_in(*folders) == before
    assert files_in(home) == {}, "since the server was started"
