"""Step and Episode: the only record of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.features import Observation
from millwright.core.judging import Verdict
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Event


@dataclass(frozen=True)
class Label:
    """What the labeller would have done here: its action and, if it plans, its plan (length, dof)."""

    action: Action
    plan: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Step:
    """One tick: what was observed (with the facts behind it), what was done, what came of it."""

    index: int
    time_s: float
    observation: Observation
    facts: Any
    action: Action
    """What was executed."""
    label: Label | None
    reward: float
    plan: Chunk | None
    verdict: Verdict
    """The judge's opinion up to and including these facts; final on the last step."""
    timings: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Wall time by stage, s; not part of what makes two episodes equal."""


@dataclass(frozen=True)
class Stage:
    """A part of a task that an episode has to show on its way, told from facts alone, whatever the judge says."""

    name: str
    about: str
    """What it asks for, in words."""
    reached_at_s: float | None
    """None: never."""


@dataclass(frozen=True)
class Episode:
    """A played episode. `provenance` names environment, options, policy, versions."""

    steps: tuple[Step, ...]
    verdict: Verdict
    seed: int
    task: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str | float] = field(default_factory=dict)
    """What the start was like, by name with its unit (`target_x_m`): what success or failure may go along with."""
    stages: tuple[Stage, ...] = ()
    """How far it came, in the order of the stages; empty where the task has none."""
    surprises: tuple[float, ...] = ()
    """Of each tick how far it was from what the policy's own world model had dreamed; empty without one."""
    events: tuple[Event, ...] = ()
    """What a policy's limiter or fallback did; empty without one. `metrics` holds the counts."""

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def duration_s(self) -> float:
        """Simulated seconds from the first observation to the last."""
        return self.steps[-1].time_s - self.steps[0].time_s
