"""Pages with annotated places: what is measured, where a line lies, and damaged files."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.datasets.annotated_pages import (
    PlacedLine,
    PlacedPage,
    cut_given,
    load_placed_pages,
)
from handwriting.errors import HandwritingError
from handwriting.evaluation.layout_metrics import contained
from tests.support import shared_folder

SIZE = (400, 200)


def alto(folder: Path, lines: str, image: str = "page.png") -> Path:
    Image.new("RGB", SIZE, "white").save(folder / image)
    tags = "".join(
        f'<OtherTag ID="{name}" LABEL="DefaultLine:{name}"/>'
        for name in ("Handwritten", "Print", "Typewritten")
    )
    text = (
        f"<alto><Description><fileName>{image}</fileName></Description><Tags>{tags}</Tags>"
        f'<Layout><Page WIDTH="800" HEIGHT="400">{lines}</Page></Layout></alto>'
    )
    (folder / "page.xml").write_text(text, encoding="utf-8")
    return folder


def text_line(text: str, polygon: str = "20,20 700,20 700,80 20,80", more: str = "") -> str:
    content = text.replace(">", "&gt;").replace("<", "&lt;")
    return (
        f'<TextLine {more}><Shape><Polygon POINTS="{polygon}"/></Shape>'
        f'<String CONTENT="{content}"/></TextLine>'
    )


def only_line(folder: Path):
    ((line,),) = [page.lines for page in load_placed_pages(folder)]
    return line


@pytest.mark.parametrize(
    ("text", "kind", "counts"),
    [
        ("two words", "Handwritten", True),
        ("no kind", "", True),
        ("printed words", "Print", False),
        ("typed words", "Typewritten", False),
        ("le 2 >mai< mai", "", False),
        ("est><", "", False),
        (">", "", False),
        ("...", "", False),
        ("", "", False),
        ("if 2 > n and n < 5:", "", True),
    ],
)
def test_crossed_out_printed_and_sign_lines_are_left_aside(text, kind, counts, tmp_path):
    tag = f'TAGREFS="{kind}"' if kind else ""
    kept = text_line("kept", "20,200 700,200 700,260 20,260")
    (page,) = load_placed_pages(alto(tmp_path, text_line(text, more=tag) + kept))
    assert [line.counts for line in page.lines] == [counts, True]


def test_places_are_those_of_the_picture_however_large_the_annotated_one_was(tmp_path):
    (page,) = load_placed_pages(alto(tmp_path, text_line("two words")))
    (line,) = page.scaled(SIZE)
    assert line.polygons[0].max(axis=0).tolist() == [350, 40]
    assert line.spine[:, 1] == pytest.approx(25)
    assert page.scaled((800, 400))[0].spine[:, 1] == pytest.approx(50)


def test_the_spine_lies_above_the_baseline_and_follows_it(tmp_path):
    baseline = 'BASELINE="20 60 360 60 700 70"'
    line = only_line(alto(tmp_path, text_line("a long line", more=baseline)))
    assert line.spine[0] == pytest.approx((20, 45))
    assert line.spine[-1, 1] == pytest.approx(55, abs=1)
    assert (np.diff(line.spine[:, 0]) > 0).all()


def test_words_have_places_where_each_has_its_string(tmp_path):
    strings = "".join(
        f'<String CONTENT="{text}" HPOS="{left}" VPOS="20" WIDTH="90" HEIGHT="60"/>'
        for text, left in (("two", 20), ("words", 120))
    )
    shape = '<Shape><Polygon POINTS="20,20 700,20 700,80 20,80"/></Shape>'
    line = only_line(alto(tmp_path, f"<TextLine>{shape}{strings}</TextLine>"))
    assert [word.text for word in line.words] == ["two", "words"]
    assert line.words[1].polygon.min(axis=0).tolist() == [120, 20]
    assert only_line(alto(tmp_path, text_line("two words"))).words == ()
    (word,) = only_line(alto(tmp_path, text_line("alone"))).words
    assert word.polygon.max(axis=0).tolist() == [700, 80]


CRAFTED = (
    "0,0 5,5",
    "5,5 5,5 5,5",
    "-900000,10 900000,10 900000,90 -900000,90",
    "900,900 950,900 950,990",
    " ".join(f"{k % 700},{20 + k % 40}" for k in range(9_999)),
    "1,2 " * 1_000_000,
    "nan,1 1e999,4 7,8",
)


@pytest.mark.parametrize("polygon", CRAFTED, ids=range(len(CRAFTED)))
def test_a_crafted_outline_is_left_out_or_has_a_place_on_the_page(polygon, tmp_path):
    kept = text_line("kept", "20,200 700,200 700,260 20,260")
    (page,) = load_placed_pages(alto(tmp_path, text_line("crafted text", polygon) + kept))
    assert page.lines[-1].text == "kept"
    white = np.full((*SIZE[::-1], 3), 255, dtype=np.uint8)
    for line in page.scaled(SIZE):
        assert np.isfinite(line.spine).all()
        assert (line.spine >= 0).all() and (line.spine <= SIZE).all()
        assert cut_given(white, line).min() == 255


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "no handwritten line"),
        (text_line("crafted", "0,0 5,5"), "no handwritten line"),
        (text_line("a " * 60_000), "more than 100,000 characters"),
    ],
)
def test_a_folder_without_a_line_to_measure_is_a_sentence(lines, said, tmp_path):
    with pytest.raises(HandwritingError, match=said):
        load_placed_pages(alto(tmp_path, lines))


def test_a_page_without_its_picture_is_a_sentence(tmp_path):
    (alto(tmp_path, text_line("a")) / "page.png").unlink()
    with pytest.raises(HandwritingError, match=r"page\.png is not in"):
        load_placed_pages(tmp_path)


def test_a_folder_of_other_data_has_no_placed_pages(tmp_path):
    assert load_placed_pages(tmp_path) == []
    (alto(tmp_path, text_line("a")) / "text.csv").write_text("file,text\npage.png,a\n")
    assert load_placed_pages(tmp_path) == []


def word_list(folder: Path, polygons: list[list[list[int]]]) -> PlacedPage:
    words = [
        {"image": "a.png", "text": f"w{k}", "line": 7, "box": [9 * k, 0, 9 * k + 8, 9]}
        | {"polygon": polygon}
        for k, polygon in enumerate(polygons)
    ]
    (folder / "words.json").write_text(json.dumps(words))
    (page,) = load_placed_pages(folder)
    return page


def test_words_of_a_line_are_read_from_left_to_right(tmp_path):
    square = [[0, 0], [8, 0], [8, 9], [0, 9]]
    (line,) = word_list(tmp_path, [square, [[x + 50, y] for x, y in square]]).lines
    assert line.text == "w0 w1" and [word.text for word in line.words] == ["w0", "w1"]
    assert contained(np.array(square, dtype=float), line.spine).mean() == 0.5


@pytest.mark.parametrize("polygon", [[[3, 3]], [[3, 3], [3, 3]], [[0, 0], [8, 9]]])
def test_a_word_whose_outline_has_no_area_has_a_spine(polygon, tmp_path):
    (line,) = word_list(tmp_path, [polygon]).lines
    assert len(line.spine) and np.isfinite(line.spine).all()


def test_a_given_line_is_cut_level_and_without_its_neighbours():
    page = np.full((300, 600, 3), 240, dtype=np.uint8)
    cv2.putText(page, "over the line", (20, 90), cv2.FONT_HERSHEY_SIMPLEX, 2, (20, 20, 40), 4)
    cv2.line(page, (0, 150), (600, 150), (20, 20, 40), 6)
    turn = cv2.getRotationMatrix2D((300, 150), -20, 1)
    turn[:, 2] += (50, 100)
    outline = np.array([(10, 30), (480, 30), (480, 110), (10, 110)], dtype=float)
    turned = cv2.warpAffine(page, turn, (700, 500), borderValue=(240, 240, 240))

    def placed(outline: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, ...]:
        spine = np.stack((np.linspace(10, 480, 9), np.full(9, 70.0)), axis=1)
        return tuple(side @ matrix[:, :2].T + matrix[:, 2] for side in (outline, spine))

    polygon, spine = placed(outline, turn)
    cut = cut_given(turned, PlacedLine("over the line", (polygon,), spine))
    assert abs(cut.shape[0] - 81) <= 2 and abs(cut.shape[1] - 471) <= 2
    dark = cut.min(axis=2) < 130
    level = page[30:111, 10:481].min(axis=2) < 130
    assert dark.sum() == pytest.approx(level.sum(), rel=0.1)
    rows, columns = np.minimum(dark.shape, level.shape)
    both = dark[:rows, :columns] & level[:rows, :columns]
    assert both.sum() > 0.8 * level.sum()


def test_real_pages_have_spines_on_their_ink():
    folder = shared_folder("scanned_pages") / "letters_1905"
    pages = load_placed_pages(folder)
    lines = [line for page in pages for line in page.lines]
    assert sum(not line.counts for line in lines) == 329
    held = [contained(line.polygons[0], line.spine).mean() for line in lines if line.counts]
    assert np.mean(held) > 0.97


def test_a_page_is_spelled_otherwise_line_by_line_and_word_by_word(tmp_path):
    page = word_list(tmp_path, [[[0, 0], [9, 0], [9, 9], [0, 9]]]).respelled(str.upper)
    (line,) = page.lines
    assert line.text == line.text.upper() == " ".join(word.text for word in line.words) != ""
