"""flow: conditional flow matching (Lipman et al. 2023): noise is carried to a chunk of actions, given what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from millwright.nets.flow import integrate_euler, move_towards
from millwright.policies.denoising import Denoising, DenoisingConfig


class Flow(Denoising):
    """A U-Net that says where a chunk on its way from noise is going; followed in a few Euler steps when acting."""

    Config = DenoisingConfig

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        condition = self.describe(batch)
        start = self.draw_start(batch)
        return integrate_euler(lambda chunk, time: self.unet(chunk, time, condition), start, self.config.steps)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Mean squared error of the velocity (Lipman et al. 2023, equation 23)."""
        target = batch["target"]
        noise = torch.randn_like(target)
        time = torch.rand(len(target), device=target.device)
        velocity = self.unet(move_towards(noise, target, time), time, self.describe(batch))
        return {"loss": nn.functional.mse_loss(velocity.float(), target - noise)}
