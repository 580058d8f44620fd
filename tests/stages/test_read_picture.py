"""The script that reads images: its output, and its messages about unreadable images."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

import read_picture
import text_evaluation
from handwriting.alphabet import ALPHABET
from handwriting.cli import run_script
from handwriting.datasets.photographed_text import read_texts
from handwriting.datasets.text import TextSet
from handwriting.errors import HandwritingError
from handwriting.evaluation import text_figures
from handwriting.evaluation.text_metrics import text_metrics
from handwriting.formats.annotated import AnnotatedLine, AnnotatedPage
from handwriting.formats.documents import document_of
from handwriting.formats.ground_truth import annotated_pages
from handwriting.formats.xml_files import rectangle
from handwriting.lines.decoding import Decoder
from handwriting.lines.languages import LANGUAGES
from handwriting.lines.network import LineReader
from handwriting.lines.reader import KIND, LINES_FOLDER, find_reader
from handwriting.pages import reading
from tests.pages.drawn import TEXT, draw_page
from tests.support import PROJECT, random_weights, shared_folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """Weights of a small reader that was never trained: it reads something, if nothing right."""
    torch.manual_seed(0)
    weights = LineReader(4, 16).state_dict()
    content = {"kind": KIND, "alphabet": ALPHABET, "width": 4, "hidden": 16, "weights": weights}
    path = tmp_path_factory.mktemp("model") / "small.pt"
    torch.save(content | {"hyperparameters": {}}, path)
    return path


@pytest.fixture
def page(tmp_path) -> Path:
    Image.fromarray(draw_page("ruled")).save(tmp_path / "page.png")
    return tmp_path / "page.png"


def read(model: Path, *arguments: object) -> int:
    """The exit code."""
    words = [*map(str, arguments), "--model", str(model)]
    return run_script(lambda: read_picture.main(read_picture.get_args_parser().parse_args(words)))


def test_the_json_has_lines_words_boxes_and_five_characters_each(model, page, capsys, monkeypatch):
    monkeypatch.setattr(reading, "_NO_WRITING", 0.0)
    assert read(model, page, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], found["width"], found["height"]) == (str(page), 1000, 800)
    assert 0 < len(found["lines"]) <= len(TEXT)
    for line in found["lines"]:
        left, top, right, bottom = line["box"]
        assert 0 <= left < right <= 1000 and 0 <= top < bottom <= 800
        assert len(line["polygon"]) == 4 and 0 <= line["confidence"] <= 1
        assert "".join(ranked[0][0] for ranked in line["characters"]).strip() == line["text"]
        assert all(len(ranked) == 5 for ranked in line["characters"])
        assert " ".join(word["text"] for word in line["words"]).split() == line["text"].split()
    assert found["text"].split() == " ".join(line["text"] for line in found["lines"]).split()
    assert all(place["why"] in ("print", "unclear", "shows through") for place in found["unread"])
    assert found["fields"] == []


def test_a_pattern_of_another_language_is_refused_once_and_read_in_that_language(
    model, page, capsys
):
    assert read(model, page, page, "--lines", "--pattern", "é+") == 1
    assert capsys.readouterr().err.count("'é' cannot be read as English") == 1
    assert read(model, page, "--lines", "--pattern", "é+", "--language", "fr") == 0
    assert set(capsys.readouterr().out.strip()) == {"é"}


def test_only_the_possible_characters_are_read(model, page, capsys):
    assert read(model, page, "--lines", "--json", "--characters", "0-9x") == 0
    record = json.loads(capsys.readouterr().out)
    possible = set("0123456789x ")
    assert all(set(line["text"]) <= possible for line in record["lines"])
    places = [place for line in record["lines"] for place in line["characters"]]
    assert places and {c for place in places for c, _ in place} <= possible
    assert read(model, page, "--characters", "é") == 1
    assert "'é' cannot be read as English" in capsys.readouterr().err
    assert read(model, page, "--characters", "0-9", "--pattern", "[0-9]+") == 1
    assert "one of characters, a pattern and a word list" in capsys.readouterr().err


class Says:
    """A reader that reads each picture as given."""

    def __init__(self, language: str, *texts: str) -> None:
        self.language, self.texts = LANGUAGES[language], texts

    def read(self, pictures: list[np.ndarray], decoder: Decoder) -> list[SimpleNamespace]:
        return [SimpleNamespace(text=text) for text in self.texts[: len(pictures)]]


@pytest.mark.parametrize(
    ("language", "right"), [("en", "ete Strasse coeur"), ("fr", "été Strasse cœur")]
)
def test_accents_count_where_the_language_has_them(language, right):
    pictures = [np.zeros((40, 40), np.uint8)] * 2
    data = TextSet(pictures, ["été Straße cœur", "a’b"], np.array(["one", "two"]))
    apostrophe = {"en": "a'b", "fr": "a’b"}[language]
    found = text_figures.evaluate(Says(language, right, apostrophe), data, np.arange(2))
    assert found["cer"] == 0 and found["exact"] == 1
    other = text_figures.evaluate(Says(language, "êtê Straße coeur", "a-b"), data, np.arange(2))
    assert other["cer"] > 0.1 and other["cer_alphanumeric"] == 0 and other["exact"] == 0


@pytest.mark.parametrize("form", ["alto", "page"])
def test_a_document_names_the_image_and_the_place_of_each_line(form, model, page, monkeypatch):
    monkeypatch.setattr(reading, "_NO_WRITING", 0.0)
    assert read(model, page, "--format", form, "--out", page.parent) == 0
    assert read(model, page, "--format", form, "--out", page.parent) == 1, "it is not overwritten"
    ((image, found),) = annotated_pages(page.parent)
    assert image == page
    assert (found.width, found.height, found.unplaced) == (1000, 800, 0)
    assert 0 < len(found.lines) <= len(TEXT)
    assert all(line.text for line in found.lines)


def test_several_files_are_told_apart_and_one_bad_does_not_hold_up_the_others(model, page, capsys):
    missing = page.with_name("missing.png")
    assert read(model, missing, page) == 1
    printed = capsys.readouterr()
    assert f"{page}:" in printed.out and f"{missing} does not exist" in printed.err


def blank(folder: Path) -> Image.Image:
    return Image.new("RGB", (400, 300), "white")


def black(folder: Path) -> Image.Image:
    return Image.new("L", (400, 300))


def noise(folder: Path) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8))


def screenshot(folder: Path) -> Image.Image:
    picture = Image.new("RGB", (800, 300), "white")
    font = ImageFont.load_default(16)
    for y in range(10, 280, 22):
        ImageDraw.Draw(picture).text((10, y), "It was printed, not written, by 1 font.", 0, font)
    return picture


def upside_down(folder: Path) -> Image.Image:
    return Image.fromarray(draw_page()).rotate(180)


def five_pixels(folder: Path) -> Image.Image:
    return Image.fromarray(np.array([[0, 255, 30, 200, 90]], dtype=np.uint8))


def long_line(folder: Path) -> Image.Image:
    return Image.fromarray(np.tile(draw_page(text=TEXT[:1])[90:160], (1, 10, 1)))


@pytest.mark.parametrize(
    "make", [blank, black, noise, screenshot, upside_down, five_pixels, long_line]
)
@pytest.mark.parametrize("options", [(), ("--lines",)])
def test_odd_pictures_are_read_without_a_fuss(model, tmp_path, capsys, make, options):
    make(tmp_path).save(tmp_path / "x.png")
    assert read(model, tmp_path / "x.png", *options) == 0
    printed = capsys.readouterr()
    told = [line for line in printed.err.splitlines() if "low confidence" not in line]
    assert printed.out and not told
    if make in (blank, black):
        assert "no writing was found" in printed.out


def test_a_picture_turned_by_exif_has_boxes_as_it_is_shown(model, tmp_path, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = Image.fromarray(draw_page())
    upright.rotate(90, expand=True).save(tmp_path / "x.jpg", exif=exif, quality=95)
    read(model, tmp_path / "x.jpg", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["width"], found["height"]) == (1000, 800)


@pytest.mark.slow
def test_100_megapixels_are_made_smaller_and_that_is_said(model, tmp_path, capsys):
    resource = pytest.importorskip("resource", reason="Windows does not tell the peak so")
    Image.fromarray(draw_page()).resize((11_500, 9_200)).save(tmp_path / "x.jpg")
    assert read(model, tmp_path / "x.jpg") == 0
    assert "has 11500x9200 pixels and is downscaled first" in capsys.readouterr().err
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 2**20, "2 GiB, in KiB"


def test_files_that_are_no_pictures_are_named(model, page, tmp_path, capsys):
    (tmp_path / "cut.png").write_bytes(page.read_bytes()[:2000])
    folder = tmp_path / "folder"
    folder.mkdir()
    assert read(model, tmp_path / "cut.png", folder) == 1
    errors = capsys.readouterr().err
    assert "cut.png is not a readable image" in errors and "is a folder" in errors


def test_weights_of_a_character_network_are_refused(page, tmp_path, capsys):
    assert read(random_weights(tmp_path, "characters"), page) == 1
    assert "is a character model" in capsys.readouterr().err


def evaluated(model: Path, folder: Path, *options: object) -> dict:
    arguments = [str(model), "--data", str(folder), "--json", *map(str, options)]
    return text_evaluation.main(text_evaluation.get_args_parser().parse_args(arguments))


def test_a_folder_of_pages_is_measured_page_by_page(model, page):
    text = "\n".join(TEXT)
    page.with_name("text.csv").write_text(f'file,text\npage.png,"{text}"\n')
    result = evaluated(model, page.parent)
    assert result["samples"] == 1 and result["cer"] > 0 and result["seconds_per_sample"] > 0


@pytest.fixture(scope="module")
def shipped() -> Path:
    """The weights that the project comes with."""
    return find_reader("latest", PROJECT / LINES_FOLDER)


def test_pages_with_annotated_lines_are_measured_whole_and_with_lines_given(model, tmp_path):
    Image.fromarray(draw_page()).save(tmp_path / "page.png")
    outlines = [rectangle(100, y - 70, 900, y + 20) for y in range(140, 140 + 5 * 110, 110)]
    lines = tuple(map(AnnotatedLine, (line.strip() for line in TEXT), outlines))
    page = AnnotatedPage("page.png", 1000, 800, (*lines, AnnotatedLine(">no<", outlines[0])))
    (tmp_path / "page.xml").write_text(document_of(page, "alto"), encoding="utf-8")
    result = evaluated(model, tmp_path)
    assert result["samples"] == 5 and result["seconds_per_sample"] > 0
    whole, given = result["pages"], result["lines_given"]
    assert whole["samples"] == given["samples"] == 1
    assert whole["lines"] == 5 and whole["lines_left_aside"] == 1
    assert whole["seconds_per_page"] > 0 and "lines_found" not in given
    assert 0 <= whole["precision"] <= 1 and whole["words"] == given["words"]


@pytest.mark.slow
def test_a_real_photograph_is_measured_by_its_words(shipped, tmp_path):
    folder = shared_folder("words_photographed")
    words = json.loads((folder / "words.json").read_text())
    chosen = [word for word in words if word["image"] == "eng_AF_011.jpg"]
    (tmp_path / "words.json").write_text(json.dumps(chosen))
    shutil.copy(folder / "eng_AF_011.jpg", tmp_path)
    result = evaluated(shipped, tmp_path)
    assert result["samples"] == result["pages"]["words"] == len(chosen)
    assert result["pages"]["f1"] > 0.7 and result["lines_given"]["f1"] > 0.5
    assert result["pages"]["lines_found"] == 1 and result["pages"]["cer"] < 0.3


def test_a_damaged_picture_or_annotation_ends_the_evaluation_with_a_sentence(model, tmp_path):
    page = AnnotatedPage("page.png", 9, 9, (AnnotatedLine("a", rectangle(0, 0, 9, 9)),))
    (tmp_path / "page.xml").write_text(document_of(page, "page"), encoding="utf-8")
    with pytest.raises(HandwritingError, match="is not in"):
        evaluated(model, tmp_path)
    (tmp_path / "page.png").write_bytes(b"no picture")
    with pytest.raises(HandwritingError, match="is not a readable image"):
        evaluated(model, tmp_path)
    with pytest.raises(HandwritingError, match="held out no writers"):
        evaluated(model, tmp_path, "--held-out")


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 180])
def test_a_real_page_is_read_upright_or_upside_down(shipped, tmp_path, capsys, degrees):
    (row,) = (r for r in read_texts(shared_folder("pages") / "text.csv") if r["file"] == "08.jpg")
    with Image.open(shared_folder("pages") / "08.jpg") as photograph:
        photograph.rotate(degrees).save(tmp_path / "page.jpg")
    assert read(shipped, tmp_path / "page.jpg") == 0
    found = text_metrics([capsys.readouterr().out], [row["text"]])
    assert found["cer_alphanumeric"] < 0.15


def test_a_face_is_never_read_with_confidence(shipped, capsys):
    face = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    assert read(shipped, face, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert all(line["confidence"] < 0.7 for line in found["lines"]) and len(found["lines"]) < 4


def test_a_number_of_a_real_form_is_read_with_a_word_list(shipped, tmp_path, capsys):
    folder = shared_folder("numbers")
    rows = read_texts(folder / "text.csv")[:20]
    words = {row["text"].strip() for row in rows} | {str(number) for number in range(3000)}
    (tmp_path / "words.txt").write_text("\n".join(words))
    files = [folder / row["file"] for row in rows]
    assert read(shipped, *files, "--lines", "--json", "--words", tmp_path / "words.txt") == 0
    read_ = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert set(read_) <= words
    assert sum(r == row["text"].strip() for r, row in zip(read_, rows, strict=True)) >= 15
