"""The networks have the shapes, the names and the sizes that users rely on."""

import copy
import itertools

import pytest
import torch
from torch import nn

from handwriting.recognition.recognizer import fused
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


@pytest.mark.parametrize("side", [28, 33, 64])
def test_resnet34_computes_what_torchvisions_layers_compute(side):
    torch.manual_seed(0)
    ours = MODELS["resnet34"]()
    theirs = copy.deepcopy(ours)
    for layer in theirs.modules():
        if isinstance(layer, nn.Conv2d):
            layer.__class__ = nn.Conv2d
    images = torch.rand(4, 1, side, side)
    outcomes = [network(images) for network in (ours, theirs)]
    torch.testing.assert_close(*outcomes, atol=1e-4, rtol=1e-4)
    gradients = []
    for network, outcome in zip((ours, theirs), outcomes, strict=True):
        outcome.square().mean().backward()
        gradients.append([weights.grad for weights in network.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3 * other.abs().max().item(), rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_fused_networks_give_the_same_scores(name):
    torch.manual_seed(0)
    network = MODELS[name]().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias)
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    images = torch.rand(5, 1, 28, 28)
    before = network(images)
    faster = fused(network)
    torch.testing.assert_close(faster(images), before, atol=1e-3, rtol=1e-3)
    if name != "resnet34":
        assert not any(isinstance(layer, nn.BatchNorm2d) for layer in faster.modules())
