"""FiLM (Perez et al. 2018): words scale and shift what a convolutional eye sees."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from millwright.nets.vision import ConvEye


class FilmEye(nn.Module):
    """`ConvEye` whose last layers are modulated before their ReLU; its places as tokens.

    Args:
        size, inputs, channels: as for `ConvEye`.
    """

    def __init__(self, size: int, inputs: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.eye = ConvEye(size, inputs, channels)
        self.side = size // 2 ** len(channels)
        self.num_channels = channels[-1]

    def forward(self, image: Tensor, films: Sequence[Tensor] = ()) -> Tensor:
        """(batch, inputs, size, size) -> (batch, places, channels).

        Args:
            films: for each of the last layers (batch, 2 * channels), how it is scaled and shifted.
        """
        plain = len(self.eye.layers) - len(films)
        for index, layer in enumerate(self.eye.layers):
            image = layer(image)
            if index >= plain:
                scale, shift = films[index - plain][:, :, None, None].chunk(2, 1)
                image = torch.addcmul(shift, image, 1 + scale)
            image = image.relu_()
        return image.flatten(2).transpose(1, 2)


class Films(nn.Module):
    """What a text does to each of an eye's modulated layers: at first nothing, for it is 0."""

    def __init__(self, text: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(text, 2 * count) for count in channels)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, text: Tensor) -> list[Tensor]:
        """(batch, text) -> for each layer (batch, 2 * channels)."""
        return [layer(text) for layer in self.layers]
