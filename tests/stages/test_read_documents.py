"""The script that reads images reads documents page by page, in each of its formats."""

import json
from pathlib import Path

import pypdfium2
import pytest
import torch
from PIL import Image

import read_picture
from handwriting.cli import run_script
from handwriting.pages import reading
from handwriting.pages.text_reader import TextReader
from tests.formats.made import blank_pdf, pdf_of, pdf_with_password, tiff_of
from tests.pages.drawn import draw_page
from tests.support import random_reader

PAGE = Image.fromarray(draw_page())


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> TextReader:
    """A small reader that was never trained: it reads something, if nothing right."""
    torch.manual_seed(0)
    return TextReader.load(random_reader(tmp_path_factory.mktemp("model"), "small"))


@pytest.fixture(autouse=True)
def one_reader(reader, monkeypatch):
    monkeypatch.setattr(TextReader, "load", lambda *_: reader)
    monkeypatch.setattr(reading, "_UNCLEAR", 0.0)
    monkeypatch.setattr(reading, "_SHORT_UNCLEAR", 0.0)


@pytest.fixture
def scan(tmp_path) -> Path:
    """A PDF of two pages, the second blank."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_of([PAGE, Image.new("L", PAGE.size, 255)], 150))
    return path


def read(*arguments: object) -> int:
    """The exit code."""
    words = [*map(str, arguments)]
    return run_script(lambda: read_picture.main(read_picture.get_args_parser().parse_args(words)))


def test_the_json_has_an_object_with_its_number_for_each_page(scan, capsys):
    assert read(scan, "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["file"], first["page"], second["page"]) == (str(scan), 1, 2)
    assert (first["width"], first["height"]) == PAGE.size
    assert first["lines"] and not second["lines"]


def test_an_image_and_a_pdf_of_one_page_have_no_number(tmp_path, capsys):
    PAGE.save(tmp_path / "page.png")
    (tmp_path / "one.pdf").write_bytes(pdf_of([PAGE], 150))
    for name in ("page.png", "one.pdf"):
        assert read(tmp_path / name, "--json") == 0
        printed = capsys.readouterr()
        assert "page" not in json.loads(printed.out) and "page 1" not in printed.err
    assert read(tmp_path / "one.pdf") == 0
    assert "page" not in capsys.readouterr().out


def test_the_text_stands_under_the_number_of_its_page_and_the_bar_is_no_part_of_it(scan, capsys):
    assert read(scan) == 0
    printed = capsys.readouterr()
    headed = printed.out.splitlines()
    assert headed[0] == f"{scan}, page 1:" and f"{scan}, page 2:" in headed
    assert headed[-1] == f"{scan}, page 2: no writing was found."
    assert "2/2" in printed.err and "scan.pdf" in printed.err


def test_pages_are_chosen(scan, capsys):
    assert read(scan, "--json", "--pages", "2") == 0
    assert json.loads(capsys.readouterr().out)["page"] == 2
    assert read(scan, "--json", "--pages", "2-9") == 0
    assert json.loads(capsys.readouterr().out)["page"] == 2
    assert read(scan, "--pages", "3") == 1
    assert "has 2 pages: there is no page 3" in capsys.readouterr().err
    for wrong in ("0", "3-2", "x", "-1", "1-"):
        with pytest.raises(SystemExit):
            read(scan, f"--pages={wrong}")


def test_a_searchable_pdf_is_written_beside_the_scan(scan, tmp_path, capsys):
    assert read(scan, "--json") == 0
    word = json.loads(capsys.readouterr().out.splitlines()[0])["lines"][0]["words"][0]["text"]
    assert read(scan, "--format", "pdf") == 1
    assert "name a folder for it with --out" in capsys.readouterr().err
    assert read(scan, "--format", "pdf", "--out", tmp_path) == 1
    assert "scan.pdf exists already" in capsys.readouterr().err
    assert read(scan, "--format", "pdf", "--out", tmp_path / "out") == 0
    document = pypdfium2.PdfDocument(tmp_path / "out" / "scan.pdf")
    first, second = (page.get_textpage().get_text_range() for page in document)
    assert word in first and not second
    document.close()


def test_text_and_json_are_one_file_and_alto_is_one_for_each_page(scan, tmp_path):
    out = tmp_path / "out"
    for form in ("text", "json", "alto", "hocr"):
        assert read(scan, "--format", form, "--out", out) == 0
    names = {path.name for path in out.iterdir()}
    alto = {"scan_page_1.xml", "scan_page_2.xml"}
    assert names == {"scan.txt", "scan.json", "scan_page_1.html", "scan_page_2.html"} | alto
    assert 'PHYSICAL_IMG_NR="2"' in (out / "scan_page_2.xml").read_text(encoding="utf-8")
    assert "ppageno 1" in (out / "scan_page_2.html").read_text(encoding="utf-8")
    records = (out / "scan.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(record)["page"] for record in records] == [1, 2]


def test_files_that_cannot_be_read_are_named_and_leave_nothing(scan, tmp_path, capsys):
    (tmp_path / "secret.pdf").write_bytes(pdf_with_password())
    (tmp_path / "letter.pdf").write_bytes(b"PK\3\4 a letter")
    out = tmp_path / "out"
    files = [tmp_path / "secret.pdf", tmp_path / "letter.pdf", scan]
    for form in ("text", "pdf"):
        assert read(*files, "--format", form, "--out", out) == 1
        errors = capsys.readouterr().err
        assert "secret.pdf has a password" in errors and "letter.pdf is not a readable" in errors
    assert {path.name for path in out.iterdir()} == {"scan.txt", "scan.pdf"}


def test_of_a_cut_file_the_other_pages_are_read(tmp_path, capsys):
    (tmp_path / "cut.tif").write_bytes(tiff_of(3)[:-100])
    assert read(tmp_path / "cut.tif", "--json") == 1
    printed = capsys.readouterr()
    assert [json.loads(line)["page"] for line in printed.out.splitlines()] == [1, 2]
    assert "cut.tif, page 3 cannot be read: the file is damaged or cut short." in printed.err


@pytest.mark.parametrize("name", ["many.pdf", "many.tif"])
def test_of_thousands_of_pages_some_are_read_at_once_and_the_next_are_named(
    name, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(read_picture, "MOST_PAGES", 2)
    content = blank_pdf(5000, 72, 72) if name == "many.pdf" else tiff_of(1500)
    count = "5,000" if name == "many.pdf" else "1,500"
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name, "--json") == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert f"has {count} pages, of which 1 to 2 were read" in printed.err
    assert "Read on with --pages 3-4." in printed.err
    assert read(tmp_path / name, "--json", "--pages", "3-4") == 0


def test_many_bad_pages_are_counted(tmp_path, capsys, monkeypatch):
    (tmp_path / "large.tif").write_bytes(tiff_of(9))
    monkeypatch.setattr("handwriting.formats.document_pages.check_size", _too_large)
    assert read(tmp_path / "large.tif") == 1
    errors = capsys.readouterr().err
    assert "page 3 is too large" in errors and "page 4 is" not in errors
    assert "large.tif: 6 more pages cannot be read." in errors


def _too_large(picture: Image.Image, name: str, most: int) -> None:
    raise read_picture.HandwritingError(f"{name} is too large.")
