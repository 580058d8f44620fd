"""Custom Streamlit widgets for images: clipboard, camera permission, correction of words, files.

Their JavaScript, CSS and HTML are in static/.
"""

import uuid
from collections.abc import Callable
from typing import Any

from handwriting.web.widgets import component

_paste, _camera, _words = (
    component(name, "html", "css", "js") for name in ("paste", "camera", "words")
)
_save = component("save", "js")


def paste_picture() -> None:
    """Show a widget that passes an image from the clipboard to the file uploader, by Ctrl+V
    anywhere or by its button."""
    _paste(key="paste")


def has_camera(key: str) -> bool:
    """Ask for permission to use the camera; a missing or refused camera is reported."""
    return bool(_camera(key=key, on_ready_change=lambda: None).ready)


def picture_with_words(key: str, data: dict[str, Any], on_texts: Callable[[], None]) -> None:
    """Show an image with outlined words beside its text, in which words can be corrected.

    Args:
        key: of the widget; ``texts`` in its session state is a list of [line, word, corrected
            text].
        data: ``id`` of the prediction; ``name``; ``picture``, a URL; ``width`` and ``height`` in
            pixels; ``lines`` with ``indent`` and ``words``, each with ``gap`` (spaces before),
            ``polygon``, ``ranked`` and ``unsure``; ``texts``, earlier corrections.
        on_texts: called after a correction.
    """
    _words(key=key, data=data, on_texts_change=on_texts)


def save_file(name: str, content: str) -> None:
    """Let the browser save a file once; call it when a button was pressed.

    The file of `st.download_button` is made before it is asked for: it lacks a correction that the
    server has not yet answered. A press of `st.button` arrives after all corrections before it.
    """
    _save(key="save", data={"id": uuid.uuid4().hex, "name": name, "content": content}, height=0)
