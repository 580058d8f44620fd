"""Sources of images: files, the clipboard, the camera, and examples."""

import io

import numpy as np
import streamlit as st
from PIL import ImageOps
from streamlit.runtime.uploaded_file_manager import DeletedFile, UploadedFile

from handwriting.formats.document_pages import ENDINGS
from handwriting.imaging.photograph import open_picture
from handwriting.synthesis.examples import EXAMPLES, file_of_example
from handwriting.web.incoming import file_name
from handwriting.web.picture_reading import Given, pages_of
from handwriting.web.picture_widgets import has_camera, paste_picture
from handwriting.web.shelf import Shelf
from handwriting.web.uploads import take

_CARD = 136
_THUMBNAIL = (272, 204)
"""Pixels: width of a card of the gallery, and size of its image, for dense screens."""

_TIMES, _TAKEN = "times_uploaded", "uploads_taken"


def take_pictures(shelf: Shelf) -> None:
    """Show the widgets that add images; each moves them to the shelf and becomes empty."""
    key = f"upload_{st.session_state.get(_TIMES, 0)}"
    st.file_uploader(
        "Photographs or scans of words, numbers, pages",
        list(ENDINGS),
        accept_multiple_files=True,
        key=key,
        on_change=_take_files,
        args=(shelf, key),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        paste_picture()
        is_on = st.toggle("Use the camera", key="use_camera")
    if is_on and has_camera("camera_there"):
        key = f"camera_{st.session_state.get(_TIMES, 0)}"
        st.camera_input(
            "Take a photograph",
            key=key,
            on_change=_take_files,
            args=(shelf, key),
            label_visibility="collapsed",
        )
    if not shelf.entries:
        _offer_examples(shelf)


def _offer_examples(shelf: Shelf) -> None:
    """Show a gallery of images that the project made itself, one click each."""
    st.markdown("Or try an example:")
    with st.container(key="gallery", horizontal=True):
        for name in EXAMPLES:
            with st.container(width=_CARD, gap=None):
                st.image(thumbnail(name), width="stretch", alt="")
                st.button(name, on_click=_take_example, args=(shelf, name), width="stretch")


def _take_files(shelf: Shelf, key: str) -> None:
    """Move images of files or the camera to the shelf, and make a new, empty widget."""
    state = st.session_state
    uploaded = state[key]
    given = uploaded if isinstance(uploaded, list) else [uploaded]
    files = [file for file in given if isinstance(file, UploadedFile)]
    if not files:
        return
    # A click during reading calls this again, with deleted files.
    taken = state.setdefault(_TAKEN, set())
    gone = {file.file_id for file in given if isinstance(file, DeletedFile)} - taken
    taken.update(file.file_id for file in files)
    given = [Given(file_name(name), content) for name, content in take(files)]
    shelf.put([page for file in given for page in pages_of(file)], len(gone))
    state[_TIMES] = state.get(_TIMES, 0) + 1


def _take_example(shelf: Shelf, name: str) -> None:
    shelf.put([Given(f"{name.lower()}.jpg", example_file(name))])


def example_file(name: str) -> bytes:
    """JPEG of one of EXAMPLES."""
    return file_of_example(name).read_bytes()


@st.cache_data(show_spinner=False, max_entries=len(EXAMPLES))
def thumbnail(name: str) -> np.ndarray:
    """One of EXAMPLES for the gallery, uint8 (rows, columns, 3), all of the same shape."""
    picture = open_picture(io.BytesIO(example_file(name)))
    ground = picture.resize((1, 1)).getpixel((0, 0))
    return np.asarray(ImageOps.pad(picture, _THUMBNAIL, color=ground))
