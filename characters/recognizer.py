"""From saved weights to a network, and from pictures to ranked characters with probabilities."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from characters.batches import normalise
from characters.errors import CharactersError
from characters.labels import CLASSES
from characters.runs import load_weights
from models import MODELS


def build_network(content: dict[str, Any], path: Path) -> nn.Module:
    """The network of a weights file's content, in evaluation mode, float32, on the CPU.

    Raises:
        CharactersError: the weights do not fit the network that the file names.
    """
    if content["model"] not in MODELS:
        raise CharactersError(
            f"{path} is for a model {content['model']!r} that this version does not have "
            f"({', '.join(MODELS)})."
        )
    network = MODELS[content["model"]]()
    try:
        network.load_state_dict({name: t.float() for name, t in content["weights"].items()})
    except (RuntimeError, AttributeError) as error:
        raise CharactersError(
            f"{path}: the weights do not fit the model {content['model']!r}. "
            "Take a file that 'python model_training.py' wrote (stage 3)."
        ) from error
    return network.eval().to(memory_format=torch.channels_last)


class Recognizer:
    """A trained network that reads 28x28 pictures."""

    def __init__(self, path: Path) -> None:
        self.content = load_weights(path)
        self.network = build_network(self.content, path)

    @torch.inference_mode()
    def probabilities(self, pictures: torch.Tensor) -> torch.Tensor:
        """float (N, 62) from uint8 (N, 28, 28), upright, white ink on black."""
        return self.network(normalise(pictures)).softmax(dim=1)

    def read(self, picture: torch.Tensor, most: int = 5) -> list[tuple[str, float]]:
        """The most likely characters of one uint8 (28, 28) picture, with probabilities."""
        probabilities, classes = self.probabilities(picture.unsqueeze(0))[0].topk(most)
        return [
            (CLASSES[c], p) for c, p in zip(classes.tolist(), probabilities.tolist(), strict=True)
        ]
