"""The web app: write on ruled lines, read images, adapt to a writer's hand, compare runs.

streamlit run app.py

Streamlit's server imports this file once, as it starts. For each browser it is run as a script.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import streamlit as st


def prepare() -> None:
    """Import and load what the first prediction needs, while the browser loads the page."""
    from handwriting.web.stroke_reading import get_ready

    get_ready()


@asynccontextmanager
async def preparing(app: st.App) -> AsyncIterator[None]:
    """Prepare beside the server, from its start on."""
    Thread(target=prepare, daemon=True).start()
    yield


if __name__ == "__main__":
    # Its canvas can be registered only when the server runs.
    from handwriting.web.page import show_page

    show_page()
else:
    app = st.App(__file__, lifespan=preparing)
