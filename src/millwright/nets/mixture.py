"""Mixtures of Gaussians per dimension, in log space (Bishop, *Mixture Density Networks*, 1994)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

LOG_STD = (-7.0, 3.0)
"""Beyond these a logarithm of a deviation is cut: narrower ones only fit rounding errors."""


class Mixture(NamedTuple):
    """Of each dimension K Gaussians; every tensor (..., dims, K)."""

    logits: Tensor
    """Weights before their softmax."""
    means: Tensor
    log_stds: Tensor


def split_mixture(values: Tensor, components: int) -> Mixture:
    """(..., dims * 3 * components) -> a mixture of `components` for each of the dimensions."""
    logits, means, log_stds = values.unflatten(-1, (-1, 3, components)).unbind(-2)
    return Mixture(logits, means, log_stds.clamp(*LOG_STD))


def compute_nll(mixture: Mixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of `target` (..., dims), of each dimension by itself, nats."""
    distance = (target.unsqueeze(-1) - mixture.means) * torch.exp(-mixture.log_stds)
    log_density = -0.5 * distance.square() - mixture.log_stds - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(torch.log_softmax(mixture.logits, -1) + log_density, -1)


def sample_mixture(mixture: Mixture, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """Draw (..., dims); as Ha and Schmidhuber (2018), logits / temperature and deviations * sqrt(temperature).

    At temperature 0 it is the mean of the weightiest component, and nothing is drawn.
    """
    if temperature <= 0:
        return _take(mixture.means, mixture.logits.argmax(-1))
    shares = torch.softmax(mixture.logits / temperature, -1).cumsum(-1)[..., :-1]
    draws = torch.empty_like(shares[..., 0]).uniform_(generator=generator)
    chosen = (draws.unsqueeze(-1) >= shares).sum(-1)
    std = _take(mixture.log_stds, chosen).exp()
    noise = torch.empty_like(draws).normal_(generator=generator)
    return _take(mixture.means, chosen) + math.sqrt(temperature) * std * noise


def _take(values: Tensor, chosen: Tensor) -> Tensor:
    """Of each dimension one component's."""
    return values.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)


def compute_mean(mixture: Mixture) -> Tensor:
    """The expected value (..., dims)."""
    return (torch.softmax(mixture.logits, -1) * mixture.means).sum(-1)
