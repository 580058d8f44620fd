"""PAGE XML: a page with its lines, as Transkribus, eScriptorium and OCR-D keep it.

Read in all versions, written in that of 2019-07-15 (https://github.com/PRImA-Research-Lab/PAGE-XML).
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from handwriting.errors import HandwritingError
from handwriting.formats.annotated import (
    AnnotatedLine,
    AnnotatedPage,
    AnnotatedWord,
    box_of,
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

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_KIND = re.compile(r"structure\s*\{[^}]*type:\s*([^;}\s]+)")


def parse_page_xml(path: Path, root: ElementTree.Element | None = None) -> AnnotatedPage:
    """The page of a PAGE file, its lines in the reading order that it names.

    Args:
        path: the file.
        root: its content, where it was read already.

    Raises:
        HandwritingError: missing, damaged, no PAGE file, or without a page.
    """
    root = read_xml(path) if root is None else root
    pages = children(root, "Page")
    if local_name(root) != "PcGts" or not pages:
        raise HandwritingError(f"{path} is no PAGE file with a page.")
    (page, *_) = pages
    found = [line for region in _regions(page) for line in children(region, "TextLine")]
    check_line_count(path, found)
    width, height = page_size(path, page.get("imageWidth"), page.get("imageHeight"))
    lines = [_parse_line(line, width, height) for line in found]
    return AnnotatedPage(
        image=file_name(page.get("imageFilename", "")),
        width=width,
        height=height,
        lines=tuple(line for line in lines if line is not None),
        unplaced=lines.count(None),
    )


def _regions(page: ElementTree.Element) -> list[ElementTree.Element]:
    """The text regions in reading order; those that it does not name come last."""
    references = [
        reference.get("regionRef")
        for order in children(page, "ReadingOrder")
        for reference in order.iter()
        if reference.get("regionRef")
    ]
    place = {name: number for number, name in reversed(list(enumerate(references)))}
    regions = descendants(page, "TextRegion")
    return sorted(regions, key=lambda region: place.get(region.get("id"), len(place)))


def _outline(element: ElementTree.Element) -> str | None:
    """The points of its outline; versions before 2013 have an element for each."""
    for coordinates in children(element, "Coords"):
        single = [f"{p.get('x')},{p.get('y')}" for p in children(coordinates, "Point")]
        return coordinates.get("points") or " ".join(single)
    return None


def _parse_line(line: ElementTree.Element, width: int, height: int) -> AnnotatedLine | None:
    polygon = polygon_on_page(points(_outline(line)), width, height)
    if polygon is None:
        return None
    baselines = [baseline_points(baseline.get("points")) for baseline in children(line, "Baseline")]
    baseline = baselines[0] if baselines else None
    kind = _KIND.search(line.get("custom", ""))
    words = [_parse_word(word, width, height) for word in children(line, "Word")]
    text, sure = _text(line)
    return AnnotatedLine(
        text=text or " ".join(word.text for word in words if word),
        polygon=polygon,
        baseline=baseline,
        kind=kind[1] if kind else "",
        words=tuple(filter(None, words)),
        confidence=sure,
    )


def _text(element: ElementTree.Element) -> tuple[str, float | None]:
    """The first of its texts, by their index, and its confidence."""
    texts = children(element, "TextEquiv")
    if not texts:
        return "", None
    first = min(texts, key=lambda text: text.get("index", "0").zfill(9))
    unicode_texts = children(first, "Unicode")
    text = (unicode_texts[0].text or "") if unicode_texts else ""
    return " ".join(text.split()), confidence(first.get("conf"))


def _parse_word(word: ElementTree.Element, width: int, height: int) -> AnnotatedWord | None:
    polygon = polygon_on_page(points(_outline(word)), width, height)
    if polygon is None:
        return None
    text, sure = _text(word)
    return AnnotatedWord(text, box_of(polygon), sure)


def format_page_xml(page: AnnotatedPage, made: datetime | None = None) -> ElementTree.ElementTree:
    """The page as PAGE XML: one region with all lines.

    Args:
        page: what to write.
        made: when; now without it.
    """
    time = (made or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    root = new_root(NAMESPACE, "PcGts")
    metadata = add_child(root, "Metadata")
    for name, text in (("Creator", "handwriting"), ("Created", time), ("LastChange", time)):
        add_child(metadata, name).text = text
    size = {"imageWidth": str(page.width), "imageHeight": str(page.height)}
    sheet = add_child(root, "Page", {"imageFilename": page.image, **size})
    if page.lines:
        region = add_child(sheet, "TextRegion", {"id": "region"})
        add_child(
            region, "Coords", {"points": point_list(rectangle(0, 0, page.width, page.height))}
        )
        for number, line in enumerate(page.lines, start=1):
            _add_line(region, f"line_{number}", line)
    ElementTree.indent(root)
    return ElementTree.ElementTree(root)


def _add_line(region: ElementTree.Element, name: str, line: AnnotatedLine) -> None:
    kind = {"custom": f"structure {{type:{line.kind};}}"} if line.kind else {}
    element = add_child(region, "TextLine", {"id": name, **kind})
    add_child(element, "Coords", {"points": point_list(line.polygon)})
    if line.baseline is not None:
        add_child(element, "Baseline", {"points": point_list(line.baseline)})
    for number, word in enumerate(line.words, start=1):
        child = add_child(element, "Word", {"id": f"{name}_word_{number}"})
        add_child(child, "Coords", {"points": point_list(rectangle(*word.box))})
        _add_text(child, word.text, word.confidence)
    _add_text(element, line.text, line.confidence)


def _add_text(element: ElementTree.Element, text: str, sure: float | None) -> None:
    said = {} if sure is None else {"conf": f"{sure:.4f}"}
    add_child(add_child(element, "TextEquiv", said), "Unicode").text = text
