"""Images for the tests of the web app, as files in memory."""

import io

import numpy as np
from PIL import Image

from handwriting.web.picture_sources import example_file
from tests.pages.drawn import TEXT, draw_page


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def number(digits: str) -> Image.Image:
    """A small picture of one line."""
    return Image.fromarray(draw_page(text=(f"#{digits}",))[70:170, 150:420])


def odd_files() -> dict[str, bytes]:
    """Files of kinds that a camera does not make, each but the first two to be read."""
    page = Image.fromarray(draw_page())
    line = Image.fromarray(draw_page(text=TEXT[:1])[60:180])
    deep = np.asarray(line.convert("L")).astype(np.uint16) * 256
    return {
        "junk.png": b"hello",
        "cut.jpg": encoded(page, "JPEG")[:4000],
        "animated.gif": encoded(line, "GIF", save_all=True, append_images=[line.rotate(180)]),
        "deep.png": encoded(Image.fromarray(deep), "PNG"),
        "cmyk.jpg": encoded(line.convert("CMYK"), "JPEG"),
        "large.png": encoded(Image.new("1", (10_000, 10_000), 1), "PNG"),
    }


def upload(name: str, content: bytes) -> tuple[str, bytes, str]:
    """As AppTest's file uploader takes it."""
    return name, content, "image/png"


EXAMPLE_PAGE = "A note"


def example(name: str = EXAMPLE_PAGE) -> bytes:
    return example_file(name)
