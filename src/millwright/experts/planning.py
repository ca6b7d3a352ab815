"""What experts that plan with the hand have in common: at every tick a plan, of which the first target is followed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from millwright.core.facts import GraspFacts
from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Privileged
from millwright.robots.servo import HandServo

FactsT = TypeVar("FactsT", bound=GraspFacts)


class PlanningExpert(Privileged, Generic[FactsT]):
    """Plans anew at every tick, from the facts alone, and follows the first target of its plan.

    Args:
        control_hz: ticks a second.
    """

    name = "expert"

    def __init__(self, control_hz: float) -> None:
        self.servo = HandServo()
        self._rate_hz = control_hz
        self._facts: FactsT | None = None
        self._plan: Chunk | None = None

    def reset(self, seed: int) -> None:
        self._facts, self._plan = None, None

    def see(self, facts: FactsT) -> None:
        self._facts = facts

    @property
    def plan(self) -> Chunk | None:
        return self._plan

    def act(self, observation: Observation) -> Action:
        assert self._facts is not None, "the loop calls see() before act()"
        targets = self._make_plan(self._facts, observation)
        self._plan = Chunk(targets, self._rate_hz, observed_at_s=self._facts.time_s)
        return self.servo.follow(self._facts.joint_positions, targets[0])

    @abstractmethod
    def _make_plan(self, facts: FactsT, observation: Observation) -> NDArray[np.float32]:
        """Hand targets (plan_length, 8): xyz m, wxyz, opening m, one a tick."""
