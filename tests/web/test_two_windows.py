"""One user in two windows, and the objects that the web app leaves behind."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support import PROJECT
from tests.web.browsing import PATIENCE, answer, draw, open_page
from tests.web.strokes import DRAWINGS

pytestmark = pytest.mark.browser


def test_the_same_person_in_two_windows_has_two_drawings(tabs, address):
    first, second = (open_page(tabs, address) for _ in range(2))
    for page, character in ((first, "7"), (second, "L")):
        page.bring_to_front()
        draw(page, *DRAWINGS[character])
        expect(answer(page)).to_have_text(character)
    second.get_by_role("tab", name="Compare runs").click()
    expect(second.get_by_text("Errors of one character")).to_be_visible(timeout=PATIENCE)
    second.close()
    first.bring_to_front()
    expect(answer(first)).to_have_text("7")
    first.get_by_role("button", name="Undo").click()
    expect(answer(first)).to_have_count(0)
    first.close()


def files_in(*folders: Path) -> dict[Path, int]:
    """Every file and when it was written."""
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in paths if "__pycache__" not in path.parts}


def test_the_page_writes_nothing(tabs, address, home):
    folders = [PROJECT / name for name in ("data", "images", "metrics", "models")]
    before = files_in(*folders)
    page = open_page(tabs, address)
    draw(page, *DRAWINGS["7"])
    expect(answer(page)).to_have_text("7")
    page.get_by_role("tab", name="Compare runs").click()
    expect(page.get_by_text("Errors of one character")).to_be_visible(timeout=PATIENCE)
    page.close()
    assert files_in(*folders) == before
    assert files_in(home) == {}, "since the server was started"
