"""A gripper that only opens or closes: a probability for the network, a sign for the robot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from millwright.processors.processor import Batch, Invertible, need


@dataclass(frozen=True)
class GripperSign(Invertible):
    """`source` (batch, n, dof) to `to`: in `column` a probability that the gripper closes becomes +1 or -1 (open)."""

    source: str = "target"
    to: str = "action"
    column: int = 6

    def __call__(self, batch: Batch) -> dict[str, Any]:
        values = need(batch, self.source).clone()
        values[..., self.column] = torch.where(values[..., self.column] > 0.5, 1.0, -1.0)
        return {**batch, self.to: values}

    def inverse(self) -> GripperChance:
        return GripperChance(source=self.to, to=self.source, column=self.column)


@dataclass(frozen=True)
class GripperChance(Invertible):
    """The inverse: a command above 0 closes, which is a probability of 1."""

    source: str = "action"
    to: str = "target"
    column: int = 6

    def __call__(self, batch: Batch) -> dict[str, Any]:
        values = need(batch, self.source).clone()
        values[..., self.column] = (values[..., self.column] > 0).to(values.dtype)
        return {**batch, self.to: values}

    def inverse(self) -> GripperSign:
        return GripperSign(source=self.to, to=self.source, column=self.column)
