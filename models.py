"""The character networks, from 28x28 images to logits of 62 classes, and their table of names.

This file imports PyTorch alone.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

NUM_CLASSES = 62
READING_BATCH = 128
"""Images per forward pass: few enough for a processor's cache (500 are a third slower)."""


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

    The layers have the names and order of the reference implementation, so its saved weights load.
    Input: float (N, 1, 28, 28) in 0..1. Output: float (N, num_classes).
    """

    def __init__(self, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.layer1 = _convolution(1, 32, pool=True)
        self.layer2 = _convolution(32, 64, pool=False)
        self.layer3 = _convolution(64, 128, pool=True)
        self.layer4 = _convolution(128, 256, pool=False)
        self.layer5 = _classifier((256 * 7 * 7, 1024, 512, 256, 128, 64, 32, num_classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the classes."""
        features = self.layer4(self.layer3(self.layer2(self.layer1(images))))
        return self.layer5(features)


class SmallMapConv2d(nn.Conv2d):
    """A convolution without bias, computed as one matrix product on maps of ``side`` pixels.

    It is meant for maps that the kernel covers whole, such as 2x2 or 1x1 under a 3x3 kernel. A
    convolution there multiplies mostly zeros of the padding, and its gradients are slow
    (`benchmarks/roofline.py`). Maps of other sizes use the plain convolution.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, side: int) -> None:
        padding = kernel // 2
        super().__init__(inputs, outputs, kernel, stride, padding, bias=False)
        self.side = side
        self.places = (side + 2 * padding - kernel) // stride + 1
        # Which kernel weight connects which output to which pixel.
        line = torch.arange(side) - stride * torch.arange(self.places)[:, None] + padding
        if line.min() < 0 or line.max() >= kernel:
            raise ValueError(
                f"a {kernel}x{kernel} kernel does not cover all of {side}x{side} pixels"
            )
        rows, columns = line[:, None, :, None], line[None, :, None, :]
        self.register_buffer("taps", (rows * kernel + columns).flatten(), persistent=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Float (N, inputs, height, width) to (N, outputs, height', width')."""
        if features.shape[2:] != (self.side, self.side):
            return super().forward(features)
        # Channels last: then the gradient, going back, has the weights' layout.
        weights = self.weight.permute(0, 2, 3, 1).flatten(1, 2)
        if len(self.taps) > weights.shape[1]:
            # Each weight is used several times: casting first is cheaper.
            weights = weights.to(features.dtype)
        matrix = weights.index_select(1, self.taps).view(-1, self.side**2 * self.in_channels)
        outcome = F.linear(features.permute(0, 2, 3, 1).flatten(1), matrix)
        outcome = outcome.view(-1, self.out_channels, self.places, self.places)
        return outcome.contiguous(memory_format=memory_format(outcome.device))


class BasicBlock(nn.Module):
    """ResNet's block of two 3x3 convolutions, with torchvision's names (He et al. 2015).

    Args:
        inputs: input channels.
        outputs: output channels.
        stride: of the first convolution; 2 halves the map.
        first: the first convolution.
        second: the second convolution.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, first: nn.Conv2d, second: nn.Conv2d
    ) -> None:
        super().__init__()
        self.conv1 = first
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = second
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Float (N, inputs, height, width) to (N, outputs, height / stride, width / stride)."""
        shortcut = features if self.downsample is None else self.downsample(features)
        features = self.relu(self.bn1(self.conv1(features)))
        features = self.bn2(self.conv2(features))
        features += shortcut
        return self.relu(features)


