"""Targets of the hand where they are in the base frame: the absolute representation of actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from millwright.processors.hand import compute_yaw
from millwright.processors.processor import Batch, Invertible, need


@dataclass(frozen=True)
class BaseFrame(Invertible):
    """Hand targets without quaternions, whose sign would have to be guessed.

    Reads `source` (batch, n, 8): xyz m + wxyz + opening m in the base frame.
    Writes `to` (batch, n, 6): x, y, z m, cosine and sine of the yaw, opening m. A tilt is dropped.
    """

    source: str = "action"
    to: str = "target"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        targets = need(batch, self.source)
        yaw = compute_yaw(targets[:, :, 3:7].reshape(-1, 4)).view(*targets.shape[:2], 1)
        return {**batch, self.to: torch.cat((targets[:, :, :3], yaw.cos(), yaw.sin(), targets[:, :, 7:]), 2)}

    def inverse(self) -> FromBaseFrame:
        return FromBaseFrame(source=self.to, to=self.source)


@dataclass(frozen=True)
class FromBaseFrame(Invertible):
    """The inverse of `BaseFrame`: `source` (batch, n, 6) -> `to` (batch, n, 8), the tool pointing straight down.

    Cosine and sine need not be of length 1: only their direction counts. Yaws lie in -pi..pi.
    """

    source: str = "target"
    to: str = "action"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        targets = need(batch, self.source)
        half = torch.atan2(targets[:, :, 4], targets[:, :, 3]) * 0.5
        zero = torch.zeros_like(half)
        down = torch.stack((zero, half.cos(), half.sin(), zero), 2)
        return {**batch, self.to: torch.cat((targets[:, :, :3], down, targets[:, :, 5:]), 2)}

    def inverse(self) -> BaseFrame:
        return BaseFrame(source=self.to, to=self.source)
