"""The page: draw a character on ruled lines, see what a trained network reads, compare runs.

streamlit run app.py
"""

import json
from operator import attrgetter
from pathlib import Path

import numpy as np
import streamlit as st
import torch
from streamlit_drawable_canvas import st_canvas

from characters.errors import CharactersError
from characters.glyphs import BLANK, Glyph, glyph_of_strokes, read_glyph
from characters.labels import CHARACTER_SETS
from characters.recognizer import Reading, Recognizer, join_words
from characters.runs import RunFiles, available_runs
from characters.sizes import Sizes, load_sizes
from characters.strokes import CANVAS_HEIGHT, CANVAS_WIDTH, LINES, ruled_paper, strokes_of
from characters.widgets import pasted_picture, probability_bars, send_at_pen_up

SURE = 0.6
SEVERAL = "Two characters or more? One at a time, please."
ABOUT = Path(__file__).parent / "characters" / "about.md"


@st.cache_resource(show_spinner=False, max_entries=4)
def load_recognizer(run: RunFiles, modified: float) -> Recognizer:
    """One recognizer per weights file, loaded again when the file changes."""
    return Recognizer(run.weights)


@st.cache_resource(show_spinner=False)
def find_sizes() -> Sizes | None:
    """The model of sizes; without its file the page reads by shape alone."""
    try:
        return load_sizes()
    except CharactersError:
        return None


def run_label(run: RunFiles) -> str:
    """The run's name with its accuracy on the test set."""
    accuracy = runs[run]
    return f"{run.name} · " + (f"{accuracy:.1%} of the test set" if accuracy else "not measured")


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


def show_picture(glyph: Glyph) -> None:
    """The 28x28 picture, enlarged."""
    st.image(glyph.picture, "Seen as 28x28", width=112)


def read(recognizer: Recognizer, glyph: Glyph, log_size: np.ndarray | None) -> Reading:
    """Read a glyph with the options chosen on the page."""
    return recognizer.read(
        glyph.picture,
        log_size,
        prior="emnist" if st.session_state.get("census") else "equal",
        allowed=CHARACTER_SETS[st.session_state.get("characters") or "All"],
    )


@st.fragment
def draw_and_read(recognizers: dict[str, Recognizer], sizes: Sizes | None) -> None:
    """The canvas and, beside it, the answer; runs again after each stroke."""
    left, right = st.columns([1, 1.3], gap="large")
    with left:
        pen = st.slider("Pen width", min_value=4, max_value=36, value=14)
        canvas = st_canvas(
            stroke_width=pen,
            stroke_color="#1a1a1a",
            background_image=ruled_paper(sizes.x_height) if sizes else None,
            background_color="#ffffff",
            width=CANVAS_WIDTH,
            height=CANVAS_HEIGHT,
            key="canvas",
        )
        send_at_pen_up()
        st.caption("Capitals and digits between the thick line and the top one.")
    glyph = glyph_of_strokes(strokes_of(canvas.json_data))
    with right, st.container(height=600, border=False):
        if glyph.place is None:
            st.info("Draw one digit or letter on the lines.")
            return
        if glyph.several:
            st.warning(SEVERAL)
        log_size = None
        if sizes and st.session_state.get("use_size", True):
            log_size = sizes.on_lines(glyph.place, LINES)
        for column, (name, recognizer) in zip(
            st.columns(len(recognizers)), recognizers.items(), strict=True
        ):
            with column:
                show_reading(name, read(recognizer, glyph, log_size))
        show_picture(glyph)


def read_file(recognizer: Recognizer, file) -> tuple[Glyph, Reading | None, dict[str, object]]:
    """One picture, kept in memory: glyph, reading if any, and its row in the table."""
    try:
        glyph = read_glyph(file, file.name)
    except CharactersError as error:
        return BLANK, None, {"file": file.name, "note": str(error)}
    if glyph.place is None:
        return glyph, None, {"file": file.name, "note": "no ink found"}
    reading = read(recognizer, glyph, None)
    (character, probability), *others = reading.ranked()
    row = {"file": file.name, "read as": character, "probability": round(probability, 4)}
    row |= {"else": " ".join(c for c, _ in others), "note": SEVERAL if glyph.several else ""}
    return glyph, reading, row


