"""The colour of what was pointed at, found by a small net that learns where to look for it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from millwright.nets.vision import paint_coordinates

SPREAD = 0.6
"""How far colours may differ to be alike, in units of painted images (-2..2)."""


class FoundColour(nn.Module):
    """The mean colour of a crop, weighted by an attention that starts in its middle and learns to find the thing there.

    Nothing but the loss of the actions teaches it.
    """

    def __init__(self, channels: int = 8, reach: float = 0.25) -> None:
        super().__init__()
        first, second, last = (
            nn.Conv2d(width, wide, 3, padding=1) for width, wide in ((5, channels), (channels, channels), (channels, 1))
        )
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)
        self.reach = reach

    def forward(self, crop: Tensor) -> Tensor:
        """(batch, 3, size, size) 0..255 -> (batch, 3), in units of painted images."""
        painted = paint_coordinates(nn.functional.avg_pool2d(crop.float(), 2))  # as good, and a quarter of the work
        nearness = painted[:, 3:].square().sum(1).flatten(1) * (-0.5 / self.reach**2)
        weights = torch.softmax((self.layers(painted).flatten(1) + nearness).float(), 1)
        return torch.einsum("bp,bcp->bc", weights, painted[:, :3].flatten(2))


def compute_likeness(painted: Tensor, colour: Tensor) -> Tensor:
    """How much each pixel (batch, 3, height, width) is like a colour (batch, 3): 1 for it, towards 0 for others.

    Returns:
        (batch, 1, height, width).
    """
    difference = (painted - colour[:, :, None, None]) / SPREAD
    return torch.exp(difference.square().sum(1, keepdim=True) * -0.5)
