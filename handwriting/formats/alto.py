"""ALTO XML: a page with its lines, as eScriptorium, Transkribus and libraries keep it.

Read in versions 2 to 4, written in version 4 (https://www.loc.gov/standards/alto/).
"""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from handwriting.errors import HandwritingError
from handwriting.formats.annotated import (
    AnnotatedLine,
    AnnotatedPage,
    AnnotatedWord,
    polygon_on_page,
)
from handwriting.formats.xml_files import (
    add_child,
    baseline_points,
    check_line_count,
    children,
    confidence,
    descendants,
    file_name,
    local_name,
    new_root,
    page_size,
    point_list,
    points,
    read_xml,
    rectangle,
)

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
_SCHEMA = f"{NAMESPACE} http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def parse_alto(path: Path, root: ElementTree.Element | None = None) -> AnnotatedPage:
    """The page of an ALTO file; of several pages the first.

    Args:
        path: the file.
        root: its content, where it was read already.

    Raises:
        HandwritingError: missing, damaged, no ALTO, not in pixels, or without a page.
    """
    root = read_xml(path) if root is None else root
    pages = descendants(root, "Page")
    if local_name(root) != "alto" or not pages:
        raise HandwritingError(f"{path} is no ALTO file with a page.")
    units = {unit.text for unit in descendants(root, "MeasurementUnit")}
    if units - {"pixel"}:
        raise HandwritingError(f"{path} measures in {units.pop()}, not in pixels. Export it so.")
    found = descendants(pages[0], "TextLine")
    check_line_count(path, found)
    width, height = page_size(path, pages[0].get("WIDTH"), pages[0].get("HEIGHT"))
    kinds = {tag.get("ID"): tag.get("LABEL", "") for part in children(root, "Tags") for tag in part}
    lines = [_parse_line(line, kinds, width, height) for line in found]
    names = [name.text or "" for name in descendants(root, "fileName")]
    return AnnotatedPage(
        image=file_name(names[0]) if names else "",
        width=width,
        height=height,
        lines=tuple(line for line in lines if line is not None),
        unplaced=lines.count(None),
    )


def _parse_line(
    line: ElementTree.Element, kinds: dict[str | None, str], width: int, height: int
) -> AnnotatedLine | None:
    outlines = [polygon.get("POINTS") for polygon in descendants(line, "Polygon")]
    outline = points(outlines[0]) if outlines else None
    polygon = polygon_on_page(_box(line) if outline is None else outline, width, height)
    if polygon is None:
        return None
    baseline = baseline_points(line.get("BASELINE"))
    strings = children(line, "String")
    named = [kinds[tag] for tag in line.get("TAGREFS", "").split() if kinds.get(tag)]
    return AnnotatedLine(
        text=_text(line),
        polygon=polygon,
        baseline=baseline,
        kind=named[0] if named else "",
        words=tuple(filter(None, map(_parse_word, strings))) if len(strings) > 1 else (),
    )


def _text(line: ElementTree.Element) -> str:
    """Its strings, which are words or the whole line; spaces stand between them or are implied."""
    parts = [part.get("CONTENT", "") for part in children(line, "String", "HYP")]
    return " ".join(" ".join(parts).split())


def _box(element: ElementTree.Element) -> np.ndarray | None:
    values = points(" ".join(element.get(n, "x") for n in ("HPOS", "VPOS", "WIDTH", "HEIGHT")))
    if values is None or len(values) != 2:
        return None
    (left, top), (wide, high) = values.tolist()
    return rectangle(left, top, left + wide, top + high)


def _parse_word(string: ElementTree.Element) -> AnnotatedWord | None:
    corners = _box(string)
    if corners is None:
        return None
    box = (*corners[0].tolist(), *corners[2].tolist())
    return AnnotatedWord(string.get("CONTENT", ""), box, confidence(string.get("WC")))


def format_alto(page: AnnotatedPage) -> ElementTree.ElementTree:
    """The page as ALTO 4: one text block with all lines, a string for each word."""
    ElementTree.register_namespace("xsi", _XSI)
    root = new_root(NAMESPACE, "alto")
    root.set(f"{{{_XSI}}}schemaLocation", _SCHEMA)
    description = add_child(root, "Description")
    add_child(description, "MeasurementUnit").text = "pixel"
    add_child(add_child(description, "sourceImageInformation"), "fileName").text = page.image
    whole = {"HPOS": "0", "VPOS": "0", "WIDTH": str(page.width), "HEIGHT": str(page.height)}
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    layout = add_child(root, "Layout")
    sheet = add_child(layout, "Page", {"ID": "page", "PHYSICAL_IMG_NR": str(page.number), **size})
    space = add_child(sheet, "PrintSpace", whole)
    if page.lines:
        block = add_child(space, "TextBlock", {"ID": "block", **whole})
        for number, line in enumerate(page.lines, start=1):
            _add_line(block, f"line_{number}", line)
    ElementTree.indent(root)
    return ElementTree.ElementTree(root)


def _add_line(block: ElementTree.Element, name: str, line: AnnotatedLine) -> None:
    place = {"ID": name, **_place(line.box)}
    if line.baseline is not None:
        place["BASELINE"] = point_list(line.baseline)
    element = add_child(block, "TextLine", place)
    add_child(add_child(element, "Shape"), "Polygon", {"POINTS": point_list(line.polygon)})
    for number, word in enumerate(line.parts):
        if number:
            add_child(element, "SP")
        said = {} if word.confidence is None else {"WC": f"{word.confidence:.4f}"}
        add_child(element, "String", {"CONTENT": word.text, **_place(word.box), **said})


def _place(box: tuple[int, int, int, int]) -> dict[str, str]:
    left, top, right, bottom = box
    values = {"HPOS": left, "VPOS": top, "WIDTH": right - left, "HEIGHT": bottom - top}
    return {name: str(value) for name, value in values.items()}