def read_files(recognizer: Recognizer) -> None:
    """Pictures from disk, clipboard or camera, a row each, and the table to download."""
    files = st.file_uploader(
        "Pictures of one character each",
        type=["png", "jpg", "jpeg", "webp"],
        accept_multiple_files=True,
    )
    photo = st.camera_input("One character") if st.toggle("Use the camera") else None
    files = [*files, *filter(None, (pasted_picture(), photo))]
    if not files:
        return
    import pandas as pd

    read_pictures = [read_file(recognizer, file) for file in files]
    table = pd.DataFrame([row for *_, row in read_pictures])
    if len(files) == 1:
        glyph, reading, row = read_pictures[0]
        if row["note"]:
            st.warning(row["note"])
        if reading:
            show_reading(row["file"], reading)
            show_picture(glyph)
    st.dataframe(table, hide_index=True)
    st.download_button("Download as CSV", table.to_csv(index=False), "read.csv", "text/csv")


def show_runs(measured: list[RunFiles]) -> None:
    """Two runs side by side: figures, plots, and the classes on which they differ most."""
    if not measured:
        st.info("No run was measured yet. Run 'python model_evaluation.py' (stage 4).")
        return
    from characters.metrics import HEADLINES, most_different

    figures = {run.name: json.loads(run.metric("metrics.json").read_text()) for run in measured}
    st.table(
        {
            name: {
                title: f"{run[key]:.4f}" if key in run else "not measured"
                for key, title in HEADLINES.items()
            }
            for name, run in figures.items()
        }
    )
    columns = st.columns(2)
    chosen = [
        column.selectbox(
            title, measured, index=min(i, len(measured) - 1), format_func=attrgetter("name")
        )
        for i, (column, title) in enumerate(zip(columns, ("First run", "Second run"), strict=True))
    ]
    if chosen[0] != chosen[1]:
        tables = [run.metric("class_metrics.csv") for run in chosen]
        st.markdown("**They differ most in F1 on** (first minus second)")
        st.dataframe(most_different(*tables))
    for plot in ("loss_metrics", "acc_metrics", "class_metrics", "confusion_matrix"):
        for column, run in zip(st.columns(2), chosen, strict=True):
            path = run.metric(f"{plot}.png")
            if path.is_file():
                column.image(str(path), caption=f"{run.name}, {plot.replace('_', ' ')}")


st.set_page_config(page_title="Handwritten characters", page_icon="✏️", layout="wide")
st.header("Handwritten characters")
# One picture is read fastest by one core, and ten people need the others.
torch.set_num_threads(1)
runs = available_runs()
# The tables of runs take a second to come; the first answer need not wait for them.
draw_tab, runs_tab, about_tab = st.tabs(["Draw", "Compare runs", "About"], on_change="rerun")
if runs_tab.open:
    with runs_tab:
        show_runs([run for run, accuracy in runs.items() if accuracy is not None])
with about_tab:
    st.markdown(ABOUT.read_text(encoding="utf-8"))
with draw_tab:
    if not runs:
        st.error("There are no weights in models/. Run 'python model_training.py' first (stage 3).")
        st.stop()
    with st.expander("Options"):
        picked = st.pills(
            "Models (the first two)",
            list(runs),
            selection_mode="multi",
            default=list(runs)[:1],
            format_func=run_label,
        )
        st.segmented_control("Characters", list(CHARACTER_SETS), default="All", key="characters")
        st.toggle("Use the height on the lines", value=True, key="use_size")
        st.toggle("Expect characters as often as on NIST's forms", key="census")
    # What comes and goes stays in here: a new element before the canvas would blank the drawing.
    notice = st.container()
    try:
        recognizers = {
            run.name: load_recognizer(run, run.weights.stat().st_mtime)
            for run in picked[:2] or list(runs)[:1]
        }
    except CharactersError as error:
        st.error(str(error))
        st.stop()
    if any(recognizer.content.get("synthetic") for recognizer in recognizers.values()):
        notice.warning("Trained on synthetic characters: it does not read handwriting well.")
    draw_and_read(recognizers, find_sizes())
    with st.expander("Read picture files"):
        read_files(next(iter(recognizers.values())))
