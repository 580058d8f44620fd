"""Fine-tuning, evaluated on collections that were left out."""

import argparse

import numpy as np
import pytest

from handwriting.datasets.pen import pen_archive, save_pen
from handwriting.errors import HandwritingError
from studies import left_out_collections
from studies.left_out_collections import Source, change, dealt
from tests.benchmarks.support import run_quick


@pytest.fixture
def pens(tmp_path):
    """Two providers with a writer each, and one writer whom both have."""
    line = np.array([[0, 0], [5, 60], [30, 90]])
    facts = {
        "text": list("abAB01"),
        "writer": ["one", "one", "both", "both", "two", "two"],
        "provider": ["p", "p", "p", "q", "q", "q"],
    }
    path = tmp_path / "pens.npz"
    save_pen(pen_archive([[k * 2 + line] for k in range(6)], **facts), path)
    return path


def test_neither_a_left_out_collection_nor_its_writers_are_trained_on(pens):
    source = Source.load(pens, variants=1)
    assert source.sizes() == {"pens p": 3, "pens q": 3}
    others = source.others(["pens p"])
    assert others.pictures.writers.tolist() == ["two", "two"] * 2
    assert set(others.collection) == {"pens q"}
    assert len(source.measured("pens p")) == 3, "re-rendered images are not measured"
    assert len(source.others(["another"]).collection) == 12


def test_collections_are_dealt_into_groups_of_about_one_size():
    sizes = {"a": 10, "b": 90, "c": 40, "d": 3, "e": 50}
    assert dealt(sizes, least=10, groups=2) == [["b", "c"], ["e", "a"]]
    assert dealt(sizes, least=60, groups=3) == [["b"]]
    for least in (100, 1):
        with pytest.raises(HandwritingError, match="--least smaller"):
            dealt(sizes, least, groups=1)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_each_collection_is_left_out_with_the_shipped_recipe_and_with_a_change(
    pens, drawings, models, processed, tmp_path
):
    folder = tmp_path / "empty"
    folder.mkdir()
    options = ("--models", models, "--processed", processed, "--fraction", 0.1, "--alphas", 1, 0.5)
    options += ("--least", 3, "--groups", 2, "--change", "epochs=2,balance=collections")
    results = run_quick(left_out_collections, folder, "run", pens, drawings, *options)
    result = results["left_out_collections.json"]
    recipes, collections = result["recipes"], {"pens p", "pens q", drawings.name}
    assert set(result["before"]["left_out"]) == collections
    assert list(recipes) == ["shipped", "epochs 2, balance collections"]
    for by_alpha in recipes.values():
        for found in by_alpha.values():
            assert set(found["left_out"]) == collections
            rows = [row["accuracy"] for row in found["left_out"].values()]
            assert found["mean"]["accuracy"] == pytest.approx(np.mean(rows))
    changed = recipes["epochs 2, balance collections"]
    assert changed["1.0"] != recipes["shipped"]["1.0"] != recipes["shipped"]["0.5"]


@pytest.mark.parametrize("text", ["alpha", "alpha=x", "beta=1", "balance=all"])
def test_what_is_no_change_of_the_recipe_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        change(text)
