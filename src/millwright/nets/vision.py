"""Small convolutional eyes, made for CPUs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def paint_coordinates(image: Tensor, region: Tensor | None = None) -> Tensor:
    """An image in 0..1 with two more channels that say where in the camera's picture each pixel lies.

    Args:
        image: (batch, channels, height, width), 0..255, uint8 or float.
        region: (batch, 4) centre x, y and half width, half height of the image within the camera's picture, whose
            edges are at -1 and 1; None: the whole picture.

    Returns:
        (batch, channels + 2, height, width) float32, channels last.
    """
    batch, channels, height, width = image.shape
    painted = torch.empty((batch, channels + 2, height, width), device=image.device, memory_format=torch.channels_last)
    painted[:, :channels] = image * (1 / 255)
    across, down = _pixel_centres(width, image.device), _pixel_centres(height, image.device)
    if region is None:
        painted[:, channels] = across
        painted[:, channels + 1] = down.view(height, 1)
    else:
        x, y, half_width, half_height = region.view(batch, 4, 1).unbind(1)
        painted[:, channels] = torch.addcmul(x, half_width, across).view(batch, 1, width)
        painted[:, channels + 1] = torch.addcmul(y, half_height, down).view(batch, height, 1)
    return painted


def _pixel_centres(num: int, device: torch.device) -> Tensor:
    """Centres of `num` pixels in a row whose edges are at -1 and 1."""
    return torch.arange(1 - num, num, 2, device=device, dtype=torch.float32) * (1 / num)


class ConvEye(nn.Sequential):
    """Convolutions 3x3 of stride 2 with ReLU, flattened; keeps where things are (no pooling, no norm).

    Args:
        size: height and width of the input, a multiple of 2 ** len(channels).
        inputs: channels of the input.
        channels: channels after each convolution.
    """

    def __init__(self, size: int, inputs: int, channels: Sequence[int]) -> None:
        if size % 2 ** len(channels):
            raise ValueError(f"size {size} is not a multiple of {2 ** len(channels)}, one halving a convolution")
        layers: list[nn.Module] = []
        for before, after in zip((inputs, *channels), channels, strict=False):
            convolution = nn.Conv2d(before, after, 3, stride=2, padding=1)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
            layers += [convolution, nn.ReLU(inplace=True)]
        super().__init__(*layers, nn.Flatten())
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.num_features = channels[-1] * (size // 2 ** len(channels)) ** 2
