"""What comes from the clipboard is a picture's bytes, or nothing."""

import base64

import pytest

from handwriting.web.picture_widgets import decode


def test_a_data_address_gives_its_content():
    content = decode(f"data:image/png;base64,{base64.b64encode(b'picture').decode()}")
    assert content.read() == b"picture" and content.name == "pasted picture"


@pytest.mark.parametrize("data", ["data:image/png;base64,%%%", "data:;base64,abc", "data:,\u00e9"])
def test_what_is_no_base64_is_nothing(data):
    assert decode(data) is None
