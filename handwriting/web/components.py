"""Shared parts of the tabs: loaded models and chosen options."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from handwriting.labels import CHARACTER_SETS
from handwriting.recognition.recognizer import Recognizer
from handwriting.runs import RunFiles
from handwriting.web.answer import Options

if TYPE_CHECKING:
    from handwriting.lines.decoding import Decoder
    from handwriting.lines.reader import Reader
    from handwriting.pages.layout import Layout
    from handwriting.pages.reading import PageReader

NO_WEIGHTS = "There are no weights in models/. Run 'python model_training.py' first (stage 3)."
MULTIPLE = "Two characters or more? One at a time, please."


@st.cache_resource(show_spinner=False, max_entries=4)
def load_recognizer(run: RunFiles, modified: float) -> Recognizer:
    """The character model of a run, loaded again when its file changes."""
    return Recognizer.load(run.weights)


@st.cache_resource(show_spinner=False, max_entries=2)
def load_reader(path: Path, modified: float) -> "Reader":
    """The text-line model of a weights file, loaded again when the file changes."""
    from handwriting.lines.reader import Reader

    return Reader.load(path)


@st.cache_resource(show_spinner=False)
def load_decoder(name: str, language: str) -> "Decoder":
    """The decoder with a name, for texts in the language of a name."""
    from handwriting.lines.languages import find_language
    from handwriting.lines.options import named_decoder

    return named_decoder(name, find_language(language))


@st.cache_resource(show_spinner=False, max_entries=2)
def load_layout(path: Path, modified: float) -> "Layout":
    """The layout network of a weights file, loaded again when the file changes."""
    from handwriting.pages.layout import Layout

    return Layout.load(path)


def find_line_reader() -> "Reader":
    """The newest text-line model.

    Raises:
        HandwritingError: there is none, or its file is damaged.
    """
    from handwriting.lines.reader import find_reader

    path = find_reader("latest")
    return load_reader(path, modified(path))


def find_page_reader(runs: Sequence[RunFiles] = ()) -> "PageReader":
    """The newest text-line model and layout network, and the first of some character models.

    Raises:
        HandwritingError: there is none of one, or its file is damaged.
    """
    from handwriting.pages.layout import find_layout
    from handwriting.pages.reading import PageReader

    path = find_layout("latest")
    layout = load_layout(path, modified(path))
    first = next(iter(runs), None)
    recognizer = first and load_recognizer(first, modified(first.weights))
    return PageReader(find_line_reader(), layout, recognizer)


def modified(path: Path) -> float:
    """Modification time of a file in seconds; 0 if it is missing, which loading reports."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def chosen_recognizers(runs: dict[RunFiles, float | None], most: int) -> dict[str, Recognizer]:
    """The chosen character model, and the best others of ``runs``, by name.

    Args:
        runs: character models, best first.
        most: maximum number of models.

    Raises:
        HandwritingError: a weights file is missing or damaged.
    """
    chosen = st.session_state.get("model")
    first = [chosen] if chosen in runs else []
    others = [run for run in runs if run not in first]
    return {
        run.name: load_recognizer(run, modified(run.weights)) for run in (first + others)[:most]
    }


def show_options(runs: dict[RunFiles, float | None]) -> None:
    """Show the widgets of :func:`chosen_options` and :func:`chosen_recognizers`."""

    def label(run: RunFiles) -> str:
        accuracy = runs[run]
        measured = f"{accuracy:.1%} test accuracy" if accuracy else "not evaluated"
        return f"{run.name} · {measured}"

    st.segmented_control("Characters", list(CHARACTER_SETS), default="All", key="characters")
    st.toggle("Use the height on the ruled lines", value=True, key="use_size")
    st.toggle("Use EMNIST class frequencies", key="census")
    st.radio("Character model", list(runs), format_func=label, key="model")


def chosen_options(pattern: str) -> Options:
    """The chosen options; invalid values of a browser become the defaults.

    Args:
        pattern: of the whole text, or empty.
    """
    state = st.session_state
    characters = state.get("characters")
    return Options(
        characters=characters if characters in CHARACTER_SETS else "All",
        pattern=pattern,
        use_size=bool(state.get("use_size", True)),
        prior="emnist" if state.get("census") else "equal",
    )


def short_names(runs: Sequence[RunFiles]) -> dict[str, str]:
    """Short names of runs, by their names: the network alone where that is unique."""
    networks = [run.name.partition("_")[0] for run in runs]
    return {
        run.name: network if networks.count(network) == 1 else run.name
        for run, network in zip(runs, networks, strict=True)
    }


def plain(text: str) -> str:
    """A text with its Markdown escaped."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)
