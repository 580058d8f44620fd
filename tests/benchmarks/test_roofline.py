"""The roofline: counted operations and bytes, measured ceilings."""

import pytest
import torch

from benchmarks import roofline
from benchmarks.roofline import ByteCounter, counted, with_attainable
from tests.benchmarks.support import call_here, committed, run_quick


def test_bytes_are_those_read_and_written_and_none_of_views():
    left, right = torch.ones(1000), torch.ones(1000)
    with ByteCounter() as traffic:
        left + right
    assert traffic.bytes == 3 * 4000
    with ByteCounter() as traffic:
        turned = left.view(10, 100).T
    assert traffic.bytes == 0 and turned.shape == (100, 10)
    with ByteCounter() as traffic:
        left.add_(right)
    assert traffic.bytes == 3 * 4000


def test_operations_are_those_of_the_matrix_product():
    left, right = torch.ones(8, 16), torch.ones(16, 32)
    found = counted(lambda: left @ right, images=8)
    assert found["operations_per_image"] == 2 * 8 * 16 * 32 / 8
    assert found["bytes_per_image"] == 4 * (8 * 16 + 16 * 32 + 8 * 32) / 8


@pytest.mark.parametrize(
    ("bytes_per_image", "limit", "most"), [(1, "operations", 10), (5, "bytes", 4)]
)
def test_the_lower_ceiling_counts(bytes_per_image, limit, most):
    limits = {"bf16_operations_per_second": 1000.0, "bytes_per_second": 20.0}
    figures = {"operations_per_image": 100, "bytes_per_image": bytes_per_image}
    found = with_attainable(figures | {"images_per_second": 2}, limits)
    assert found["limit"] == limit and found["attainable_images_per_second"] == most
    assert found["fraction_of_attainable"] == 2 / most


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
