"""What Streamlit keeps of uploaded files: no more than a limit, whoever sends them.

Streamlit takes files for any open window, asked for by a widget or not, and keeps them until the
window is closed.
"""

from collections.abc import Iterator

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

MOST_FILES, MOST_BYTES = 1_000, 100_000_000
"""Of one window, waiting to be taken; older ones make room."""

MOST_BYTES_OF_ALL = 400_000_000
"""Of all windows."""


@st.cache_resource(show_spinner=False)
def limit_uploads() -> None:
    """Let the server keep no more; once per process."""
    context = get_script_run_ctx()
    if context is not None:
        limit(context.uploaded_file_mgr)


def limit(manager: MemoryUploadedFileManager) -> None:
    """Let older files make room for each new one."""
    add = manager.add_file

    def add_within_limits(session_id: str, file: UploadedFileRec) -> None:
        for owner, old in _too_many(manager, session_id, len(file.data)):
            manager.remove_file(owner, old)
        add(session_id, file)

    manager.add_file = add_within_limits


def take(files: list[UploadedFile]) -> list[tuple[str, bytes]]:
    """Names and contents, which Streamlit forgets: else it keeps them until the person leaves."""
    context = get_script_run_ctx()
    if context is not None:
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    return [(file.name, file.getvalue()) for file in files]


def _too_many(
    manager: MemoryUploadedFileManager, session_id: str, size: int
) -> Iterator[tuple[str, str]]:
    """Windows and names of the oldest files that must go before one of a size is added."""
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
