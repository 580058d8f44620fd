"""The web app: write on ruled lines, read images, adapt to a writer's hand, compare runs.

streamlit run app.py

Streamlit's server imports this file once, as it starts. For each browser it is run as a script.
"""

import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import streamlit as st
from streamlit.web.server import server_util


def prepare() -> None:
    """Import and load what the first prediction needs, while the browser loads the page."""
    from handwriting.web.stroke_reading import get_ready

    get_ready()


def open_browser() -> None:
    """Open the page where there is a screen; Streamlit does so for plain scripts alone."""
    if st.get_option("server.headless"):
        return
    host = server_util.get_display_address(st.get_option("server.address") or "localhost")
    webbrowser.open(server_util.get_url(host))


@asynccontextmanager
async def preparing(app: st.App) -> AsyncIterator[None]:
    """Open the page and prepare beside the server, whose socket listens already."""
    for task in (open_browser, prepare):
        Thread(target=task, daemon=True).start()
    yield


if __name__ == "__main__":
    # Its canvas can be registered only when the server runs.
    from handwriting.web.page import show_page

    show_page()
else:
    app = st.App(__file__, lifespan=preparing)
