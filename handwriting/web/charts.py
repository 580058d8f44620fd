"""Vega-Lite specifications of the charts of "Compare runs", for phones and for both themes.

Their data are rows of `handwriting.web.run_figures`.
"""

from collections.abc import Sequence
from typing import Any

Spec = dict[str, Any]

_COLOURS = ("#3182ce", "#dd6b20", "#2f9e63", "#a855c7", "#b7791f")
"""Colours of runs and series, in order; contrast at least 3:1 on light and dark background."""

_SHARES = ("#a3bfdb", "#dd6b20")
"""Colours of the smallest and the largest share in a matrix, on light and dark background."""

BADGES = (":blue[●]", ":orange[●]")
"""The first two colours in Markdown, for legends beside a chart."""

_ROW = 20
_BAR = 12
_FEET = 90
"""Heights in pixels: of a class, of a bar, and of the axis below the rows."""

_NAMES = {
    **{"labelFont": "monospace", "labelFontSize": 14, "labelLimit": 0, "labelOverlap": False},
    # Else the first name stands below its row.
    "labelFlush": False,
}
_DASHES = ([1, 0], [5, 4])
_LEGEND = {
    **{"orient": "top", "direction": "horizontal", "columns": 2, "labelLimit": 0},
    # Two columns then fit on a phone.
    "labelFontSize": 12,
}

CELL = "cell"
"""The selection that a click on the confusion matrix makes."""


def _quantity(field: str, title: str | None, **more: Any) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, **more}


def _name(field: str, title: str | None = None, **more: Any) -> Spec:
    return {"field": field, "type": "nominal", "title": title, **more}


def _colour(field: str, names: Sequence[str], legend: Spec | None) -> Spec:
    scale = {"domain": list(names), "range": _COLOURS[: len(names)]}
    return _name(field, scale=scale, legend=legend)


def _dash(field: str, names: Sequence[str]) -> Spec:
    scale = {"domain": list(names), "range": _DASHES[: len(names)]}
    return _name(field, scale=scale, legend=_LEGEND | {"symbolType": "stroke"})


def _hover(*fields: Spec) -> list[Spec]:
    return [field | {"title": field["title"] or field["field"]} for field in fields]


def two_runs_over_epochs(title: str, runs: Sequence[str], series: Sequence[str]) -> Spec:
    """Loss or accuracy of two runs, a colour each, with dashes for the second series."""
    colour = _colour("run", runs, legend=None)
    return _epochs_chart(title, colour, _dash("series", series) if len(series) > 1 else None)


def series_over_epochs(title: str, runs: Sequence[str], series: Sequence[str]) -> Spec:
    """Many series, a colour each, with dashes for the second run."""
    colour = _colour("series", series, legend=_LEGEND)
    return _epochs_chart(title, colour, _dash("run", runs) if len(runs) > 1 else None)


def _epochs_chart(title: str, colour: Spec, dash: Spec | None) -> Spec:
    """Lines over the epochs; the nearest point is enlarged and has a tooltip."""
    value = _quantity("value", title, format=".4f")
    near = {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"}
    size = {"condition": {"param": "near", "empty": False, "value": 130}, "value": 25}
    return {
        "height": 320,
        "encoding": {
            "x": _quantity("epoch", "epoch", axis={"tickMinStep": 1, "grid": False}),
            "y": _quantity("value", title, scale={"zero": False}),
            "color": colour,
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"strokeDash": dash} if dash else {},
            },
            {
                "params": [{"name": "near", "select": near}],
                "mark": {"type": "point", "filled": True, "opacity": 1},
                "encoding": {
                    "size": size,
                    "detail": [_name("run"), _name("series")],
                    "tooltip": _hover(
                        _name("run"), _name("series"), _quantity("epoch", None), value
                    ),
                },
            },
        ],
    }


def run_classes_chart(title: str, classes: Sequence[str], runs: Sequence[str]) -> Spec:
    """A metric of one run by class: a bar for each class."""
    value = _quantity("value", title, scale={"domain": [0, 1]})
    names = {"labelAngle": 0, "labelOverlap": True, "labelFont": "monospace", "title": None}
    hover = (_name("character"), _name("run"), value | {"format": ".4f"}, _quantity("images", None))
    return {
        "height": 220,
        "mark": {"type": "bar"},
        "encoding": {
            "x": _name("character", sort=list(classes), axis=names),
            "y": value,
            "color": _colour("run", runs, legend=None),
            "tooltip": _hover(*hover),
        },
    }


