"""Widgets for pictures that Streamlit lacks: the clipboard, the camera's presence, words to choose.

Their JavaScript, CSS and HTML are the files in static/.
"""

from collections.abc import Callable
from typing import Any

from handwriting.web.widgets import component

_paste, _camera, _words = (
    component(name, "html", "css", "js") for name in ("paste", "camera", "words")
)


def paste_picture() -> None:
    """A widget that hands a picture from the clipboard to the page's file uploader, by Ctrl+V
    anywhere or by its button."""
    _paste(key="paste")


def has_camera(key: str) -> bool:
    """Ask for the camera; where there is none, or it is refused, a sentence says so."""
    return bool(_camera(key=key, on_ready_change=lambda: None).ready)


def picture_with_words(key: str, data: dict[str, Any], on_texts: Callable[[], None]) -> None:
    """A picture with its words outlined, its text beside it, and each word to be corrected.

    Args:
        key: of the widget; in the session's state its ``texts`` is a list of line, word and text,
            each a text taken instead of the one read.
        data: ``id``, another one for another answer; ``name``; ``picture``, its address; ``width``
            and ``height``; ``lines`` with ``indent`` and ``words``, which have ``gap`` (the spaces
            before), ``polygon``, ``ranked`` and ``unsure`` each; ``texts`` before.
        on_texts: called when a word was corrected.
    """
    _words(key=key, data=data, on_texts_change=on_texts)
