"""The character networks for `torch.hub`, with the newest weights of each architecture.

    network = torch.hub.load(REPOSITORY, "compactcnn")    # or "customcnn", "resnet34"

Input: float32 (N, 1, 28, 28) in 0..1, white ink on black, upright (EMNIST's files are transposed);
uint8 values divided by 255, without other normalisation. Output: float32 (N, 62), logits of 0-9,
A-Z and a-z in that order.
"""

from torch import nn

from handwriting import PROJECT
from handwriting.errors import HandwritingError
from handwriting.runs import (
    METRICS_FOLDER,
    MODELS_FOLDER,
    build_network,
    list_runs,
    load_weights,
    newest_first,
)
from models import MODELS

dependencies = ["torch", "numpy"]


def compactcnn(pretrained: bool = True, prior: str = "emnist") -> nn.Module:
    """CompactCNN, 0.86 million weights, in evaluation mode.

    Args:
        pretrained: load the newest weights of this architecture, or initialise at random.
        prior: class prior. ``emnist``: EMNIST's, with the EMNIST head. ``equal``: uniform, with
            the out-of-domain head where the weights have one.

    Raises:
        HandwritingError: there are no weights of this architecture.
    """
    return _network("compactcnn", pretrained, prior)


def customcnn(pretrained: bool = True, prior: str = "emnist") -> nn.Module:
    """CustomCNN, 13.9 million weights; arguments and errors of :func:`compactcnn`."""
    return _network("customcnn", pretrained, prior)


def resnet34(pretrained: bool = True, prior: str = "emnist") -> nn.Module:
    """ResNet34, 21.3 million weights; arguments and errors of :func:`compactcnn`."""
    return _network("resnet34", pretrained, prior)


def _network(model: str, pretrained: bool, prior: str) -> nn.Module:
    if not pretrained:
        return MODELS[model]().eval()
    for run in newest_first(list_runs(PROJECT / MODELS_FOLDER, PROJECT / METRICS_FOLDER)):
        content = load_weights(run.weights)
        if content["model"] == model:
            return build_network(content, run.weights, prior)
    raise HandwritingError(
        f"{PROJECT / MODELS_FOLDER} holds no weights of {model}. Train it with "
        f"'python model_training.py --model {model}'."
    )
