"""FiLM (Perez et al. 2018): words scale and shift what a convolutional eye sees."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from millwright.nets.vision import ConvEye, make_grid

POINTED = 2
"""The layer after which a small object is still a place of its own: of 96 pixels, 12 x 12 places."""


class Pointers(nn.Module):
    """Each looks all over a picture for what it is after, and tells where that is (spatial softmax, Finn et al. 2016).

    *The leftmost of the cubes* is the highest of many scores, which a maximum finds at once and an MLP hardly.

    Args:
        channels: of the picture's features.
        count: of pointers.
        width: numbers of a pointer's token: where it points at (x and y, 1 at the edges), and what is there.
    """

    def __init__(self, channels: int, count: int, width: int) -> None:
        super().__init__()
        self.scores = nn.Conv2d(channels, count, 1, bias=False)  # one would do nothing: a softmax comes after it
        self.what = nn.Linear(channels, width - 2)

    def forward(self, features: Tensor) -> Tensor:
        """(batch, channels, side, side) -> (batch, count, width)."""
        weights = self.scores(features).flatten(2).softmax(2)
        where = make_grid(features.shape[2], features.shape[3], features.device).flatten(1).T
        return torch.cat((weights @ where, self.what(weights @ features.flatten(2).transpose(1, 2))), 2)


class FilmEye(nn.Module):
    """`ConvEye` whose last layers are modulated before their ReLU; its places as tokens.

    Args:
        size, inputs, channels: as for `ConvEye`.
        pointers: tokens more, that point at places in what the layer `POINTED` gives.
    """

    def __init__(self, size: int, inputs: int, channels: Sequence[int], pointers: int = 0) -> None:
        super().__init__()
        self.eye = ConvEye(size, inputs, channels)
        self.pointers = Pointers(channels[POINTED], pointers, channels[-1]) if pointers else None
        self.side = size // 2 ** len(channels)
        self.num_channels = channels[-1]

    def forward(self, image: Tensor, films: Sequence[Tensor] = ()) -> Tensor:
        """(batch, inputs, size, size) -> (batch, places and pointers, channels).

        Args:
            films: for each of the last layers (batch, 2 * channels), how it is scaled and shifted.
        """
        plain = len(self.eye.layers) - len(films)
        pointed: tuple[Tensor, ...] = ()
        for index, layer in enumerate(self.eye.layers):
            image = layer(image)
            if index >= plain:
                scale, shift = films[index - plain][:, :, None, None].chunk(2, 1)
                image = torch.addcmul(shift, image, 1 + scale)
            image = image.relu_()
            if index == POINTED and self.pointers is not None:
                pointed = (self.pointers(image),)
        return torch.cat((image.flatten(2).transpose(1, 2), *pointed), 1)


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
