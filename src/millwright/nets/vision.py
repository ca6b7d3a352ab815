"""Small convolutional eyes, made for CPUs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn


def paint_coordinates(image: Tensor, region: Tensor | None = None) -> Tensor:
    """An image as numbers around 0 with two more channels that say where in the camera's picture each pixel lies.

    Args:
        image: (batch, channels, height, width), 0..255, uint8 or float.
        region: (batch, 4) centre x, y and half width, half height of the image within the camera's picture, whose
            edges are at -1 and 1; None: the whole picture.

    Returns:
        (batch, channels + 2, height, width) float32, channels last; 0..255 becomes -2..2: far from being centred, an
        image is learned from much more slowly.
    """
    batch, _, height, width = image.shape
    grid = make_grid(height, width, image.device)
    if region is None:
        coordinates = grid.expand(batch, 2, height, width)
    else:
        centre, half = region.view(batch, 4, 1, 1).split(2, 1)
        coordinates = torch.addcmul(centre, half, grid)
    return torch.cat((image * (1 / 64) - 2, coordinates), 1).contiguous(memory_format=torch.channels_last)


@lru_cache(maxsize=16)
def make_grid(height: int, width: int, device: torch.device) -> Tensor:
    """(2, height, width): x and y of pixel centres in a picture whose edges are at -1 and 1."""
    with torch.inference_mode(False):  # it is kept, and what was made in inference can never be learned through
        across = torch.arange(1 - width, width, 2, device=device) / width
        down = torch.arange(1 - height, height, 2, device=device) / height
        return torch.stack(torch.meshgrid(across, down, indexing="xy"))


class ConvEye(nn.Module):
    """Convolutions 3x3 of stride 2 with ReLU, flattened; keeps where things are (no pooling, no norm).

    Args:
        size: height and width of the input, a multiple of 2 ** len(channels).
        inputs: channels of the input.
        channels: channels after each convolution.
    """

    def __init__(self, size: int, inputs: int, channels: Sequence[int]) -> None:
        super().__init__()
        if size % 2 ** len(channels):
            raise ValueError(f"size {size} is not a multiple of {2 ** len(channels)}, one halving a convolution")
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1)
            for before, after in zip((inputs, *channels), channels, strict=False)
        )
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self.num_features = channels[-1] * (size // 2 ** len(channels)) ** 2

    def forward(self, image: Tensor) -> Tensor:
        """(batch, inputs, size, size) -> (batch, num_features)."""
        return self.look(image).flatten(1)

    def look(self, image: Tensor) -> Tensor:
        """(batch, inputs, size, size) -> (batch, channels, side, side)."""
        for layer in self.layers:
            image = layer(image).relu_()
        return image
