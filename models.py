"""The networks: images of 28x28 to scores for 62 classes, and one table from name to network."""

import functools
import itertools

import torch
import torch.nn.functional as F
from torch import nn

from characters.labels import NUM_CLASSES


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
    """Four convolution blocks and seven linear layers; 13.9 million weights.

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


class _SmallMapConvolution(nn.Conv2d):
    """A convolution that is one matrix product where each outcome sees the whole map.

    That is so for 3x3 kernels on maps of 2x2 and of one pixel. A convolution multiplies there
    mostly the padding's zeros, and its gradients are slow (`benchmarks/roofline.py`). For square
    kernels and maps, without bias and without dilation; elsewhere a plain convolution.
    """

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Float (N, inputs, side, side) to (N, outputs, side', side')."""
        side, *others = features.shape[2:]
        (kernel, _), (stride, _), (pad, _) = self.kernel_size, self.stride, self.padding
        places = (side + 2 * pad - kernel) // stride + 1
        sees_all = (places - 1) * stride <= pad and side + pad <= kernel
        if others != [side] or not sees_all:
            return super().forward(features)
        taps = _taps(side, places, kernel, stride, pad, features.device)
        # Channels last: then the gradient, going back, has the weights' layout.
        weights = self.weight.permute(0, 2, 3, 1).flatten(1, 2)
        if len(taps) > kernel**2:
            # Taken several times over: cheaper to make them narrow before.
            weights = weights.to(features.dtype)
        matrix = weights.index_select(1, taps).view(-1, side**2 * self.in_channels)
        outcome = F.linear(features.permute(0, 2, 3, 1).flatten(1), matrix)
        outcome = outcome.view(-1, self.out_channels, places, places)
        return outcome.contiguous(memory_format=torch.channels_last)


@functools.cache
def _taps(
    side: int, places: int, kernel: int, stride: int, pad: int, device: torch.device
) -> torch.Tensor:
    """int64 (places² · side²,): which weight of a kernel joins which outcome to which pixel."""
    # Kept for training as well, even if an evaluation asks first.
    with torch.inference_mode(False):
        line = torch.arange(side) - stride * torch.arange(places)[:, None] + pad
        rows, columns = line[:, None, :, None], line[None, :, None, :]
        return (rows * kernel + columns).flatten().to(device)


def ResNet34() -> nn.Module:  # noqa: N802 - a network's name, as the users know it
    """torchvision's ResNet-34 with one input channel; 21.3 million weights.

    Its last two stages see maps of 2x2 and of one pixel, for which the network was not made. Input
    float (N, 1, 28, 28) in 0..1, output float (N, 62).
    """
    # Here and not above: torchvision takes seconds to import, and the other networks do without.
    from characters.vision import resnet34

    network = resnet34(num_classes=NUM_CLASSES)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    for layer in (*network.layer3.modules(), *network.layer4.modules()):
        if isinstance(layer, nn.Conv2d):
            # The layer's first weights and all its settings stay as torchvision made them.
            layer.__class__ = _SmallMapConvolution
    return network


class _Residual(nn.Module):
    """Two convolutions beside a path that leaves the features as they are."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_unit(channels, channels), *_unit(channels, channels)[:-1])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return (features + self.layers(features)).relu_()


def _unit(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class CompactCNN(nn.Module):
    """Residual blocks at 14x14, 7x7 and 4x4; 0.86 million weights.

    The first convolution halves the picture, for most of the time goes where the maps are large.
    The last one weighs each place of each channel: characters are centred, so places mean
    something, and plain averaging would forget them. Input float (N, 1, 28, 28) in 0..1, output
    float (N, 62).
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_unit(1, 32, kernel=5, stride=2),
            _Residual(32),
            *_unit(32, 64, stride=2),
            _Residual(64),
            _Residual(64),
            *_unit(64, 128, stride=2),
            _Residual(128),
            _Residual(128),
            nn.Conv2d(128, 128, kernel_size=4, groups=128, bias=False),
            nn.BatchNorm2d(128),
            nn.Flatten(),
            nn.Linear(128, NUM_CLASSES),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores (logits) of the 62 classes."""
        return self.layers(images)


MODELS = {"customcnn": CustomCNN, "resnet34": ResNet34, "compactcnn": CompactCNN}

REFERENCE_EPOCHS = {"customcnn": 20, "resnet34": 15, "compactcnn": 15}
RECIPE_NAMES = {"customcnn": "reference", "resnet34": "reference", "compactcnn": "modern"}
