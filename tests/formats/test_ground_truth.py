"""ALTO and PAGE files: what is read, what is written and read back, what is refused."""

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwriting.errors import HandwritingError
from handwriting.formats.alto import format_alto
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage, AnnotatedWord
from handwriting.formats.ground_truth import annotated_pages, parse_annotated
from handwriting.formats.hocr import format_hocr
from handwriting.formats.page_xml import format_page_xml
from handwriting.formats.xml_files import points
from tests.support import shared_folder

WRITERS = {"alto": format_alto, "page": format_page_xml}

TWO_WORDS = (
    AnnotatedWord("Où", (10, 10, 60, 40), 0.75),
    AnnotatedWord("<ça> & là", (70, 10, 180, 40), 0.5),
)
LINE = AnnotatedLine(
    "Où <ça> & là",
    polygon=np.array([(10, 10), (180, 8), (180, 42), (10, 40)]),
    baseline=np.array([(10, 35), (90, 34), (180, 36)]),
    words=TWO_WORDS,
)
PAGE = AnnotatedPage("a page.jpg", 200, 100, (LINE,))


def written(folder: Path, text: str) -> Path:
    path = folder / "page.xml"
    path.write_text(text, encoding="utf-8")
    return path


def alto(line: str, page: str = 'WIDTH="200" HEIGHT="100"', before: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{before}<alto xmlns="http://www.loc.gov/standards/alto/ns-v3#">'
        f"<Layout><Page {page}><PrintSpace><TextBlock>{line}</TextBlock></PrintSpace></Page>"
        "</Layout></alto>"
    )


@pytest.mark.parametrize("form", WRITERS)
def test_what_is_written_is_read_back(form: str, tmp_path: Path) -> None:
    path = tmp_path / "page.xml"
    WRITERS[form](PAGE).write(path, encoding="utf-8", xml_declaration=True)
    page = parse_annotated(path)
    (line,) = page.lines
    assert (page.image, page.width, page.height, page.unplaced) == ("a page.jpg", 200, 100, 0)
    assert line.text == LINE.text
    assert line.words == TWO_WORDS
    np.testing.assert_array_equal(line.polygon, LINE.polygon)
    np.testing.assert_array_equal(line.baseline, LINE.baseline)


def test_hocr_names_the_box_and_the_confidence_of_each_word() -> None:
    words = [e for e in format_hocr(PAGE).iter() if e.get("class") == "ocrx_word"]
    assert [word.text for word in words] == ["Où", "<ça> & là"]
    assert words[0].get("title") == "bbox 10 10 60 40; x_wconf 75"


def test_a_page_file_says_when_it_was_made_as_its_schema_wants() -> None:
    root = format_page_xml(PAGE, datetime(2026, 11, 28, 7, 30)).getroot()
    assert root[0][1].text == "2026-11-28T07:30:00"


def test_regions_are_read_in_the_order_that_the_file_names(tmp_path: Path) -> None:
    line = '<TextLine><Coords points="1,1 50,1 50,9"/><TextEquiv><Unicode>{}</Unicode></TextEquiv>'
    regions = "".join(
        f'<TextRegion id="{name}">{line.format(name)}</TextLine></TextRegion>' for name in "abc"
    )
    order = "".join(f'<RegionRefIndexed index="{n}" regionRef="{r}"/>' for n, r in enumerate("cb"))
    text = (
        '<PcGts><Page imageFilename="x/y.png" imageWidth="60" imageHeight="20">'
        f"<ReadingOrder><OrderedGroup>{order}</OrderedGroup></ReadingOrder>{regions}</Page></PcGts>"
    )
    page = parse_annotated(written(tmp_path, text))
    assert [line.text for line in page.lines] == ["c", "b", "a"]
    assert page.image == "y.png"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "well-formed"),
        (alto("<TextLine/>")[:90], "well-formed"),
        ("<html/>", "neither ALTO nor PAGE"),
        ('<?xml version="1.0" encoding="no-such"?><alto/>', "well-formed"),
        (alto("", before='<!DOCTYPE a [<!ENTITY b "bb">]>'), "entities"),
        ("<alto/>", "no ALTO file with a page"),
        ("<PcGts/>", "no PAGE file with a page"),
        (alto("", page='WIDTH="ten"'), "size is ten by None"),
        (alto("", page='WIDTH="0" HEIGHT="9"'), "size is 0 by 9"),
        (alto("", page='WIDTH="1e400" HEIGHT="9"'), "size is 1e400"),
    ],
)
def test_a_bad_file_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(HandwritingError, match=said) as caught:
        parse_annotated(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_millimetres_are_refused(tmp_path: Path) -> None:
    text = alto("").replace("<Layout>", "<MeasurementUnit>mm10</MeasurementUnit><Layout>")
    with pytest.raises(HandwritingError, match="not in pixels"):
        parse_annotated(written(tmp_path, text))


@pytest.mark.parametrize(
    "shape",
    [
        "",
        "<Shape><Polygon POINTS='1,1 5,5'/></Shape>",
        "<Shape><Polygon POINTS='500,500 600,500 600,600'/></Shape>",
        "<Shape><Polygon POINTS='nan,1 5,5 7,8 1e300,4'/></Shape>",
        f"<Shape><Polygon POINTS='{'1 2 ' * 20_000}'/></Shape>",
    ],
)
def test_a_line_without_a_place_on_the_page_is_counted(shape: str, tmp_path: Path) -> None:
    good = "<TextLine HPOS='5' VPOS='6' WIDTH='10' HEIGHT='4'><String CONTENT='a'/></TextLine>"
    page = parse_annotated(written(tmp_path, alto(f"<TextLine>{shape}</TextLine>{good}")))
    assert page.unplaced == 1
    assert [line.box for line in page.lines] == [(5, 6, 15, 10)]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=9))
def test_both_manners_of_points_say_the_same(pairs: list[tuple[int, int]]) -> None:
    comma = " ".join(f"{x},{y}" for x, y in pairs)
    np.testing.assert_array_equal(points(comma), pairs)
    np.testing.assert_array_equal(points(comma.replace(",", " ")), pairs)


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    written(tmp_path, alto(""))
    with pytest.raises(HandwritingError, match=re.escape("page.jpg is not in")):
        list(annotated_pages(tmp_path))


def test_scanned_pages_have_a_baseline_for_each_line() -> None:
    folder = shared_folder("scanned_pages") / "letters_1905"
    pages = [page for _, page in annotated_pages(folder)]
    lines = [line for page in pages for line in page.lines]
    assert (len(pages), len(lines), sum(page.unplaced for page in pages)) == (38, 671, 0)
    assert all(line.baseline is not None for line in lines)
    assert sum(not line.text for line in lines) < 10
    assert {line.kind for line in lines} >= {"DefaultLine:Handwritten", "DefaultLine:Typewritten"}
