"""A page as a document: one function for each format that programs of this field exchange."""

from collections.abc import Callable
from xml.etree.ElementTree import ElementTree, tostring

from handwriting.formats.alto import format_alto
from handwriting.formats.annotated import AnnotatedPage
from handwriting.formats.hocr import format_hocr
from handwriting.formats.page_xml import format_page_xml

DOCUMENT_FORMATS: dict[str, Callable[[AnnotatedPage], ElementTree]] = {
    "alto": format_alto,
    "page": format_page_xml,
    "hocr": format_hocr,
}
"""By the names that the command line takes."""


def document_of(page: AnnotatedPage, form: str) -> str:
    """The page in one of DOCUMENT_FORMATS, with an XML declaration that says UTF-8."""
    root = DOCUMENT_FORMATS[form](page).getroot()
    return tostring(root, encoding="utf-8", xml_declaration=True).decode("utf-8")
