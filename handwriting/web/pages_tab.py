"""Reading of photographs of words, numbers and pages: the text, and where it stands on them."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from handwriting.errors import HandwritingError
from handwriting.lines.beam import BeamDecoder
from handwriting.lines.decoding import GREEDY, Decoder
from handwriting.lines.language import LANGUAGE_FILE, LanguageModel
from handwriting.lines.pattern import Pattern
from handwriting.lines.reader import Reader, find_reader
from handwriting.pages.photographs import Photograph, open_photograph
from handwriting.pages.reading import LineOfPage, read_page, read_single_line, text_of_page

_BOX, _LINE_WIDTH = (221, 107, 32), 3


@st.cache_resource(show_spinner=False, max_entries=2)
def load_reader(path: Path, modified: float) -> Reader:
    """One line reader per weights file, loaded again when the file changes."""
    return Reader.load(path)


@st.cache_resource(show_spinner=False)
def load_language() -> LanguageModel:
    """The language model that the project comes with."""
    return LanguageModel.load(LANGUAGE_FILE)


def choose_decoder() -> Decoder:
    """The widgets that say what is expected.

    Raises:
        HandwritingError: the pattern is not sound.
    """
    pattern = st.text_input(
        "Only what matches a pattern", placeholder="[0-9]+ or [A-Z]{2}[0-9]{4}", key="line_pattern"
    )
    if pattern:
        return Pattern(pattern)
    if st.toggle("Expect words of a language", value=True, key="use_language"):
        return BeamDecoder(load_language())
    return GREEDY


def with_boxes(photograph: Photograph, lines: list[LineOfPage]) -> Image.Image:
    """The photograph with an outline around each word."""
    picture = Image.fromarray(photograph.colours)
    pen = ImageDraw.Draw(picture)
    for line in lines:
        for word in line.words:
            corners = [tuple(corner) for corner in np.round(word.polygon * photograph.scales)]
            pen.polygon(corners, outline=_BOX, width=_LINE_WIDTH)
    return picture


def show_text(photograph: Photograph, lines: list[LineOfPage], name: str) -> None:
    """The picture beside its text."""
    picture, text = st.columns(2)
    picture.image(with_boxes(photograph, lines), width="stretch")
    if not lines:
        text.info("No writing was found.")
        return
    content = text_of_page(lines)
    text.code(content, language=None, wrap_lines=True)
    words = sum(len(line.words) for line in lines)
    text.caption(f"{len(lines)} lines, {words} words")
    text.download_button("Download as text", content, f"{Path(name).stem}.txt", "text/plain")


def read_photographs() -> None:
    """The widgets that take photographs, and what is read on them."""
    files: list[Any] = st.file_uploader(
        "Photographs of words, numbers or pages",
        type=["png", "jpg", "jpeg", "webp"],
        accept_multiple_files=True,
        key="photographs",
    )
    try:
        path = find_reader("latest")
        reader = load_reader(path, path.stat().st_mtime)
        with st.expander("Options for photographs"):
            is_line = st.toggle("Each picture shows one line", key="is_line")
            decoder = choose_decoder()
    except HandwritingError as error:
        st.error(str(error))
        return
    for file in files:
        try:
            photograph = open_photograph(file, is_line, file.name)
        except HandwritingError as error:
            st.error(str(error))
            continue
        with st.spinner(f"Reading {file.name}"):
            read = read_single_line if is_line else read_page
            lines = read(reader, photograph, decoder)
        show_text(photograph, lines, file.name)
