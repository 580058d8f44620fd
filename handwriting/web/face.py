"""What a visitor sees first: the page's name, what it does, and a word that writes itself.

Both are written by the project's plain hand.
"""

from base64 import b64encode
from functools import cache
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from handwriting.synthesis.plain_hand import write
from handwriting.web.canvas import Paper

NAME = "Handwriting"
SENTENCE = "Write below or add an image: characters, words and whole pages become text."

GHOST = "hello"
"""Word that writes itself on the empty paper."""

_SEED = 7
_MARGIN = 0.12
_OF_WIDTH = 0.86


def show_face() -> None:
    """Show the heading with the page's name, and what it does."""
    st.html(
        f'<header class="face"><h1 class="face-name" style="--name: url({_name_as_url()})">'
        f'<span class="unseen">{NAME}</span></h1><p>{escape(SENTENCE)}</p></header>'
    )


@cache
def _name_as_url() -> str:
    """The written name as an image, which the style sheet fills with the theme's colour."""
    paths, width = _written(NAME.lower())
    # The letters reach 1 above and 0.4 below the baseline.
    box = f"{-_MARGIN:.2f} {-1 - _MARGIN:.2f} {width + 2 * _MARGIN:.2f} {1.4 + 2 * _MARGIN:.2f}"
    image = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" fill="none" stroke="#000" '
        f'stroke-width="0.085" stroke-linecap="round" stroke-linejoin="round">'
        f'<path d="{"".join(paths)}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(image.encode()).decode()}"


def ghost(paper: Paper) -> dict[str, Any]:
    """The word to trace on a sheet of paper.

    Returns:
        ``width`` and ``height`` of the paper in pixels, ``paths`` of the strokes in SVG's syntax,
        and ``transform`` that places them on the ruled line.
    """
    paths, width = _written(GHOST)
    unit = min(paper.lines.baseline - paper.lines.capital, _OF_WIDTH * paper.width / width)
    left = (paper.width - width * unit) / 2
    place = f"translate({left:.1f} {paper.lines.baseline}) scale({unit:.1f})"
    return {"width": paper.width, "height": paper.height, "paths": paths, "transform": place}


@cache
def _written(text: str) -> tuple[list[str], float]:
    """SVG paths of a text's strokes, a capital 1 high, and the width of the text."""
    strokes = write(text, np.random.default_rng(_SEED))
    left = min(float(stroke[:, 0].min()) for stroke in strokes)
    paths = [
        "M" + "L".join(f"{x - left:.3f} {y:.3f}" for x, y in stroke.tolist()) for stroke in strokes
    ]
    return paths, max(float(stroke[:, 0].max()) for stroke in strokes) - left
