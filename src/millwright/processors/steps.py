"""Chunks as differences from action to action: the per-step delta representation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from millwright.processors.processor import Batch, Invertible, need


@dataclass(frozen=True)
class StepDelta(Invertible):
    """The first `columns` of `name` (batch, n, dof) become differences from the step before; before the first: 0.

    Behind `HandRelative`, that is how far the hand moves and turns in each step, in the yaw frame it starts from.
    Turns across a chunk must stay within -pi..pi.
    """

    name: str = "target"
    columns: int = 4

    def __call__(self, batch: Batch) -> dict[str, Any]:
        moving, rest = _split(need(batch, self.name), self.columns)
        deltas = torch.diff(moving, dim=1, prepend=torch.zeros_like(moving[:, :1]))
        return {**batch, self.name: torch.cat((deltas, rest), 2)}

    def inverse(self) -> StepSum:
        return StepSum(self.name, self.columns)


@dataclass(frozen=True)
class StepSum(Invertible):
    """The inverse of `StepDelta`: differences from step to step add up."""

    name: str = "target"
    columns: int = 4

    def __call__(self, batch: Batch) -> dict[str, Any]:
        moving, rest = _split(need(batch, self.name), self.columns)
        return {**batch, self.name: torch.cat((moving.cumsum(1), rest), 2)}

    def inverse(self) -> StepDelta:
        return StepDelta(self.name, self.columns)


def _split(values: Tensor, columns: int) -> tuple[Tensor, Tensor]:
    return values[:, :, :columns], values[:, :, columns:]
