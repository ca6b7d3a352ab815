"""Zero mean and unit spread, per dimension (and step), with statistics that cannot be left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from millwright.core.errors import FeatureError
from millwright.processors.processor import Batch, Invertible, need

SMALLEST_SPREAD = 1e-5
"""A dimension that varies less is taken as constant: it is centred, not blown up."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation of an array over its samples; shapes as a sample's."""

    mean: Tensor
    std: Tensor

    def __post_init__(self) -> None:
        if self.mean.shape != self.std.shape:
            raise FeatureError(f"mean has shape {tuple(self.mean.shape)}, std {tuple(self.std.shape)}")
        if not (torch.isfinite(self.mean).all() and torch.isfinite(self.std).all() and (self.std > 0).all()):
            raise FeatureError("statistics must be finite, and every std positive")


def compute_statistics(values: Tensor) -> Statistics:
    """Statistics over the first axis, in float64; the std of a constant dimension is 1."""
    if not len(values):
        raise FeatureError("statistics need at least one sample")
    exact = values.double()
    std = exact.std(0, correction=0)
    return Statistics(exact.mean(0).float(), torch.where(std < SMALLEST_SPREAD, 1.0, std).float())


@dataclass(frozen=True, eq=False)
class Normalise(Invertible):
    """`name` becomes (name - mean) / std, kept within +-`limit` where one is given (then it cannot be undone)."""

    name: str
    mean: Tensor
    std: Tensor
    limit: float | None = None

    def __post_init__(self) -> None:
        Statistics(self.mean, self.std)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        values = _fitting(batch, self.name, self.mean)
        scaled = (values - self.mean.to(values.device)) / self.std.to(values.device)
        return {**batch, self.name: scaled if self.limit is None else scaled.clamp_(-self.limit, self.limit)}

    def inverse(self) -> Unnormalise:
        if self.limit is not None:
            raise FeatureError(f"normalising {self.name!r} within +-{self.limit} cannot be undone; leave out the limit")
        return Unnormalise(self.name, self.mean, self.std)


@dataclass(frozen=True, eq=False)
class Unnormalise(Invertible):
    """`name` becomes mean + std * name."""

    name: str
    mean: Tensor
    std: Tensor

    def __post_init__(self) -> None:
        Statistics(self.mean, self.std)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        values = _fitting(batch, self.name, self.mean)
        return {**batch, self.name: torch.addcmul(self.mean.to(values.device), self.std.to(values.device), values)}

    def inverse(self) -> Normalise:
        return Normalise(self.name, self.mean, self.std)


def _fitting(batch: Batch, name: str, mean: Tensor) -> Tensor:
    values = need(batch, name)
    if values.shape[1:] != mean.shape:
        raise FeatureError(
            f"{name}: the statistics are for samples of shape {tuple(mean.shape)}, got {tuple(values.shape[1:])}"
        )
    return values
