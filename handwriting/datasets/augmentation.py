"""Augmentation of whole batches of images, as by hands, pens and cameras."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from models import memory_format

_COARSE = 5
_GAP_WIDTH, _GAP_LENGTH = 0.9, 4.0


@dataclass(frozen=True)
class Augmentation:
    """Strength of each augmentation; 0 turns it off.

    Each quantity is drawn per image: uniformly between minus and plus the given number, or for
    ``elastic`` and ``noise`` from a normal distribution with this standard deviation.

    Attributes:
        rotation: degrees.
        scale: logarithm of the change in width and height, independently.
        shear: tangent of the slant.
        shift: pixels.
        elastic: displacement of the points of a 5x5 grid in pixels, smoothly interpolated.
        stroke: change of stroke width, where 1 is a pixel on either side, in 0..1.
        gaps: fraction of the images in which the pen skips once.
        noise: grey values in 0..1, on every pixel.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    stroke: float = 0.0
    gaps: float = 0.0
    noise: float = 0.0

    def __call__(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Augment float (N, 1, side, side) in 0..1; the generator is on the images' device."""
        if self.rotation or self.scale or self.shear or self.shift or self.elastic:
            images = self._warp(images, generator)
        if self.stroke:
            images = self._change_stroke(images, generator)
        if self.gaps:
            images = self._cut_gaps(images, generator)
        if self.noise:
            noise = torch.empty_like(images).normal_(0, self.noise, generator=generator)
            images = (images + noise).clamp_(0, 1)
        return images.contiguous(memory_format=memory_format(images.device))

    def _warp(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        side = images.shape[-1]
        turn, wide, high, slant, right, down = _evenly(images, generator, 6).unbind(1)
        turn = turn * self.rotation * torch.pi / 180
        wide, high = (wide * self.scale).exp(), (high * self.scale).exp()
        slant = slant * self.shear
        cos, sin = turn.cos(), turn.sin()
        unit = 2 / side
        rows = (
            torch.stack((wide * cos, wide * (slant * cos - sin), right * self.shift * unit), 1),
            torch.stack((high * sin, high * (slant * sin + cos), down * self.shift * unit), 1),
        )
        grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
        if self.elastic:
            net = torch.empty(len(images), 2, _COARSE, _COARSE, device=images.device)
            net.normal_(0, self.elastic * unit, generator=generator)
            smooth = F.interpolate(net, (side, side), mode="bicubic", align_corners=True)
            grid = grid + smooth.permute(0, 2, 3, 1)
        return F.grid_sample(images, grid, align_corners=False)

    def _change_stroke(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        change = self.stroke * _evenly(images, generator, 1)[:, :, None, None]
        thicker = F.max_pool2d(images, 3, stride=1, padding=1)
        thinner = -F.max_pool2d(-images, 3, stride=1, padding=1)
        return torch.lerp(images, torch.where(change > 0, thicker, thinner), change.abs())

    def _cut_gaps(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        side = images.shape[-1]
        draws = _evenly(images, generator, 4)[:, :, None, None]
        x, y, turn, chance = draws.unbind(1)
        pixels = torch.arange(side, device=images.device) - (side - 1) / 2
        right = pixels - x * side / 2
        down = pixels[:, None] - y * side / 2
        cos, sin = (turn * torch.pi).cos(), (turn * torch.pi).sin()
        along = (right * cos + down * sin).abs() < _GAP_LENGTH
        across = (down * cos - right * sin).abs() < _GAP_WIDTH
        cut = along & across & (chance < 2 * self.gaps - 1)
        return images.masked_fill(cut.unsqueeze(1), 0)


def _evenly(images: torch.Tensor, generator: torch.Generator, count: int) -> torch.Tensor:
    """float (N, count) in -1..1."""
    draws = torch.rand(len(images), count, device=images.device, generator=generator)
    return draws * 2 - 1
