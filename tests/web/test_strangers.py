"""Values that no regular browser sends: they reveal no path and delay no other user."""

import json

import pytest

from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.web.answer import Options
from tests.support import PROJECT
from tests.web.hostile_visitors import patterns
from tests.web.visitor import Visitor

SEVEN = {"objects": [{"path": [["M", 100, 60], ["L", 160, 60], ["L", 125, 170]]}]}

CRAFTED = [
    ("pen", {"json_value": '{"room": [1500000, 900]}'}),
    ("pen", {"json_value": '{"room": [[], "x"]}'}),
    ("canvas", {"json_value": '{"drawing": "x", "backgroundFit": 5}'}),
    ("canvas", {"json_value": "[" * 100_000}),
    ("content_write", {"string_array_value": ["x"] * 1000}),
    ("language_write", {"int_value": 2**60}),
    ("compare", {"string_value": "x" * 1000}),
    ("characters", {"string_array_value": ["x"] * 1000}),
]


@pytest.mark.browser
def test_crafted_values_show_no_path_and_another_visitor_is_answered(address):
    for key, value in CRAFTED:
        with Visitor(address) as stranger:
            stranger.tell(key, **value)
            shown = " ".join(map(str, stranger.elements.values()))
            assert "Traceback" not in shown and str(PROJECT) not in shown
    with Visitor(address) as other:
        other.tell("canvas", json_value=json.dumps({"drawing": {"raw": SEVEN, "data": None}}))
        assert '[["7", ' in " ".join(str(element.json) for element in other.components("answer"))


@pytest.mark.parametrize("expression", patterns(), ids=range(len(patterns())))
def test_a_hostile_pattern_is_refused_or_asked_at_once(expression):
    try:
        assert set(Options(pattern=expression).allowed) <= set(CLASSES)
    except HandwritingError as error:
        assert len(str(error)) < 300
