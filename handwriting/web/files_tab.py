"""Reading of picture files: from disk, clipboard or camera, a row each, and a table to download."""

from typing import Any

import streamlit as st

from handwriting.errors import HandwritingError
from handwriting.imaging.character import BLANK, open_character
from handwriting.recognition.recognizer import Recognizer
from handwriting.web.answer import Answer, answer_character
from handwriting.web.components import MULTIPLE, chosen_options, show_image, show_reading
from handwriting.web.widgets import pasted_picture


def read_file(name: str, recognizer: Recognizer, file: Any) -> tuple[Answer, dict[str, object]]:
    """One picture, kept in memory: the answer and its row in the table."""
    try:
        character = open_character(file, file.name)
    except HandwritingError as error:
        return Answer(BLANK, {}), {"file": file.name, "note": str(error)}
    answer = answer_character(character, {name: recognizer}, None, chosen_options())
    if not answer.readings:
        return answer, {"file": file.name, "note": "no ink found"}
    (first, probability), *others = answer.readings[name].ranked()
    row = {"file": file.name, "read as": first, "probability": round(probability, 4)}
    row |= {
        "else": " ".join(c for c, _ in others),
        "note": MULTIPLE if character.is_multiple else "",
    }
    return answer, row


def read_files(name: str, recognizer: Recognizer) -> None:
    """The widgets that take pictures, and what is read in them."""
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

    answers, rows = zip(*(read_file(name, recognizer, file) for file in files), strict=True)
    table = pd.DataFrame(rows)
    if len(files) == 1:
        if rows[0]["note"]:
            st.warning(rows[0]["note"])
        for reading in answers[0].readings.values():
            show_reading(rows[0]["file"], reading)
            show_image(answers[0].character)
    st.dataframe(table, hide_index=True)
    st.download_button("Download as CSV", table.to_csv(index=False), "read.csv", "text/csv")
