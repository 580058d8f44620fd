"""What several tabs show or need: loaded models, the chosen options, a reading, the 28x28 image."""

import streamlit as st

from handwriting.errors import HandwritingError
from handwriting.imaging.character import CharacterImage
from handwriting.labels import CHARACTER_SETS
from handwriting.recognition.recognizer import Reading, Recognizer, join_words
from handwriting.recognition.sizes import Sizes, load_sizes
from handwriting.runs import RunFiles
from handwriting.web.answer import Options
from handwriting.web.widgets import probability_bars

SURE = 0.6
MULTIPLE = "Two characters or more? One at a time, please."


@st.cache_resource(show_spinner=False, max_entries=4)
def load_recognizer(run: RunFiles, modified: float) -> Recognizer:
    """One recogniser per weights file, loaded again when the file changes."""
    return Recognizer.load(run.weights)


@st.cache_resource(show_spinner=False)
def find_sizes() -> Sizes | None:
    """The model of sizes; without its file the page reads by shape alone."""
    try:
        return load_sizes()
    except HandwritingError:
        return None


def choose_recognizers(runs: dict[RunFiles, float | None]) -> dict[str, Recognizer]:
    """The options above the canvas; returns the recognisers that were chosen.

    Raises:
        HandwritingError: a weights file is damaged.
    """

    def label(run: RunFiles) -> str:
        accuracy = runs[run]
        measured = f"{accuracy:.1%} of the test set" if accuracy else "not measured"
        return f"{run.name} · {measured}"

    names = list(runs)
    with st.expander("Options"):
        picked = st.pills(
            "Models (the first two)",
            names,
            selection_mode="multi",
            default=names[:1],
            format_func=label,
        )
        st.segmented_control("Characters", list(CHARACTER_SETS), default="All", key="characters")
        st.toggle("Use the height on the lines", value=True, key="use_size")
        st.toggle("Expect characters as often as on NIST's forms", key="census")
    return {
        run.name: load_recognizer(run, run.weights.stat().st_mtime)
        for run in picked[:2] or names[:1]
    }


def chosen_options() -> Options:
    """The options as they stand."""
    state = st.session_state
    return Options(
        characters=state.get("characters") or "All",
        use_size=state.get("use_size", True),
        prior="emnist" if state.get("census") else "equal",
    )


def show_reading(name: str, reading: Reading) -> None:
    """The answer large, why, and the five most likely characters."""
    ranked = reading.ranked()
    character, probability = ranked[0]
    group = reading.lookalikes()
    words = f"{probability:.0%}"
    if probability < SURE:
        close = [c for c, p in ranked if p > probability / 4]
        words = f":orange[Not sure: {join_words(close)}]"
    elif len(group) > 1:
        words += f" · easily confused: {join_words(group)}"
    # One element and not four: each costs the browser time before the answer is seen.
    small = ":small[:gray[{}]]"
    lines = (small.format(name), f"# {character}", words, small.format(reading.sentence()))
    st.markdown("\n\n".join(lines))
    probability_bars(ranked)


def show_image(character: CharacterImage) -> None:
    """The 28x28 image, enlarged."""
    st.image(character.image, "Seen as 28x28", width=112)
