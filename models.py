"""The networks: images of 28x28 to scores for 62 classes, and one table from name to network."""

import itertools

import torch
from torch import nn

from characters.labels import NUM_CLASSES
from characters.vision import resnet34


def _convolution(inputs: int, outputs: int, *, pool: bool) -> nn.Sequential:
    layers = [
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pool else []))


def _classifier(widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])


class CustomCNN(nn.Module):
    """Four convolution blocks and seven linear layers; 14.3 million weights.

    The layers have the names and the order of the reference implementation, whose saved weights
    load. Input float (N, 1, 28, 28) in 0..1, output float (N, 62).
    """

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = _convolution(1, 32, pool=True)
        self.layer2 = _convolution(32, 64, pool=False)
        self.layer3 = _convolution(64, 128, pool=True)
        self.layer4 = _convolution(128, 256, pool=False)
        self.layer5 = _classifier((256 * 7 * 7, 1024, 512, 256, 128, 64, 32, NUM_CLASSES))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores (logits) of the 62 classes."""
        features = self.layer4(self.layer3(self.layer2(self.layer1(images))))
        return self.layer5(features)


def ResNet34() -> nn.Module:  # noqa: N802 - a network's name, as the users know it
    """torchvision's ResNet-34 with one input channel; 21.3 million weights.

    Input float (N, 1, 28, 28) in 0..1, output float (N, 62).
    """
    network = resnet34(num_classes=NUM_CLASSES)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return network


MODELS = {"customcnn": CustomCNN, "resnet34": ResNet34}

REFERENCE_EPOCHS = {"customcnn": 20, "resnet34": 15}
