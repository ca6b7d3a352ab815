"""diffusion: Diffusion Policy (Chi et al. 2023): a chunk of actions is denoised, given what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from millwright.core.errors import OptionError
from millwright.nets.diffusion import add_noise, compute_signal, sample_ddim
from millwright.policies.denoising import Denoising, DenoisingConfig


@dataclass(frozen=True)
class DiffusionConfig(DenoisingConfig):
    """The U-Net, and the noise it learns to see."""

    training_steps: int = 100
    limit: float = 5.0
    """Standard deviations that no number of a chunk is beyond."""


class Diffusion(Denoising):
    """A U-Net that names the noise in a chunk: DDPM in training, DDIM in few steps when acting."""

    Config = DiffusionConfig
    config: DiffusionConfig
    signal: Tensor

    def __init__(self, config: DiffusionConfig) -> None:
        super().__init__(config)
        if config.steps > config.training_steps:
            raise OptionError(f"steps={config.steps} must be at most training_steps={config.training_steps}")
        self.register_buffer("signal", compute_signal(config.training_steps), persistent=False)

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        condition = self.describe(batch)
        start = self.draw_start(batch)
        return sample_ddim(
            lambda noisy, step: self._name_noise(noisy, step, condition),
            start, self.signal, self.config.steps, self.config.limit,
        )  # fmt: skip

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Mean squared error of the noise (Ho et al. 2020, equation 14)."""
        target = batch["target"]
        noise = torch.randn_like(target)
        step = torch.randint(self.config.training_steps, (len(target),), device=target.device)
        noisy = add_noise(target, noise, self.signal[step])
        named = self._name_noise(noisy, step, self.describe(batch))
        return {"loss": nn.functional.mse_loss(named.float(), noise)}

    def _name_noise(self, noisy: Tensor, step: Tensor, condition: Tensor) -> Tensor:
        named: Tensor = self.unet(noisy, step / self.config.training_steps, condition)
        return named
