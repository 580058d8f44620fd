"""The tab "Read an image": sources, options, and predictions with boxes and text."""

import base64
from collections.abc import Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from handwriting.errors import HandwritingError
from handwriting.pages.corrections import gaps_of_words
from handwriting.pages.page_text import LineOfPage
from handwriting.pages.reading import PageReader
from handwriting.runs import RunFiles
from handwriting.web.components import (
    chosen_options,
    find_page_reader,
    load_recognizer,
    modified,
    plain,
)
from handwriting.web.downloads import as_csv, as_json, as_pdf, as_text
from handwriting.web.fragments import fragment
from handwriting.web.incoming import corrections
from handwriting.web.picture_reading import PictureRead, Read, character_reader, text_reader
from handwriting.web.picture_sources import take_pictures
from handwriting.web.picture_widgets import picture_with_words, save_file
from handwriting.web.settings import choose_setting, decoder_for, show_fault
from handwriting.web.shelf import Entry, Shelf

ANYTHING, LINE, CHARACTER = "Words or a page", "One line", "One character"

DOWNLOADS = {
    "Download as text": ("txt", as_text),
    "Download as CSV": ("csv", as_csv),
    "Download as JSON": ("json", as_json),
}
"""Titles of the buttons; the ending of each file, and what makes its content."""

NOT_READ = {
    "print": "Print, which is not read",
    "unclear": "This could not be read with any certainty",
    "shows through": "This is faint, as writing on the back that shows through",
}
"""Titles of places that were not read, by `pages.page_text.Unread.why`."""

HINT = "Choose a word to correct it. Words with a dotted underline have a low confidence."


@fragment
def read_pictures(runs: Sequence[RunFiles]) -> None:
    """Show the whole tab.

    Args:
        runs: character models, best first.
    """
    shelf: Shelf = st.session_state.setdefault("shelf", Shelf())
    with st.expander("Add images", expanded=not shelf.entries):
        take_pictures(shelf)
    show_fault()
    try:
        with st.container(horizontal=True, key="reading"):
            read, asked = _choose_reading(runs)
    except HandwritingError as error:
        st.error(plain(str(error)))
        return
    if shelf.left_out:
        st.warning(plain(shelf.left_out))
    _read_and_show(shelf, read, asked)
    if shelf.entries:
        _offer_downloads(shelf)


def _choose_reading(runs: Sequence[RunFiles]) -> tuple[Read, Hashable]:
    """Show the widgets of the options; return the function to read with and a key of the options.

    Raises:
        HandwritingError: the pattern is invalid, or there are no weights for the content.
    """
    models = _find_models(runs)
    setting = choose_setting("pictures")
    layouts = [ANYTHING, LINE, CHARACTER] if models else [CHARACTER]
    layout = st.segmented_control("Layout", layouts, default=layouts[0], key="layout")
    layout = layout if layout in layouts else layouts[0]
    if models is None or layout == CHARACTER:
        if not runs:
            raise HandwritingError("There are no weights in models/ that read characters.")
        written = modified(runs[0].weights)
        options = chosen_options(setting.expression)
        if not options.allowed:
            raise HandwritingError(f"No single character matches {options.expression}.")
        recognizer = load_recognizer(runs[0], written)
        return character_reader(recognizer, options), (CHARACTER, runs[0], written, options)
    own = models.for_language(setting.spoken)
    read = text_reader(own, decoder_for(setting), layout == LINE)
    return read, (layout, setting, models)


def _find_models(runs: Sequence[RunFiles]) -> PageReader | None:
    try:
        return find_page_reader(runs)
    except HandwritingError as error:
        st.warning(f"{plain(str(error))} Until then only single characters are read.")
        return None


