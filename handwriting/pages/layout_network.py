"""Network that finds text lines: a photograph to maps of core zones, print, rules and heights."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

from models import ResidualUnit, conv_unit

WIDTHS = (16, 32, 64, 80, 112, 112)
"""Channels at 1/2, 1/4, 1/8, 1/16, 1/32 and 1/64 of the input's resolution."""

MAPS = 4
"""Core zones of handwriting, those of print, rules (logits), and the logarithm of the height."""

QUARTERS = 4
"""Directions of a picture: quarter turns counter-clockwise that make it upright."""

LAYOUT_KIND = "layout network"

MULTIPLE = 64
"""Height and width of an input are multiples of this."""


class LayoutNetwork(nn.Module):
    """A U-Net (Ronneberger et al. 2015) with residual units; 1.8 million weights.

    Input: float (N, 1, height, width), grey in 0..1, sides multiples of MULTIPLE. Output: maps,
    float (N, MAPS, height / 4, width / 4); and directions, float (N, QUARTERS, height / 16,
    width / 16), logits at each place.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Sequential(*conv_unit(1, widths[0], kernel=5, stride=2))
        self.down = nn.ModuleList(
            nn.Sequential(*conv_unit(narrow, wide, stride=2), ResidualUnit(wide))
            for narrow, wide in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.Sequential(*conv_unit(wide + narrow, narrow), ResidualUnit(narrow))
            for narrow, wide in itertools.pairwise(widths[1:])
        )
        self.maps = nn.Conv2d(widths[1], MAPS, kernel_size=1)
        self.directions = nn.Conv2d(widths[3], QUARTERS, kernel_size=1)

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps and directions."""
        found = [self.stem(standardised(pictures))]
        for down in self.down:
            found.append(down(found[-1]))
        features, directions = found[-1], None
        for level in reversed(range(len(self.up))):
            wider = F.interpolate(features, scale_factor=2.0, mode="nearest")
            features = self.up[level](torch.cat((wider, found[level + 1]), dim=1))
            if level == 2:
                directions = self.directions(features)
        return self.maps(features), directions


def standardised(pictures: torch.Tensor) -> torch.Tensor:
    """Each picture with mean 0 and standard deviation 1; float (N, 1, height, width)."""
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    deviation = pictures.std(dim=(1, 2, 3), keepdim=True)
    return (pictures - mean) / (deviation + 0.02)
