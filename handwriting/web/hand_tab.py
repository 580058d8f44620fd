"""The tab "Teach it your hand": writer adaptation from characters written in ruled boxes.

The hand is kept in ``st.session_state["hand"]`` and in a file that the person downloads, and not
on the server.
"""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from handwriting.errors import HandwritingError
from handwriting.labels import NUM_CLASSES
from handwriting.recognition.hand import Hand
from handwriting.recognition.recognizer import Recognizer
from handwriting.recognition.sizes import Sizes
from handwriting.runs import RunFiles
from handwriting.web.canvas import PAPER
from handwriting.web.components import NO_WEIGHTS, load_recognizer, modified, plain
from handwriting.web.drawing import draw, find_sizes, paper_colours
from handwriting.web.fragments import fragment
from handwriting.web.hand_boxes import (
    GROUPS,
    SCREENS,
    STRIP_HEIGHT,
    STRIP_WIDTH,
    fit_to_keep,
    ruled_strip,
    scale_for,
    taught_characters,
)
from handwriting.web.incoming import file_name

FILE_NAME = "my_hand.json"

PURPOSE = (
    "The character model learns your shapes and your heights on the ruled lines. This helps single "
    "characters on the tab “Write”; words, lines and images are read as before. All 62 characters "
    "take about two minutes; any may be left out."
)

_PEN = 4
_X_HEIGHT = 0.6
_MOST_MEGABYTES = 1


def teach_hand(runs: dict[RunFiles, float | None]) -> None:
    """Show the whole tab; the first run is adapted, which the other tabs use by default."""
    if not runs:
        st.error(NO_WEIGHTS)
        return
    run = next(iter(runs))
    try:
        recognizer = load_recognizer(run, modified(run.weights))
    except HandwritingError as error:
        st.error(plain(str(error)))
        return
    st.markdown(PURPOSE)
    sizes = find_sizes()
    left, right = st.columns(2, gap="large")
    with left:
        _write_characters(recognizer, sizes)
    with right:
        _keep_hand(recognizer)


def hand_badge() -> None:
    """Show that a hand is in use, with a button to remove it; nothing without one."""
    if st.session_state.get("hand") is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("Your hand is in use", icon=":material/edit:")
        st.button("Remove it", key="remove_hand_here", on_click=remove_hand)


def remove_hand() -> None:
    """Remove the hand in use."""
    st.session_state["hand"] = None


@fragment
def _write_characters(recognizer: Recognizer, sizes: Sizes | None) -> None:
    """Show one screen; runs again after each stroke."""
    state = st.session_state
    drawings = state.setdefault("hand_drawings", {})
    screen = state.setdefault("hand_screen", 0)
    group, characters = SCREENS[screen]
    st.segmented_control(
        "Characters", list(GROUPS), default=group, key=f"hand_part_{screen}", on_change=_jump
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Write **{'  '.join(characters)}**, each in its box.", width="stretch")
        # The canvas itself takes away only what was added since the screen was opened.
        if (state.get("hand_before") or {}).get("objects"):
            st.button("Clear these boxes", on_click=_clear, args=(screen,))
    x_height = sizes.x_height if sizes else _X_HEIGHT
    colours = paper_colours()
    # Drawings of the first screens must fit when they are seen again.
    scale = state.setdefault("hand_scale", scale_for(state.get("paper", PAPER).width))
    try:
        drawing = draw(
            stroke_width=round(_PEN * scale),
            stroke_color=colours.ink,
            background_image=ruled_strip(characters, x_height, colours, scale),
            background_color=colours.paper,
            initial_drawing=state.setdefault("hand_before", drawings.get(screen)),
            width=round(STRIP_WIDTH * scale),
            height=round(STRIP_HEIGHT * scale),
            # A new key makes a new canvas, which shows the screen's former drawing.
            key=f"hand_strip_{state.setdefault('hand_visit', 0)}",
        )
        if drawing is not None:
            drawings[screen] = fit_to_keep(drawing)
        taught = taught_characters(drawings, scale)
    except HandwritingError as error:
        st.error(plain(str(error)))
        return
    number = len({sample.character for sample in taught})
    with st.container(horizontal=True):
        st.button("Back", on_click=_go, args=(screen - 1,), disabled=screen == 0)
        is_last = screen == len(SCREENS) - 1
        st.button("Next", on_click=_go, args=(screen + 1,), disabled=is_last)
    st.progress(number / NUM_CLASSES, f"{number} of {NUM_CLASSES} characters written")
    used = st.button("Use my hand", type="primary", disabled=not number)
    if used:
        with st.spinner("Learning your hand"):
            state["hand"] = recognizer.teach(taught, sizes)
        st.rerun()


def _go(screen: int) -> None:
    state = st.session_state
    state["hand_screen"] = screen
    state["hand_before"] = state["hand_drawings"].get(screen)
    state["hand_visit"] += 1


def _clear(screen: int) -> None:
    """Take away what was written on a screen, also on an earlier visit."""
    st.session_state["hand_drawings"].pop(screen, None)
    _go(screen)


def _jump() -> None:
    """Go to the first screen of the chosen group, if another one was chosen."""
    state = st.session_state
    screen = state["hand_screen"]
    chosen = state[f"hand_part_{screen}"]
    # A browser that is behind may tell the group of its screen once more.
    if chosen in GROUPS and chosen != SCREENS[screen][0]:
        _go(next(k for k, (group, _) in enumerate(SCREENS) if group == chosen))


def _keep_hand(recognizer: Recognizer) -> None:
    """Show whether a hand is in use, with widgets to download, remove and load one."""
    if hand := st.session_state.get("hand"):
        _show_hand(hand)
    st.file_uploader(
        "Load your hand from a file",
        type="json",
        max_upload_size=_MOST_MEGABYTES,
        key="hand_file",
        on_change=_load_hand,
        args=(recognizer.fingerprint,),
    )
    if error := st.session_state.pop("hand_error", None):
        st.error(plain(error))


def _show_hand(hand: Hand) -> None:
    st.success(f"Your hand is in use: {len(set(hand.characters))} of {NUM_CLASSES} characters.")
    with st.container(horizontal=True):
        st.download_button(
            "Download it",
            hand.to_bytes(),
            FILE_NAME,
            "application/json",
            on_click="ignore",
        )
        st.button("Remove it", key="remove_hand", on_click=remove_hand)
    st.caption("It is kept in this window and in your file, never on the server.")


def _load_hand(network: str) -> None:
    state = st.session_state
    file = state["hand_file"]
    if not isinstance(file, UploadedFile):
        return
    try:
        # A browser can ignore its own limit.
        if file.size > _MOST_MEGABYTES * 2**20:
            raise HandwritingError(f"{file_name(file.name)} is larger than {_MOST_MEGABYTES} MB.")
        state["hand"] = Hand.from_bytes(file.getvalue(), network)
    except HandwritingError as error:
        state["hand_error"] = str(error)
