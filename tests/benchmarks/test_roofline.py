"""Share of the peak: counted operations, measured speed."""

import torch

from benchmarks import roofline
from benchmarks.roofline import operations_per_image, with_fraction
from tests.benchmarks.support import call_here, committed, run_quick


def test_operations_are_those_of_the_matrix_product():
    left, right = torch.ones(8, 16), torch.ones(16, 32)
    assert operations_per_image(lambda: left @ right, images=8) == 2 * 8 * 16 * 32 / 8


def test_the_share_of_the_peak_is_that_of_the_operations():
    found = with_fraction({"operations_per_image": 100, "images_per_second": 2}, 1000.0)
    assert found["fraction_of_operations_ceiling"] == 0.2


def test_a_network_is_measured(tmp_path):
    arguments = ("--model", "compactcnn")
    results = run_quick(roofline, tmp_path, *arguments, then={"alone": call_here})
    found = results["roofline.json"]["compactcnn"]
    known = committed("benchmarks/roofline.json")["compactcnn"]
    del known["training_compiled"]
    assert list(found) == list(known)
    for part in ("training_before", "training", "reading"):
        assert set(found[part]) == set(known[part])
        assert found[part]["images_per_second"] > 0
    # What is counted does not depend on the machine.
    assert found["reading"]["operations_per_image"] == known["reading"]["operations_per_image"]
    assert set(found["one_image_milliseconds"]) == {"customcnn", "compactcnn"}
