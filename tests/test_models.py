"""The networks have the shapes, the names and the sizes that users rely on."""

import itertools

import pytest
import torch

from models import MODELS, CustomCNN


@pytest.mark.parametrize("name", MODELS)
def test_networks_score_62_classes(name):
    network = MODELS[name]().eval()
    assert network(torch.zeros(3, 1, 28, 28)).shape == (3, 62)


def test_customcnn_has_the_layers_of_the_reference_implementation():
    shapes = {name: tuple(t.shape) for name, t in CustomCNN().state_dict().items()}
    assert shapes["layer1.0.weight"] == (32, 1, 3, 3)
    assert shapes["layer4.0.weight"] == (256, 128, 3, 3)
    widths = [12544, 1024, 512, 256, 128, 64, 32, 62]
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        assert shapes[f"layer5.{2 * index + 1}.weight"] == (outputs, inputs)
    assert {name.split(".")[0] for name in shapes} == {f"layer{i}" for i in range(1, 6)}


def test_weights_counts_are_those_of_the_readme():
    counts = {n: sum(p.numel() for p in make().parameters()) for n, make in MODELS.items()}
    assert counts == {"customcnn": 13_936_286, "resnet34": 21_310_206, "compactcnn": 861_086}
