"""Diffusion: noise added in steps (DDPM, Ho et al. 2020) and taken away in fewer (DDIM, Song et al. 2021)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(noisy (batch, ...), step (batch,) int64) -> the noise in it."""


def compute_signal(num_steps: int) -> Tensor:
    """Share of the signal in the variance after each noising step (num_steps,), float32; falls from 1 towards 0.

    The squared cosine of Nichol and Dhariwal 2021, equation 17, no step taking more than 0.999 of what is left.
    """
    angles = (torch.arange(num_steps + 1, dtype=torch.float64) / num_steps + 0.008) / 1.008 * math.pi / 2
    level = angles.cos() ** 2
    return (level[1:] / level[:-1]).clamp(min=0.001).cumprod(0).float()


def add_noise(clean: Tensor, noise: Tensor, signal: Tensor) -> Tensor:
    """What (batch, length, dof) becomes where `signal` (batch,) of its variance is left; Ho et al., equation 4."""
    share = signal.view(-1, *[1] * (clean.ndim - 1))
    return share.sqrt() * clean + (1 - share).sqrt() * noise


def sample_ddim(predict_noise: Denoiser, noise: Tensor, signal: Tensor, num_steps: int, limit: float) -> Tensor:
    """From pure noise to a clean sample in `num_steps` evenly spaced steps, without drawing anything.

    Song et al. 2021, equation 12 with sigma 0. The last of the noising steps are left out, and the clean sample that
    each step foresees is kept within +-`limit`: where hardly any signal is left, a small error of the prediction
    throws it far away.

    Args:
        noise: (batch, ...).
        signal: as `compute_signal` gives it.
    """
    sample = noise
    steps = [index * len(signal) // num_steps for index in reversed(range(num_steps))]
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        share = signal[step]
        predicted = predict_noise(sample, torch.full((noise.shape[0],), step, device=noise.device))
        clean = ((sample - (1 - share).sqrt() * predicted) / share.sqrt()).clamp(-limit, limit)
        if following is None:
            return clean
        predicted = (sample - share.sqrt() * clean) / (1 - share).sqrt()
        sample = signal[following].sqrt() * clean + (1 - signal[following]).sqrt() * predicted
    return sample
