"""hOCR: a page with its words as HTML (https://kba.github.io/hocr-spec/1.2/)."""

from xml.etree import ElementTree

from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage
from handwriting.formats.xml_files import add_child, new_root

NAMESPACE = "http://www.w3.org/1999/xhtml"


def format_hocr(page: AnnotatedPage) -> ElementTree.ElementTree:
    """The page as hOCR: a line's words, each with its box and its confidence in percent."""
    root = new_root(NAMESPACE, "html")
    head = add_child(root, "head")
    add_child(head, "title").text = page.image
    add_child(head, "meta", {"charset": "utf-8"})
    add_child(head, "meta", {"name": "ocr-system", "content": "handwriting"})
    add_child(head, "meta", {"name": "ocr-capabilities", "content": "ocr_page ocr_line ocrx_word"})
    whole = (
        f'image "{page.image}"; {_box(0, 0, page.width, page.height)}; ppageno {page.number - 1}'
    )
    sheet = add_child(
        add_child(root, "body"), "div", {"class": "ocr_page", "id": "page", "title": whole}
    )
    for number, line in enumerate(page.lines, start=1):
        _add_line(sheet, f"line_{number}", line)
    ElementTree.indent(root)
    return ElementTree.ElementTree(root)


def _add_line(sheet: ElementTree.Element, name: str, line: AnnotatedLine) -> None:
    place = {"class": "ocr_line", "id": name, "title": _box(*line.box)}
    element = add_child(sheet, "span", place)
    for number, word in enumerate(line.parts, start=1):
        title = _box(*word.box)
        if word.confidence is not None:
            title += f"; x_wconf {word.confidence * 100:.0f}"
        attributes = {"class": "ocrx_word", "id": f"{name}_word_{number}", "title": title}
        add_child(element, "span", attributes).text = word.text


def _box(left: int, top: int, right: int, bottom: int) -> str:
    return f"bbox {left} {top} {right} {bottom}"
