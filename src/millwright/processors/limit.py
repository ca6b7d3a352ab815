"""Limit: numbers that may run away are kept within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from millwright.processors.processor import Batch, Processor, need


@dataclass(frozen=True)
class Limit(Processor):
    """`name` within +-`limit`: where a prompt lies that the camera is turned away from, for example."""

    name: str
    limit: float

    def __call__(self, batch: Batch) -> dict[str, Any]:
        return {**batch, self.name: need(batch, self.name).clamp(-self.limit, self.limit)}
