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
    logits = mixture.logits
    if temperature > 0:
        # the largest of logits with Gumbel noise is a draw from their softmax
        noise = torch.empty_like(logits).exponential_(generator=generator).log_().neg_()
        logits = logits / temperature + noise
    chosen = logits.argmax(-1, keepdim=True)
    mean = mixture.means.gather(-1, chosen).squeeze(-1)
    if temperature <= 0:
        return mean
    std = mixture.log_stds.gather(-1, chosen).squeeze(-1).exp()
    draws = torch.empty_like(mean).normal_(generator=generator)
    return mean + math.sqrt(temperature) * std * draws


def compute_mean(mixture: Mixture) -> Tensor:
    """The expected value (..., dims)."""
    return (torch.softmax(mixture.logits, -1) * mixture.means).sum(-1)
