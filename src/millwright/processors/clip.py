"""Clip: commands within what a machine takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from millwright.processors.processor import Batch, Invertible, need


@dataclass(frozen=True)
class Clip(Invertible):
    """`source` (batch, n, dof) as `to`, each column within its bounds; undoing it clips too."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    source: str = "target"
    to: str = "action"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        values = need(batch, self.source)
        low, high = (torch.as_tensor(bound).to(values) for bound in (self.low, self.high))
        return {**batch, self.to: torch.minimum(torch.maximum(values, low), high)}

    def inverse(self) -> Clip:
        return Clip(self.low, self.high, source=self.to, to=self.source)
