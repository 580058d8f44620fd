"""The networks have the documented shapes, names and sizes."""

import itertools

import pytest
import torch
from torch import nn

from handwriting.emnist.torchvision_compat import torchvision
from models import (
    MODELS,
    CustomCNN,
    ResNet34,
    SmallMapConv2d,
    fuse_batch_norm,
    normalise,
    predict_logits,
)

SIDES = [28, 33, 64]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("classes", [62, 10])
def test_networks_have_a_logit_for_each_class(name, classes):
    network = MODELS[name](num_classes=classes).eval()
    assert network(torch.zeros(3, 1, 28, 28)).shape == (3, classes)


def test_62_classes_are_the_default():
    assert all(
        make().eval()(torch.zeros(1, 1, 28, 28)).shape == (1, 62) for make in MODELS.values()
    )


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


def torchvisions() -> nn.Module:
    """torchvision's own network, for one channel and 62 classes."""
    network = torchvision.models.resnet34(num_classes=62)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return network


@pytest.fixture(scope="module")
def trio() -> list[nn.Module]:
    """torchvision's ResNet-34 and ours with the same weights, without and with small maps."""
    torch.manual_seed(0)
    theirs = torchvisions()
    networks = [theirs, ResNet34(small_maps=False), ResNet34()]
    for network in networks[1:]:
        network.load_state_dict(theirs.state_dict())
    return networks


def test_resnet34_has_torchvisions_names_both_ways(trio):
    theirs, plain, ours = trio
    names = list(theirs.state_dict())
    assert list(ours.state_dict()) == list(plain.state_dict()) == names
    assert not any("taps" in name for name in names)
    assert [name for name, _ in ours.named_parameters()] == [
        n for n, _ in theirs.named_parameters()
    ]
    torchvisions().load_state_dict(ResNet34().state_dict())


def test_only_the_last_stages_are_matrix_products(trio):
    found = [[n for n, m in x.named_modules() if isinstance(m, SmallMapConv2d)] for x in trio]
    assert found[0] == found[1] == []
    assert found[2] and {name.split(".")[0] for name in found[2]} == {"layer3", "layer4"}


@pytest.mark.parametrize("training", [True, False], ids=["training", "reading"])
@pytest.mark.parametrize("side", SIDES)
def test_resnet34_computes_what_torchvisions_computes(trio, side, training):
    torch.manual_seed(side)
    images = torch.rand(4, 1, side, side)
    buffers = {name: tensor.clone() for name, tensor in trio[0].named_buffers()}
    outcomes, gradients, statistics = [], [], []
    for network in trio:
        network.load_state_dict(buffers, strict=False)
        network.train(training).zero_grad()
        outcome = network(images)
        outcome.square().mean().backward()
        outcomes.append(outcome.detach())
        gradients.append({n: p.grad for n, p in network.named_parameters()})
        statistics.append(dict(network.named_buffers()))
    for other in (1, 2):
        torch.testing.assert_close(outcomes[other], outcomes[0], atol=1e-4, rtol=1e-4)
        for name, reference in gradients[0].items():
            torch.testing.assert_close(
                gradients[other][name],
                reference,
                atol=1e-3 * reference.abs().max().item(),
                rtol=1e-3,
            )
        for name, reference in statistics[0].items():
            torch.testing.assert_close(statistics[other][name], reference, atol=1e-4, rtol=1e-4)


def test_a_kernel_that_sees_only_a_part_of_the_map_is_refused():
    with pytest.raises(ValueError, match="does not cover all of 3x3 pixels"):
        SmallMapConv2d(4, 4, kernel=3, stride=1, side=3)


@pytest.mark.parametrize("name", MODELS)
def test_fused_networks_give_the_same_logits(name):
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
    faster = fuse_batch_norm(network)
    torch.testing.assert_close(faster(images), before, atol=1e-3, rtol=1e-3)
    if name != "resnet34":
        assert not any(isinstance(layer, nn.BatchNorm2d) for layer in faster.modules())


def test_logits_do_not_depend_on_how_many_images_are_read_at_once():
    torch.manual_seed(0)
    network = MODELS["compactcnn"]()
    images = torch.randint(0, 256, (130, 28, 28), dtype=torch.uint8)
    logits = predict_logits(network, images)
    assert logits.shape == (130, 62) and logits.dtype == torch.float32
    assert not network.training, "batch norm must use its averages"
    with torch.inference_mode():
        alone = torch.cat([network(normalise(images[k : k + 1])) for k in (0, 127, 128, 129)])
    torch.testing.assert_close(logits[[0, 127, 128, 129]], alone, atol=1e-5, rtol=1e-4)