def _read_and_show(shelf: Shelf, read: Read, asked: Hashable) -> None:
    """Show image by image, each when it is read with these options; a rerun continues the rest."""
    count = sum(not entry.is_read(asked) for entry in shelf.entries.values())
    progress, hint = st.empty(), st.empty()
    done = 0
    for digest, entry in shelf.entries.items():
        if not entry.is_read(asked):
            _read_one(entry, read, asked, progress, done, count)
            done += 1
        if entry.lines:
            hint.markdown(f":small[{HINT}]")
        _show(shelf, digest, entry)
    progress.empty()


def _read_one(
    entry: Entry, read: Read, asked: Hashable, place: DeltaGenerator, done: int, count: int
) -> None:
    """Read an image below a bar, or alone below a clock, that is shown in ``place``."""
    text = f"Reading {plain(entry.given.title)}"
    if count > 1:
        place.progress(done / count, f"{text} ({done + 1} of {count})")
        entry.read(read, asked)
        return
    with place, st.spinner(text, show_time=True):
        entry.read(read, asked)


def _offer_downloads(shelf: Shelf) -> None:
    """Show download buttons for the corrected text of all images."""
    entries = [entry for entry in shelf.entries.values() if entry.lines]
    name = Path(entries[0].given.name).stem if len(entries) == 1 else "images"
    with st.container(horizontal=True):
        asked = [make for label, make in DOWNLOADS.items() if entries and st.button(label)]
        if entries:
            _offer_pdf(shelf, name)
        st.button("Remove all", on_click=shelf.clear)
    for ending, content_of in asked:
        save_file(f"{name}.{ending}", content_of(entries))


def _offer_pdf(shelf: Shelf, name: str) -> None:
    """Show a download button for a searchable PDF, which is made when it is asked for."""
    # Streamlit keeps the function while the window is open, so it holds no images itself.
    st.download_button(
        "Download as PDF",
        lambda: as_pdf(list(shelf.entries.values())),
        f"{name}_searchable.pdf",
        "application/pdf",
        on_click="ignore",
    )


def _show(shelf: Shelf, digest: str, entry: Entry) -> None:
    """Show an image and its prediction."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(entry.given.title)}**", width="stretch")
            st.button("Remove", key=f"remove_{digest}", on_click=shelf.remove, args=(digest,))
        answer = entry.answer
        if not isinstance(answer, PictureRead):
            st.error(plain(answer or ""))
            return
        if answer.note:
            st.info(answer.note)
        key = f"words_{digest}_{abs(hash(entry.asked))}"
        # Streamlit keeps the callback, with its arguments, while the window is open.
        take = partial(_take_texts, shelf, digest, key)
        picture_with_words(key, _for_browser(key, entry, answer), take)


def _for_browser(key: str, entry: Entry, answer: PictureRead) -> dict[str, Any]:
    picture = base64.b64encode(answer.shown).decode()
    return {
        "id": key,
        "name": entry.given.title,
        "picture": f"data:image/jpeg;base64,{picture}",
        "width": answer.size[0],
        "height": answer.size[1],
        "lines": [_line_for_browser(line) for line in answer.lines],
        "unread": [
            {"polygon": place.polygon.round(1).tolist(), "why": NOT_READ[place.why]}
            for place in answer.unread
        ],
        "texts": [[line, word, text] for (line, word), text in entry.texts.items()],
    }


def _line_for_browser(line: LineOfPage) -> dict[str, Any]:
    words = [
        {
            "gap": " " * len(gap),
            "polygon": word.polygon.round(1).tolist(),
            "ranked": [character.ranked for character in word.characters],
            "unsure": not word.is_sure,
        }
        for word, gap in zip(line.words, gaps_of_words(line), strict=True)
    ]
    return {"indent": line.indent, "words": words}


def _take_texts(shelf: Shelf, digest: str, key: str) -> None:
    entry = shelf.entries.get(digest)
    if entry is not None and isinstance(entry.answer, PictureRead):
        words_of_lines = [len(line.words) for line in entry.answer.lines]
        told = st.session_state[key].get("texts")
        entry.texts = corrections(told, words_of_lines)
