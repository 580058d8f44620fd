"""Bad files of ground truth: a clear line each, and the rest is read where that is safe."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import text_evaluation
import text_training
from handwriting import PROJECT
from handwriting.datasets.photographed_text import read_texts
from handwriting.errors import HandwritingError
from handwriting.formats.alto import format_alto
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage
from handwriting.formats.page_xml import format_page_xml
from handwriting.pages.layout import LAYOUT_FOLDER, find_layout
from tests.pages.drawn import layout_of_page
from tests.support import random_reader

WRITERS = {"alto": format_alto, "page": format_page_xml}
BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
GREEK = "Ἄνδρα μοι ἔννεπε"


@pytest.fixture(scope="module")
def drawn() -> tuple[Image.Image, AnnotatedPage]:
    """A page with five lines."""
    layout = layout_of_page()
    height, width = layout.picture.shape[:2]
    lines = [
        AnnotatedLine(
            line.text.strip(" #"),
            np.rint(line.outline(1.5, 1.0)).astype(int),
            np.rint(line.points - line.ups * line.heights[:, None] / 2).astype(int),
        )
        for line in layout.lines
    ]
    return Image.fromarray(layout.picture), AnnotatedPage("one.png", width, height, tuple(lines))


@pytest.fixture
def folder(drawn, tmp_path) -> Path:
    picture, page = drawn
    write(tmp_path / "pages", picture, page)
    return tmp_path / "pages"


def write(folder: Path, picture: Image.Image | None, page: AnnotatedPage, form="alto") -> Path:
    folder.mkdir(exist_ok=True)
    if picture:
        picture.save(folder / page.image)
    path = folder / f"{Path(page.image).stem}.xml"
    WRITERS[form](page).write(path, encoding="utf-8", xml_declaration=True)
    return path


def evaluate(folder: Path, *options: str) -> dict:
    random_reader(folder.parent, "small")
    layout = find_layout("latest", PROJECT / LAYOUT_FOLDER)
    arguments = [folder.parent / "small.pt", "--data", folder, "--layout-model", layout, *options]
    return text_evaluation.main(
        text_evaluation.get_args_parser().parse_args(list(map(str, arguments)))
    )


def train(folder: Path) -> None:
    out = folder.parent
    text_training.main(
        text_training.get_args_parser().parse_args(
            [
                *("--data", str(folder), "--epochs", "1", "--held-out", "0", "--device", "cpu"),
                *("--width", "4", "--hidden", "8", "--layers", "1", "--columns", "768"),
                *("--models", str(out / "models"), "--metrics", str(out / "metrics")),
            ]
        )
    )


@pytest.mark.parametrize("command", [evaluate, train])
@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda text: text[: len(text) // 2], "no well-formed XML"),
        (lambda text: re.sub(r"\?>", f"?>{BOMB}", text, count=1), "entities"),
        (lambda text: text.replace("one.png", "none.png"), None),
    ],
    ids=["cut short", "entities", "another name"],
)
def test_a_damaged_file_is_named_and_nothing_is_made(command, form, fault, said, drawn, tmp_path):
    path = write(tmp_path / "pages", None, drawn[1], form)
    path.write_text(fault(path.read_text("utf-8")), "utf-8")
    with pytest.raises(HandwritingError, match=said or r"none\.png is not in") as caught:
        command(tmp_path / "pages")
    assert "one.xml" in str(caught.value) and "\n" not in str(caught.value)
    assert not list((tmp_path / "metrics").glob("*"))


@pytest.mark.parametrize("command", [evaluate, train])
def test_a_page_whose_picture_was_turned_is_named_and_the_others_are_read(
    command, drawn, folder, capsys
):
    picture, page = drawn
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    write(folder, turned, replace(page, image="two.png"))
    command(folder)
    said = capsys.readouterr()
    assert "two.xml is left aside: two.png has 800 by 1000 pixels" in said.err
    assert ('"lines": 5' if command is evaluate else "0 lines are left aside") in said.out


def test_a_smaller_picture_is_the_same_page(drawn, tmp_path):
    picture, page = drawn
    write(tmp_path / "pages", picture.resize((500, 399)), page)
    assert evaluate(tmp_path / "pages")["pages"]["lines"] == 5


@pytest.fixture
def mixed(drawn, tmp_path) -> Path:
    """Of five lines one in Greek, one off the page, and one with a text of 5,000 characters."""
    picture, page = drawn
    first, second, third, *others = page.lines
    lines = (
        replace(first, text=GREEK),
        replace(second, polygon=second.polygon + 5000),
        replace(third, text="long " * 1000),
        *others,
    )
    write(tmp_path / "pages", picture, replace(page, lines=lines))
    return tmp_path / "pages"


def test_lines_that_cannot_be_measured_are_left_aside_and_counted(mixed):
    found = evaluate(mixed)
    assert found["samples"] == 3
    assert found["pages"]["lines_left_aside"] == 2


def test_lines_that_cannot_be_learnt_are_left_aside_and_counted(mixed, capsys):
    train(mixed)
    assert "3 lines are left aside" in capsys.readouterr().out


def test_a_text_too_long_for_its_image_is_left_aside(folder, drawn, capsys):
    for file in folder.iterdir():
        file.unlink()
    rows = [("file", "text"), ("long.png", "long " * 1000), ("short.png", "a line")]
    for name, _ in rows[1:]:
        drawn[0].crop((100, 90, 400, 150)).save(folder / name)
    (folder / "text.csv").write_text("\n".join(map(",".join, rows)) + "\n", "utf-8")
    train(folder)
    assert "1 texts are too long for their images" in capsys.readouterr().out
    assert evaluate(folder)["samples"] == 2


def test_tabs_in_a_table_are_white_space(tmp_path):
    (tmp_path / "text.csv").write_text('file,text\na.png,"one\ttwo\t three"\n')
    assert [row["text"].split() for row in read_texts(tmp_path / "text.csv")] == [
        ["one", "two", "three"]
    ]


def test_a_language_that_is_not_there_is_a_line(folder, capsys):
    with pytest.raises(SystemExit):
        evaluate(folder, "--language", "tlh")
    assert "invalid choice: 'tlh'" in capsys.readouterr().err
