"""Limits on the uploaded files that Streamlit keeps.

Streamlit accepts files for any open window, even without an upload widget, and keeps them until the
window is closed.
"""

from collections.abc import Iterator

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

MOST_FILES, MOST_BYTES = 1_000, 100_000_000
"""Limits of one window; older files are removed to make room."""

MOST_BYTES_OF_ALL = 400_000_000
"""Limit of all windows."""


@st.cache_resource(show_spinner=False)
def limit_uploads() -> None:
    """Install the limits in the server; once per process."""
    context = get_script_run_ctx()
    if context is not None:
        limit(context.uploaded_file_mgr)


def limit(manager: MemoryUploadedFileManager) -> None:
    """Make a file manager remove older files before it adds a new one."""
    add = manager.add_file

    def add_within_limits(session_id: str, file: UploadedFileRec) -> None:
        for owner, old in _too_many(manager, session_id, len(file.data)):
            manager.remove_file(owner, old)
        add(session_id, file)

    manager.add_file = add_within_limits


def take(files: list[UploadedFile]) -> list[tuple[str, bytes]]:
    """Names and contents of files, which are removed from Streamlit's memory."""
    context = get_script_run_ctx()
    if context is not None:
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    return [(file.name, file.getvalue()) for file in files]


def _too_many(
    manager: MemoryUploadedFileManager, session_id: str, size: int
) -> Iterator[tuple[str, str]]:
    """Windows and names of the oldest files to remove before a file of ``size`` bytes is added."""
    own = dict(manager.file_storage.get(session_id, {}))
    count, own_bytes = len(own), sum(len(file.data) for file in own.values())
    for name, file in own.items():
        if count < MOST_FILES and own_bytes + size <= MOST_BYTES:
            break
        count, own_bytes = count - 1, own_bytes - len(file.data)
        yield session_id, name
    others = {key: dict(files) for key, files in list(manager.file_storage.items())}
    in_all = sum(len(file.data) for files in others.values() for file in files.values())
    for owner, files in others.items():
        for name, file in files.items():
            if in_all + size <= MOST_BYTES_OF_ALL:
                return
            in_all -= len(file.data)
            yield owner, name
