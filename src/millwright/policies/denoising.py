"""Denoising: what networks that make a chunk out of noise have in common: a U-Net, a condition, where they start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from millwright.core.errors import OptionError
from millwright.nets.unet import ConditionalUnet
from millwright.policies.seeing import Seeing, SeeingConfig


@dataclass(frozen=True)
class DenoisingConfig(SeeingConfig):
    """The U-Net and how it is asked."""

    condition: int = 128
    """Numbers that what is seen is reduced to."""
    widths: tuple[int, ...] = (64, 128)
    kernel: int = 3
    steps: int = 8
    """Of sampling: each asks the U-Net once."""
    noise_seed: int | None = 0
    """Of the noise that every sample starts from, so that one observation has one plan; None: drawn anew each time."""
    temperature: float = 1.0
    """Scale of that noise; at 0 a sample starts from its mean, as ACT's latent does."""


class Denoising(Seeing):
    """An eye, a body and a U-Net that they modulate."""

    Config = DenoisingConfig
    config: DenoisingConfig
    start: Tensor

    def __init__(self, config: DenoisingConfig) -> None:
        super().__init__(config)
        if config.steps < 1:
            raise OptionError(f"sampling takes at least 1 step, got steps={config.steps}")
        self.reduce = nn.Linear(self.num_seen, config.condition)
        self.unet = ConditionalUnet(config.dof, config.condition, config.widths, kernel=config.kernel)
        generator = torch.Generator().manual_seed(config.noise_seed or 0)
        self.register_buffer("start", torch.randn(config.length, config.dof, generator=generator), persistent=False)

    def describe(self, batch: Mapping[str, Any]) -> Tensor:
        """The condition (batch, condition): all there is to know about the scene, however often the U-Net is asked."""
        condition: Tensor = self.reduce(self.see(batch))
        return condition

    def draw_start(self, count: int) -> Tensor:
        """Noise (count, length, dof) to start from: the same for each row, whatever else is in the batch."""
        start = self.start.expand(count, -1, -1)
        return self.config.temperature * (start if self.config.noise_seed is not None else torch.randn_like(start))
