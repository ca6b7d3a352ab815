"""Denoising: what networks that make a chunk out of noise have in common: a U-Net, a condition, where they start."""

from __future__ import annotations

import zlib
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
    noise_seed: int = 0
    """Of the noise that samples start from; the numbers of the body decide it too."""
    temperature: float = 1.0
    """Scale of that noise; at 0 every sample starts from its mean, as ACT's latent does."""


class Denoising(Seeing):
    """An eye, a body and a U-Net that they modulate."""

    Config = DenoisingConfig
    config: DenoisingConfig

    def __init__(self, config: DenoisingConfig) -> None:
        super().__init__(config)
        if config.steps < 1:
            raise OptionError(f"sampling takes at least 1 step, got steps={config.steps}")
        self.reduce = nn.Linear(self.num_seen, config.condition)
        self.unet = ConditionalUnet(config.dof, config.condition, config.widths, kernel=config.kernel)

    def describe(self, batch: Mapping[str, Any]) -> Tensor:
        """The condition (batch, condition): all there is to know about the scene, however often the U-Net is asked."""
        condition: Tensor = self.reduce(self.see(batch))
        return condition

    def draw_start(self, batch: Mapping[str, Any]) -> Tensor:
        """Noise (batch, length, dof) to start from: for one observation one noise, whatever else is in the batch.

        It changes from observation to observation. One noise for all would pull every plan of an episode the same
        way, and what does not average out leaves a robot stuck beside its target.
        """
        config, proprio = self.config, batch["proprio"]
        if not config.temperature:
            return torch.zeros(proprio.shape[0], config.length, config.dof, device=proprio.device)
        rows = proprio.float().cpu().numpy()
        noise = torch.empty(len(rows), config.length, config.dof)
        for sample, row in zip(noise, rows, strict=True):
            sample.normal_(generator=torch.Generator().manual_seed(zlib.crc32(row.tobytes(), config.noise_seed)))
        return (config.temperature * noise).to(proprio.device)
