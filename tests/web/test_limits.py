"""The table of limits in docs/deploy.md matches the limits in the code."""

import tomllib

from handwriting.lines.pattern import MOST_CHARACTERS, MOST_PLACES
from handwriting.web import incoming, uploads
from handwriting.web.canvas import MOST_POINTS, MOST_STROKES
from handwriting.web.hand_boxes import MOST_OF_DRAWING
from handwriting.web.picture_reading import MOST_PIXELS
from handwriting.web.shelf import MOST_BYTES, MOST_BYTES_OF_ALL, MOST_PICTURES
from tests.support import PROJECT

MILLION = 1_000_000


def test_the_limits_in_the_documents_are_those_that_are_set():
    server = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())["server"]
    table = (PROJECT / "docs" / "deploy.md").read_text().partition("## Limits")[2]
    (least_width, most_width), (least_height, most_height) = incoming.WIDTHS, incoming.HEIGHTS
    for limit in (
        f"{server['maxUploadSize']} MB, {MOST_PIXELS // MILLION} million pixels",
        f"| images of all visitors | {MOST_BYTES_OF_ALL // MILLION} MB |",
        f"{MOST_PICTURES} images or pages, {MOST_BYTES // MILLION} MB in total",
        f"{uploads.MOST_FILES:,} files and {uploads.MOST_BYTES // MILLION} MB of one window",
        f"{uploads.MOST_BYTES_OF_ALL // MILLION} MB of all",
        f"| message from a browser | {server['maxWidgetStateSize']} MB |",
        f"{MOST_STROKES:,} strokes, {MOST_POINTS:,} points",
        f"{MOST_OF_DRAWING:,} characters of JSON",
        f"{MOST_CHARACTERS:,} characters, {MOST_PLACES} places",
        f"{incoming.MOST_OF_WORD} characters | it is not taken",
        f"{incoming.MOST_OF_NAME} characters | its middle",
        f"{least_width} to {most_width:,} pixels wide, {least_height} to {most_height:,} high",
    ):
        assert limit in table, limit
