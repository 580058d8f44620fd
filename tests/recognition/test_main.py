"""`python -m handwriting.recognition` reads image files, one line each."""

import json

import pytest
import torch
from PIL import Image

from handwriting.cli import run_script
from handwriting.labels import CLASSES
from handwriting.recognition import __main__ as program
from handwriting.synthesis.examples import photograph_of_example
from tests.support import PROJECT, random_weights, ring


@pytest.fixture
def read(tmp_path, monkeypatch, capsys):
    """Run the program in a folder with weights and two pictures; exit code, output and errors."""
    random_weights(tmp_path / "models", "weights", frequencies=[i / 1953 for i in range(1, 63)])
    Image.new("L", (40, 40), 255).save(tmp_path / "blank.png")
    Image.fromarray(255 - ring(180, 120)).save(tmp_path / "ring.png")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        args = program.get_args_parser().parse_args(arguments)
        capsys.readouterr()
        code = run_script(lambda: program.main(args))
        return code, *capsys.readouterr()

    return run


def test_files_are_read_a_line_each(read):
    code, printed, _ = read("blank.png", "ring.png")
    blank, drawing = printed.splitlines()
    assert code == 0 and "no ink" in blank and drawing.count("%") == 5
    assert drawing.endswith("(low confidence)") and "low" not in blank


def test_json_has_an_object_per_file(read):
    _, printed, _ = read("blank.png", "ring.png", "--json")
    blank, drawing = (json.loads(line) for line in printed.splitlines())
    told = {"is_sure": False, "is_multiple": False}
    assert blank == {"file": "blank.png", "characters": {}} | told
    assert not drawing["is_sure"], "its weights are random"
    assert len(drawing["characters"]) == 5 and set(drawing["characters"]) <= set(CLASSES)


def test_the_prior_counts(read):
    found = [
        json.loads(read("ring.png", "--json", "--prior", prior)[1]) for prior in program.PRIORS
    ]
    assert found[0]["characters"] != found[1]["characters"]


def test_files_that_are_no_pictures_are_named_and_the_others_are_read(read, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    code, printed, error = read("text.png", "missing.png", "ring.png")
    assert code == 1 and printed.startswith("ring.png: ")
    assert "text.png is not a readable image" in error and "missing.png does not exist" in error


def test_only_the_possible_characters_are_predicted(read):
    for words, possible in (("digits", "0123456789"), ("A-Z", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")):
        found = json.loads(read("ring.png", "--json", "--characters", words)[1])
        assert set(found["characters"]) <= set(possible)
    found = json.loads(read("ring.png", "--json", "--characters", "0O")[1])
    assert sum(found["characters"].values()) == pytest.approx(1) and len(found["characters"]) == 2
    code, printed, error = read("ring.png", "--characters", "0-9.")
    assert code == 1 and not printed and "'0-9.' is not a set of characters" in error


def test_several_characters_are_said_to_be_several(read, tmp_path):
    assert "several" not in "".join(read("ring.png")[1:])
    two = ring(100, 70) | ring(100, 70, left=140)
    Image.fromarray(255 - two).save(tmp_path / "two.png")
    code, printed, error = read("two.png")
    assert code == 0 and "%" in printed and "two.png seems to hold several characters" in error
    assert json.loads(read("two.png", "--json")[1])["is_multiple"]


def test_the_best_run_reads_unless_another_is_named(read, tmp_path):
    random_weights(tmp_path / "models", "better")
    (tmp_path / "metrics").mkdir()
    figures = tmp_path / "metrics" / "better_metrics.json"
    figures.write_text(json.dumps({"synthetic": False, "accuracy": 0.9}))
    best, named, other = (
        read("ring.png", *more)[1] for more in ((), ("--run", "better"), ("--run", "weights"))
    )
    assert best == named != other


@pytest.mark.parametrize("name", ["weights.bin", "folder/other", "folder/x.pt"])
def test_weights_may_have_any_path_and_ending(read, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((tmp_path / "models" / "weights.pt").read_bytes())
    assert read("ring.png", "--run", name) == read("ring.png")


def test_the_shipped_weights_read_an_example(read, tmp_path, monkeypatch):
    Image.fromarray(photograph_of_example("A character")).save(tmp_path / "character.png")
    monkeypatch.chdir(PROJECT)
    code, printed, error = read(str(tmp_path / "character.png"), "--characters", "capitals")
    assert code == 0 and "character.png: R " in printed and not error


def test_without_weights_it_says_what_to_do(read, tmp_path):
    (tmp_path / "models" / "weights.pt").unlink()
    code, _, error = read("ring.png")
    assert code == 1 and "model_training.py" in error
    code, _, error = read("ring.png", "--run", "other")
    assert code == 1 and "other.pt does not exist" in error


def test_weights_that_are_no_numbers_are_refused_in_one_line(read, tmp_path):
    path = tmp_path / "models" / "weights.pt"
    content = torch.load(path, weights_only=True)
    content["weights"]["layers.17.bias"][3] = float("nan")
    torch.save(content, path)
    code, printed, error = read("ring.png")
    assert (
        code == 1
        and printed == ""
        and "weights.pt holds weights that are not finite numbers" in error
    )
    assert len(error.strip().splitlines()) == 1


def test_weights_that_lead_to_no_numbers_are_refused(read, tmp_path):
    path = tmp_path / "models" / "weights.pt"
    content = torch.load(path, weights_only=True)
    content["weights"] = {
        n: torch.full_like(t.float(), 1e38) for n, t in content["weights"].items()
    }
    torch.save(content, path)
    code, printed, error = read("ring.png")
    assert code == 1 and not printed and "are not finite" in error