class ResNet34(nn.Module):
    """ResNet-34 with torchvision's layers and names, and one input channel; 21.3 million weights.

    It was designed for 224x224 pixels. At 28x28 its last two stages have maps of 2x2 and 1x1
    pixels, which are computed as matrix products. Input: float (N, 1, 28, 28) in 0..1. Output:
    float (N, num_classes).

    Args:
        num_classes: outputs.
        small_maps: ``False`` uses plain convolutions throughout, for comparison.
    """

    def __init__(self, num_classes: int = NUM_CLASSES, *, small_maps: bool = True) -> None:
        super().__init__()
        self.small_maps = small_maps
        self.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._stage(64, 64, blocks=3, side=7, stride=1)
        self.layer2 = self._stage(64, 128, blocks=4, side=4)
        self.layer3 = self._stage(128, 256, blocks=6, side=2)
        self.layer4 = self._stage(256, 512, blocks=3, side=1)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, num_classes)

    def _stage(
        self, inputs: int, outputs: int, blocks: int, side: int, stride: int = 2
    ) -> nn.Sequential:
        """Blocks with outputs ``side`` pixels wide; the first block halves larger maps."""
        layers = [self._block(inputs, outputs, side, stride)]
        layers += [self._block(outputs, outputs, side) for _ in range(blocks - 1)]
        return nn.Sequential(*layers)

    def _block(self, inputs: int, outputs: int, side: int, stride: int = 1) -> BasicBlock:
        first = self._conv3x3(inputs, outputs, stride, side * stride)
        return BasicBlock(inputs, outputs, stride, first, self._conv3x3(outputs, outputs, 1, side))

    def _conv3x3(self, inputs: int, outputs: int, stride: int, side: int) -> nn.Conv2d:
        # A 3x3 kernel covers maps of 1x1 and 2x2 pixels whole.
        if self.small_maps and side <= 2:
            layer = SmallMapConv2d(inputs, outputs, 3, stride, side)
        else:
            layer = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        return layer

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the classes."""
        features = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        features = self.layer4(self.layer3(self.layer2(self.layer1(features))))
        return self.fc(self.avgpool(features).flatten(1))


class ResidualUnit(nn.Module):
    """Two convolutions with an identity shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        second = conv_unit(channels, channels)[:-1]
        self.layers = nn.Sequential(*conv_unit(channels, channels), *second)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Float (N, channels, height, width) to the same."""
        return (features + self.layers(features)).relu_()


def conv_unit(
    inputs: int, outputs: int, kernel: int = 3, stride: int | tuple[int, int] = 1
) -> list[nn.Module]:
    """A convolution, batch norm and ReLU; the stride is one number or (vertical, horizontal)."""
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class CompactCNN(nn.Module):
    """Residual blocks at 14x14, 7x7 and 4x4; 0.86 million weights.

    The first convolution halves the image, because large maps cost most time. The last one weighs
    each position of each channel: characters are centred, so positions carry information that
    average pooling would lose. Input: float (N, 1, 28, 28) in 0..1. Output: float (N, num_classes).
    """

    def __init__(self, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *conv_unit(1, 32, kernel=5, stride=2),
            ResidualUnit(32),
            *conv_unit(32, 64, stride=2),
            ResidualUnit(64),
            ResidualUnit(64),
            *conv_unit(64, 128, stride=2),
            ResidualUnit(128),
            ResidualUnit(128),
            nn.Conv2d(128, 128, kernel_size=4, groups=128, bias=False),
            nn.BatchNorm2d(128),
            nn.Flatten(),
            nn.Linear(128, num_classes),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the classes."""
        return self.layers(images)


MODELS = {"customcnn": CustomCNN, "resnet34": ResNet34, "compactcnn": CompactCNN}


def last_linear(network: nn.Module) -> nn.Linear:
    """The layer whose outputs are the logits."""
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]


def select_outputs(network: nn.Module, first: int, count: int) -> nn.Module:
    """Keep only ``count`` outputs of a network, from ``first`` on; it is changed in place."""
    layer = last_linear(network)
    rows = slice(first, first + count)
    layer.weight = nn.Parameter(layer.weight.detach()[rows].clone())
    layer.bias = nn.Parameter(layer.bias.detach()[rows].clone())
    layer.out_features = count
    return network


def pass_features(network: nn.Module) -> nn.Module:
    """Append the last layer's inputs to the logits; the network is changed in place."""
    layer = last_linear(network)
    inputs = layer.in_features
    layer.weight = nn.Parameter(torch.cat([layer.weight.detach(), torch.eye(inputs)]))
    layer.bias = nn.Parameter(torch.cat([layer.bias.detach(), torch.zeros(inputs)]))
    layer.out_features += inputs
    return network


def memory_format(device: torch.device) -> torch.memory_format:
    """Memory format of images and kernels: channels last, the fastest for convolutions.

    Apple's GPUs are excepted: there the gradients of batch norm and of LSTMs would be wrong
    (github.com/pytorch/pytorch/issues/175189).
    """
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 (N, 28, 28) to float32 (N, 1, 28, 28) in 0..1, in the layout of
    :func:`memory_format`."""
    floats = images.unsqueeze(1).to(torch.float32).div_(255)
    return floats.contiguous(memory_format=memory_format(images.device))


def fuse_batch_norm(network: nn.Module) -> nn.Module:
    """The network for inference, with batch norms fused into the convolutions before them.

    The given network, in evaluation mode, is changed; logits differ by rounding only. Only plain
    convolutions in sequences are fused, because others may lack a bias.
    """
    for chain in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for place, (first, second) in enumerate(itertools.pairwise(chain)):
            if type(first) is nn.Conv2d and isinstance(second, nn.BatchNorm2d):
                chain[place] = fuse_conv_bn_eval(first, second)
                chain[place + 1] = nn.Identity()
    return network.to(memory_format=torch.channels_last)


@torch.inference_mode()
def predict_logits(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """float (N, classes), on the CPU: a network's logits of uint8 (N, 28, 28), computed in
    batches."""
    network.eval()
    device = next(network.parameters()).device
    parts = (normalise(part.to(device)) for part in images.split(READING_BATCH))
    return torch.cat([network(part).float().cpu() for part in parts])
