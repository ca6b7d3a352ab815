"""Joint targets as they are: the representation of actions that leaves the arm's kinematics to the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from millwright.processors.processor import Batch, Invertible, need


@dataclass(frozen=True)
class JointTargets(Invertible):
    """`source` (batch, n, dof) under the name `to`: what a network predicts is what the joints are told."""

    source: str = "target"
    to: str = "action"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        return {**batch, self.to: need(batch, self.source)}

    def inverse(self) -> JointTargets:
        return JointTargets(source=self.to, to=self.source)
