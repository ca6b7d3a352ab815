"""Pixels: a picture as its own code, for worlds that know what a picture is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from millwright.world_models.vae import scale


@dataclass(frozen=True)
class PixelsConfig:
    """Height and width of a picture of one channel."""

    size: int = 24
    inputs: int = 1

    @property
    def code(self) -> int:
        """Numbers that it becomes."""
        return self.size**2


class Pixels(nn.Module):
    """Stands where a `Vae` does, and has nothing to learn."""

    def __init__(self, config: PixelsConfig) -> None:
        super().__init__()
        self.config = config

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """As `Vae.encode`: the pixels, 0..1, row by row, which vary by nothing."""
        codes = scale(pictures).flatten(1)
        return codes, torch.full_like(codes, -math.inf)

    def decode(self, codes: Tensor) -> Tensor:
        """(batch, code) -> pictures, 0..1."""
        shape = (len(codes), self.config.inputs, self.config.size, self.config.size)
        return codes.reshape(shape).clamp(0, 1)