def classes_chart(title: str, characters: Sequence[str], runs: Sequence[str]) -> Spec:
    """A metric by class: a row for each class, with a point for each run and their distance."""
    row = _name("character", sort=list(characters), axis=_NAMES | {"grid": False})
    value = _quantity("value", title, scale={"domain": [0, 1]})
    hover = _hover(
        _name("character"),
        _name("run"),
        value | {"format": ".4f"},
        _quantity("difference", "first minus second", format="+.4f"),
        _quantity("images", None),
    )
    point = {"type": "point", "filled": True, "size": 90, "opacity": 1}
    distance = {
        "mark": {"type": "rule", "strokeWidth": 3, "color": "#999999", "opacity": 0.5},
        "encoding": {
            "x": {"aggregate": "min", **value},
            "x2": {"aggregate": "max", "field": "value"},
            "y": row,
        },
    }
    points = {
        "mark": point,
        "encoding": {
            "x": value,
            "y": row,
            "color": _colour("run", runs, legend=None),
            "tooltip": hover,
        },
    }
    return {"height": _ROW * len(characters) + _FEET, "layer": [distance, points]}


def confusion_chart(classes: Sequence[str]) -> Spec:
    """The confusion matrix without its diagonal; a click selects the true character."""
    place = {"scale": {"domain": list(classes)}}
    ticks = {"axis": _NAMES | {"labelFontSize": 10, "labelOverlap": True, "labelAngle": 0}}
    share = _quantity("share", "share of the true character's images", format=".1%")
    hover = _hover(
        _name("true", "true"), _name("read", "predicted"), _quantity("images", None), share
    )
    return {
        "height": 520,
        "params": [{"name": CELL, "select": {"type": "point", "fields": ["true"]}}],
        "transform": [{"filter": "datum.true != datum.read"}],
        "mark": {"type": "rect", "cursor": "pointer"},
        "encoding": {
            "x": _name("read", "predicted", **place, **ticks),
            "y": _name("true", "true character", **place, **ticks),
            "color": _quantity(
                "share",
                None,
                scale={
                    "type": "log",
                    "domain": [0.002, 1],
                    "range": _SHARES,
                    "interpolate": "rgb",
                    "clamp": True,
                },
                legend={"orient": "top", "format": "~%", "values": [0.002, 0.02, 0.2, 1]},
            ),
            "tooltip": hover,
        },
    }


def _bars_chart(
    value: Spec, others: Sequence[str], group: Spec, name: str, names: Spec, hover: Sequence[Spec]
) -> Spec:
    """Horizontal bars: a row for each of ``others``, with a bar for each member of a group.

    Args:
        value: channel of the bars' length.
        others: names of the rows, in order.
        group: channel of the bars' colour.
        name: field with the names of the rows.
        names: axis style of these names.
        hover: fields of the tooltip.
    """
    order = group["scale"]["domain"]
    return {
        "height": _BAR * len(order) * len(others) + _FEET,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": value,
            "y": _name(name, sort=list(others), axis=names),
            "yOffset": {"field": group["field"], "sort": order},
            "color": group,
            "tooltip": _hover(*hover),
        },
    }


def mistakes_chart(others: Sequence[str], runs: Sequence[str]) -> Spec:
    """Confusions of a character: a row for each other character, a bar for each run."""
    share = _quantity("share", "share of the true character's images", format=".1%")
    hover = (_name("run"), _name("true"), _name("read", "predicted"))
    images = _quantity("images", "images", axis={"tickMinStep": 1})
    hover = (*hover, _quantity("images", None), share)
    return _bars_chart(images, others, _colour("run", runs, legend=None), "other", _NAMES, hover)


def decoders_chart(sets: Sequence[str], decoders: Sequence[str]) -> Spec:
    """Error rates of a text-line model: a row for each data set, a bar for each decoder."""
    colour = _colour("decoder", decoders, legend=None)
    wrong = _quantity("cer", "character error rate (CER)", axis={"format": "%"})
    hover = (
        *(_name("set"), _name("decoder")),
        _quantity("cer", "character error rate (CER)", format=".4f"),
        _quantity("exact", "exact match", format=".4f"),
        _quantity("samples", None),
    )
    names = {"labelLimit": 0, "labelOverlap": False}
    return _bars_chart(wrong, sets, colour, "set", names, hover)
