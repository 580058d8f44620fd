"""torchvision's `EMNIST` and `ToTensor`, even if its compiled operators cannot load.

torchvision from PyPI is compiled for PyTorch with CUDA. With a CPU build of PyTorch, which is ten
times smaller, its import fails at two missing operators ("operator torchvision::nms does not
exist"). This project uses neither, so declaring their signatures lets the import succeed.
"""

import torch

_OPERATORS = None

try:
    import torchvision
except RuntimeError as error:
    if "operator torchvision::" not in str(error):
        raise
    _OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
    for _name in ("nms", "qnms"):
        _OPERATORS.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

EMNIST = torchvision.datasets.EMNIST
ToTensor = torchvision.transforms.ToTensor
