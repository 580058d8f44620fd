"""Uploaded files that no widget uses do not accumulate."""

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from handwriting.web import uploads


@pytest.fixture
def manager(monkeypatch) -> MemoryUploadedFileManager:
    for name, most in (("MOST_FILES", 5), ("MOST_BYTES", 100), ("MOST_BYTES_OF_ALL", 250)):
        monkeypatch.setattr(uploads, name, most)
    manager = MemoryUploadedFileManager("upload")
    uploads.limit(manager)
    return manager


def kept(manager: MemoryUploadedFileManager) -> dict[str, list[str]]:
    return {session: list(files) for session, files in manager.file_storage.items()}


def send(manager: MemoryUploadedFileManager, session: str, name: str, size: int) -> None:
    manager.add_file(session, UploadedFileRec(name, name, "image/png", bytes(size)))


def test_of_many_files_the_newest_are_kept(manager):
    for k in range(20):
        send(manager, "a", str(k), 1)
    assert kept(manager) == {"a": ["15", "16", "17", "18", "19"]}


def test_large_files_make_older_ones_go(manager):
    for k in range(20):
        send(manager, "a", str(k), 40)
    assert kept(manager) == {"a": ["18", "19"]}


def test_many_windows_keep_no_more_than_all_may(manager):
    for k in range(20):
        send(manager, str(k), "x", 100)
    held = sum(len(file.data) for files in manager.file_storage.values() for file in files.values())
    assert 200 <= held <= 250 and "x" in kept(manager)["19"]
