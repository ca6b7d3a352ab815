"""Planner: what a network, a server, an ONNX file is. Batched, without hidden state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.features import Feature, Features, Observation

Memory = Mapping[str, Any] | None
"""What a planner wants handed back with the next observation of the same robot; None at the start."""


@dataclass(frozen=True)
class Chunk:
    """Actions to be executed one a tick, the first at the time of its observation."""

    actions: NDArray[np.float32]  # (length, dof)
    rate_hz: float
    confidence: float | None = None
    observed_at_s: float = 0.0
    expires_at_s: float = float("inf")
    digest: str = ""
    timings: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Wall time by stage of its making, s, where a server made it; not part of what makes two chunks equal."""

    def __len__(self) -> int:
        return len(self.actions)


class Planner(ABC):
    """Observations of many robots in, one chunk for each out."""

    inputs: Features
    action: Feature
    rate_hz: float
    digest: str = ""

    @abstractmethod
    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        """One chunk and one memory for each observation, in order."""


def forget_others(
    observations: Sequence[Observation], memories: Sequence[Memory], said: Mapping[str, str]
) -> list[Memory]:
    """The memories without those of another instruction: what was believed and seen then was about another thing.

    Args:
        said: feature that is a text -> where a memory holds it, with what it was encoded as.
    """
    return [
        memory if memory and all(memory[key][0] == observation[text] for text, key in said.items()) else None
        for observation, memory in zip(observations, memories, strict=True)
    ]
