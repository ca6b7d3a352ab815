"""Flow matching: a velocity that carries noise to samples along straight lines (Lipman et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""(samples on their way (batch, ...), time (batch,) in 0..1) -> where they go, a unit of time."""


def move_towards(noise: Tensor, clean: Tensor, time: Tensor) -> Tensor:
    """Where (batch, length, dof) is at `time` (batch,): noise at 0, clean at 1, at the speed clean - noise.

    Lipman et al. 2023, equation 22 with sigma_min 0.
    """
    share = time.view(-1, *[1] * (clean.ndim - 1))
    return torch.lerp(noise, clean, share)


def integrate_euler(velocity: Velocity, noise: Tensor, num_steps: int) -> Tensor:
    """Follow a velocity from time 0 to 1 in equal steps: (batch, ...) -> the same shape."""
    sample = noise
    for step in range(num_steps):
        time = torch.full((noise.shape[0],), step / num_steps, device=noise.device)
        sample = sample + velocity(sample, time) / num_steps
    return sample
