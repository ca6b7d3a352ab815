"""Vae: pictures as a few numbers, and back (Kingma and Welling 2014; sizes of Ha and Schmidhuber 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from millwright.core.errors import OptionError
from millwright.nets.trainable import Trainable


@dataclass(frozen=True)
class VaeConfig:
    """What a VAE is made of; the default is light, `DOCUMENT` has the sizes of *World Models*.

    Args:
        size: height and width of a picture.
        inputs: its channels.
        code: numbers that it becomes.
        channels: after each convolution (4x4, stride 2).
        padding: of the convolutions.
        decoder: channels before each transposed convolution (stride 2); the first are laid out on a square.
        kernels: of those.
        beta: weight of the KL divergence against the squared error, which is summed over a picture.
        learned: name of the pictures in a batch.

    Raises:
        OptionError: the decoder does not give pictures of the encoder's size.
    """

    size: int = 32
    inputs: int = 1
    code: int = 32
    channels: tuple[int, ...] = (16, 32, 64)
    padding: int = 1
    decoder: tuple[int, ...] = (64, 32, 16)
    kernels: tuple[int, ...] = (4, 4, 4)
    beta: float = 0.05
    learned: str = "image"

    def __post_init__(self) -> None:
        if not self.channels or len(self.decoder) != len(self.kernels) or self.code < 1:
            raise OptionError("a VAE needs convolutions, a kernel for each of the decoder's, and a code of 1 or more")
        made = self.first
        for kernel in self.kernels:
            made = (made - 1) * 2 + kernel - 2 * self.padding
        if self.squares[-1] < 1 or made != self.size:
            raise OptionError(
                f"the decoder makes pictures of {made} pixels, the encoder reads {self.size}; change {self.kernels=}"
            )

    @property
    def squares(self) -> tuple[int, ...]:
        """Height and width after each convolution."""
        sides = [self.size]
        for _ in self.channels:
            sides.append((sides[-1] + 2 * self.padding - 4) // 2 + 1)
        return tuple(sides[1:])

    @property
    def first(self) -> int:
        """Height and width that the decoder begins with: 1 where the encoder's convolutions have no padding."""
        return self.squares[-1] if self.padding else 1


DOCUMENT = VaeConfig(
    size=64,
    inputs=3,
    channels=(32, 64, 128, 256),
    padding=0,
    decoder=(1024, 128, 64, 32),
    kernels=(5, 5, 6, 6),
    beta=1.0,
)
"""The published sizes: 4.3 million numbers. The decoder begins at 1 x 1: at 2 x 2, as some retell it, these kernels
would make pictures of 80 pixels."""


class Vae(Trainable):
    """Pictures are (batch, inputs, size, size), 0..1, or 0..255 as uint8."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        pairs = zip((config.inputs, *config.channels), config.channels, strict=False)
        self.convolutions = nn.Sequential(
            *(part for a, b in pairs for part in (nn.Conv2d(a, b, 4, 2, config.padding), nn.ReLU()))
        )
        flat = config.channels[-1] * config.squares[-1] ** 2
        self.mean, self.log_variance = nn.Linear(flat, config.code), nn.Linear(flat, config.code)
        self.spread = nn.Linear(config.code, config.decoder[0] * config.first**2)
        layers: list[nn.Module] = []
        outputs = (*config.decoder[1:], config.inputs)
        for before, after, kernel in zip(config.decoder, outputs, config.kernels, strict=True):
            layers += [nn.ReLU(), nn.ConvTranspose2d(before, after, kernel, 2, config.padding)]
        self.deconvolutions = nn.Sequential(*layers[1 if not config.padding else 0 :], nn.Sigmoid())

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of the variances of the code, each (batch, code)."""
        seen = self.convolutions(scale(pictures)).flatten(1)
        return self.mean(seen), self.log_variance(seen)

    def decode(self, codes: Tensor) -> Tensor:
        """(batch, code) -> pictures, 0..1."""
        spread = self.spread(codes).unflatten(1, (self.config.decoder[0], self.config.first, self.config.first))
        made: Tensor = self.deconvolutions(spread)
        return made

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`squared`: the squared error of a picture; `kl`: nats of its code against a standard Gaussian."""
        pictures = scale(batch[self.config.learned])
        mean, log_variance = self.encode(pictures)
        code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        squared = (self.decode(code).float() - pictures).square().flatten(1).sum(1).mean()
        kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).float().sum(1).mean()
        return {"loss": squared + self.config.beta * kl, "squared": squared, "kl": kl}


def scale(pictures: Tensor) -> Tensor:
    """0..255 as uint8, or 0..1, -> 0..1."""
    return pictures.float() / 255 if pictures.dtype == torch.uint8 else pictures
