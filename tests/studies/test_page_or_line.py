"""The study of whether a picture shows a line, on a reader that was never trained."""

import csv

from PIL import Image

from studies import page_or_line
from tests.benchmarks.support import run_quick
from tests.pages.drawn import draw_page
from tests.support import PROJECT


def test_a_quick_run_measures_three_ways(readers, tmp_path_factory, tmp_path):
    folder = tmp_path_factory.mktemp("lines")
    picture = Image.fromarray(draw_page(text=("#12",))[70:170, 100:300])
    names = [f"{k}.png" for k in range(60)]
    for name in names:
        picture.save(folder / name)
    with (folder / "text.csv").open("w", newline="") as table:
        csv.writer(table).writerows([("file", "text"), *((name, "12") for name in names)])
    found = run_quick(
        *(page_or_line, tmp_path, folder, "--models", readers),
        *("--language", PROJECT / "models" / "lines" / "language.npz"),
    )["page_or_line.json"]
    assert set(found) == {"page", "found_out", "line"}
    assert found["line"]["samples"] == 3
