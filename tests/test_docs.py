"""README.md and docs/ are correct in their figures, links, files and commands."""

import importlib
import importlib.util
import json
import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from functools import cache

import pytest

from docs.render import (
    BLOCK,
    DOCUMENTS,
    METRICS,
    RUNS,
    Figures,
    mean_and_spread,
    read_templates,
    rendered,
)
from handwriting.errors import HandwritingError
from tests.support import PROJECT

NAMES = [path.relative_to(PROJECT).as_posix() for path in DOCUMENTS]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"[\d.,]+%?<!--\S[^>]*\S-->")
PUBLISHED = ("the best published accuracy is 88.4%", "published with 5.7% for letters and digits")
"""Figures of others, which no file of ours has."""


@cache
def text_of(document: str) -> str:
    return (PROJECT / document).read_text(encoding="utf-8")


def on_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def figures():
    return Figures()


@pytest.mark.parametrize("document", NAMES)
def test_figures_are_those_of_the_files(document, figures):
    filled = rendered(text_of(document), read_templates(), figures)
    assert text_of(document) == filled, "run: python -m docs.render"


def test_a_block_becomes_its_template_and_a_figure_its_source():
    text = "It has 1%<!--net[cer]:.1%--> errors.\n<!-- table: net -->\nold\n<!-- end -->\n"
    found = rendered(text, {"net": "| {net[cer]:.4f} |\n"}, Figures(net={"cer": 0.0816}))
    assert found == (
        "It has 8.2%<!--net[cer]:.1%--> errors.\n<!-- table: net -->\n| 0.0816 |\n<!-- end -->\n"
    )
    assert rendered(found, {"net": "| {net[cer]:.4f} |\n"}, Figures(net={"cer": 0.0816})) == found


@pytest.mark.parametrize(
    "text", ["<!-- table: other -->\n<!-- end -->", "1<!--net[wer]:.1%-->", "1<!--other[cer]-->"]
)
def test_a_source_that_is_not_there_is_an_error(text):
    with pytest.raises(HandwritingError):
        rendered(text, {}, Figures(net={"cer": 0.0816}))


def test_several_seeds_have_a_spread():
    assert mean_and_spread([0.81, 0.83]) == "0.8200 ± 0.0100"
    assert mean_and_spread([0.81]) == "0.8100"


def test_each_template_is_used():
    used = {found[2] for document in NAMES for found in BLOCK.finditer(text_of(document))}
    assert used == set(read_templates())


def test_the_runs_that_are_shown_are_shipped():
    folders = {"emnist_only": "models/emnist_only"}
    for model, run in RUNS.items():
        assert (PROJECT / folders.get(model, "models") / f"{run}.pt").is_file()


@pytest.mark.parametrize("document", NAMES)
def test_every_exact_figure_comes_from_a_file(document):
    text = on_one_line(MARKED.sub("", BLOCK.sub("", text_of(document))))
    assert not re.findall(r"(?<![\d.])\d\.\d{4}(?!\d)", text)
    if document != "docs/log.md":  # its trials are kept in no file
        for published in PUBLISHED:
            text = text.replace(published, "")
        assert not re.findall(r"\d+\.\d+%", text)


@pytest.mark.parametrize("document", NAMES)
def test_no_mark_begins_a_line(document):
    """Markdown would take the whole line for HTML."""
    comments = re.findall(r"^ *(<!--.*)", text_of(document), re.MULTILINE)
    assert all(re.fullmatch(r"<!-- (table: [\w-]+|end) -->", comment) for comment in comments)


def test_the_readme_is_short_and_begins_with_what_matters():
    lines = text_of("README.md").splitlines()
    assert len(lines) <= 150
    first = "\n".join(lines[:30])
    for needed in ("(images/streamlitAppImage.png)", "\nmake app", "\nmake test", "venv", "pytest"):
        assert needed in first
    assert all(f"({name}" in text_of("README.md") for name in NAMES[1:])


def test_the_python_of_the_readme_is_that_of_the_api():
    """Which its own test runs."""
    shown, run = (
        [block for language, block in FENCED.findall(text_of(name)) if language == "python"]
        for name in ("README.md", "docs/api.md")
    )
    assert shown
    assert set("".join(shown).splitlines()) <= set("".join(run).splitlines())


def links() -> Iterator[tuple[str, str]]:
    """Each link and image that leads to a file of the project."""
    for document in NAMES:
        found = re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", text_of(document)))
        yield from ((document, link) for link in found if "://" not in link)


@pytest.mark.parametrize(("document", "link"), links())
def test_links_and_images_lead_somewhere(document, link):
    path, _, heading = link.partition("#")
    target = (PROJECT / document).parent / path if path else PROJECT / document
    assert target.is_file()
    if heading:
        assert heading in headings(target.read_text(encoding="utf-8"))


def headings(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def inline_code(document: str) -> list[str]:
    """What stands between single backticks."""
    return [
        on_one_line(code) for code in re.findall(r"`([^`]+)`", FENCED.sub("", text_of(document)))
    ]


@pytest.mark.parametrize("document", NAMES)
def test_files_that_are_named_exist(document):
    folders = "benchmarks|docs|handwriting|images|metrics|models|studies|tests"
    named = re.compile(rf"(?:{folders})/[^\s<…]*|\w+\.py")
    missing = [
        code
        for code in inline_code(document)
        if named.fullmatch(code) and not any(PROJECT.glob(code))
    ]
    assert not missing


@cache
def commands() -> list[str]:
    """Every command in the documents' shell blocks and text, and in the files of figures."""
    found = [json.loads(path.read_text())["command"] for path in METRICS.rglob("*.json")]
    for document in NAMES:
        for language, block in FENCED.findall(text_of(document)):
            if language == "sh":
                found += block.replace("\\\n", " ").splitlines()
        starts = ("python ", "make ", "torchrun ")
        found += [code for code in inline_code(document) if code.startswith(starts)]
    return sorted({on_one_line(command) for command in found if command.strip()})


@pytest.mark.parametrize("command", commands())
def test_commands_can_be_run(command):
    words = [word for word in shlex.split(command, comments=True) if word != "…"]
    match words:
        case ["make", target, *variables]:
            makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)
            for variable in variables:
                assert re.search(rf"^{variable.partition('=')[0]} \?=", makefile, re.MULTILINE)
        case ["python", "-m", module, *arguments]:
            parser_of(module).parse_args(arguments)
        case ["python", script, *arguments] | ["torchrun", _, script, *arguments]:
            assert (PROJECT / script).is_file()
            parser_of(script.removesuffix(".py")).parse_args(arguments)
        case _:
            pytest.fail("this test knows no such command")


@cache
def parser_of(module: str) -> ArgumentParser:
    """The command line of a script or of a module that `python -m` runs."""
    found = importlib.util.find_spec(module)
    assert found is not None, f"there is no module {module}"
    if found.submodule_search_locations:
        module = f"{module}.__main__"
    return importlib.import_module(module).get_args_parser()


@cache
def known_options() -> set[str]:
    """Those of all scripts that the commands run."""
    scripts = {re.match(r"python (?:-m )?([\w.]+?)(?:\.py)?(?: |$)", c) for c in commands()}
    parsers = [parser_of(script[1]) for script in scripts if script]
    return {o for parser in parsers for action in parser._actions for o in action.option_strings}


@pytest.mark.parametrize("document", NAMES)
def test_options_that_are_named_exist(document):
    named = {re.split("[ =]", code)[0] for code in inline_code(document) if code.startswith("--")}
    assert named <= known_options()
